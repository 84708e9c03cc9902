//! The lines that a script writes into the server's log: bounded in number and length, and without control characters.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const MAX_LINE_CHARS: usize = 500;
const LINES_PER_WINDOW: u32 = 50;
const LOG_WINDOW: Duration = Duration::from_secs(10);

/// The log of one script.
pub struct ScriptLog {
    script: String,
    window: Mutex<Window>,
}

struct Window {
    began: Instant,
    lines: u32,
}

impl ScriptLog {
    /// The log of the script of this name.
    pub fn new(script: &str) -> Self {
        Self { script: script.to_owned(), window: Mutex::new(Window { began: Instant::now(), lines: 0 }) }
    }

    /// The script, as the configuration names it.
    pub fn script(&self) -> &str {
        &self.script
    }

    /// Writes one line, unless the script wrote too many already.
    pub fn write(&self, text: &str) {
        if self.may_write(Instant::now()) {
            tracing::info!(script = self.script, "{}", printable(text));
        }
    }

    fn may_write(&self, now: Instant) -> bool {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if now.duration_since(window.began) >= LOG_WINDOW {
            let dropped = window.lines.saturating_sub(LINES_PER_WINDOW);
            if dropped > 0 {
                tracing::warn!(script = self.script, dropped, "the script logs too much");
            }
            *window = Window { began: now, lines: 0 };
        }
        window.lines = window.lines.saturating_add(1);
        window.lines <= LINES_PER_WINDOW
    }
}

/// One line without control characters, of bounded length.
pub fn printable(text: &str) -> String {
    let mut line = String::new();
    for letter in text.chars().take(MAX_LINE_CHARS) {
        match letter {
            letter if letter.is_control() => line.extend(letter.escape_default()),
            letter => line.push(letter),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_cannot_break_out_of_the_log() {
        assert_eq!(printable("a\r\nb\u{1b}[31m\u{9b}é"), "a\\r\\nb\\u{1b}[31m\\u{9b}é");
        assert_eq!(printable(&"x".repeat(10_000)).len(), MAX_LINE_CHARS);
    }

    #[test]
    fn a_flood_is_cut_until_the_window_ends() {
        let log = ScriptLog::new("flood.rhai");
        let began = Instant::now();
        let written = (0..10_000).filter(|_| log.may_write(began)).count();
        assert_eq!(written, 50);
        assert!(log.may_write(began + LOG_WINDOW * 2));
    }
}
