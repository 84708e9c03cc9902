//! Capability `log`: lines marked with the plugin's id, cut, escaped and counted.

use doorward_contract::Call;

use super::interfaces::log::{Host, Level};
use crate::plugin_host::call::state::State;

const LONGEST_LINE: usize = 1024;

impl Host for State {
    fn write(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        self.spend()?;
        if !self.may_log() {
            return Ok(());
        }
        let (request_id, message) = (self.request_id(), printable(&message));
        let (plugin, at) = (self.shared.id.as_str(), self.shared.names.name(self.calling));
        match level {
            Level::Debug => tracing::debug!(plugin, at, request_id, "{message}"),
            Level::Info => tracing::info!(plugin, at, request_id, "{message}"),
            Level::Warn => tracing::warn!(plugin, at, request_id, "{message}"),
            // It may be about what the host was asked for last.
            Level::Error => {
                let asked = self.asked.as_ref().map(Call::name);
                tracing::error!(plugin, at, asked, request_id, "{message}");
            }
        }
        Ok(())
    }
}

/// Nothing that could forge a line or drive a terminal.
fn printable(message: &str) -> String {
    let mut line: String = message.chars().take(LONGEST_LINE).flat_map(escape).collect();
    if message.chars().nth(LONGEST_LINE).is_some() {
        line.push('…');
    }
    line
}

fn escape(letter: char) -> Vec<char> {
    if letter.is_control() { letter.escape_default().collect() } else { vec![letter] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_cannot_be_forged() {
        assert_eq!(printable("a\r\nINFO b\u{1b}[31m"), "a\\r\\nINFO b\\u{1b}[31m");
        assert_eq!(printable(&"x".repeat(5000)).chars().count(), LONGEST_LINE + 1);
    }
}
