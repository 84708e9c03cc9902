//! What can go wrong with a plugin: when it is built or loaded, and when it is called.

use wasmtime::WasmBacktrace;

use crate::error::{ApiError, Code};

/// Why a plugin cannot be built or loaded. Every text names the plugin and what to do.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// A file that cannot be read or written.
    #[error(
        "the component {path} cannot be read: {source}. Build it with `doorward plugin build`, or name its file as `path`"
    )]
    File {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is no component of it.
    #[error(
        "plugin `{plugin}`: there is no component of it{meant}, neither in this binary nor at {places}. Remove its [[plugins]] entry, put the file \
         there, build it with `doorward plugin build --all` in the source folder, or name the file as `path`"
    )]
    Missing {
        /// Its id.
        plugin: String,
        /// The question whether another one was meant, in parentheses; or nothing.
        meant: String,
        /// Where it was looked for, separated by commas.
        places: String,
    },
    /// No component, or one without a manifest of this server.
    #[error("{plugin}: not a plugin: {reason}")]
    NotAPlugin {
        /// Its id or its file.
        plugin: String,
        /// What is missing.
        reason: String,
    },
    /// The manifest contradicts the component, the server or another plugin.
    #[error("plugin `{plugin}`: {reason}")]
    Manifest {
        /// Its id.
        plugin: String,
        /// What is wrong.
        reason: String,
    },
    /// It is not the one that the operator trusts.
    #[error("plugin `{plugin}` is not trusted: {reason}")]
    Untrusted {
        /// Its id.
        plugin: String,
        /// Why, and what to do.
        reason: String,
    },
    /// A key that cannot sign.
    #[error("the key cannot be used: {0}")]
    Key(String),
    /// It uses what the operator did not grant.
    #[error(
        "plugin `{plugin}` uses `{capability}`, which is not granted. If you trust it with that, add to its [[plugins]] entry:\n    grants = [{line}]{meaning}"
    )]
    NotGranted {
        /// Its id.
        plugin: String,
        /// The capability.
        capability: String,
        /// The list that would do, quoted and separated by commas.
        line: String,
        /// What each missing one means, a line each, after a line feed.
        meaning: String,
    },
    /// A file of `[pages]` that cannot be used.
    #[error("{0}")]
    Pages(String),
    /// An option that it does not take.
    #[error("plugin `{plugin}`: {reason}")]
    Option {
        /// Its id.
        plugin: String,
        /// Which option, and what it should be.
        reason: String,
    },
    /// The engine refused the component.
    #[error("plugin `{plugin}`: {reason}")]
    Engine {
        /// Its id or its file.
        plugin: String,
        /// What the engine said.
        reason: String,
    },
}

/// How a call of a plugin ended, when it did not end with an answer. The source of an [`ApiError`], for the log.
#[derive(Debug, thiserror::Error)]
#[error("plugin `{plugin}` failed in {call}: {reason}")]
pub struct CallFailed {
    /// Its id.
    pub plugin: String,
    /// What was called.
    pub call: String,
    /// A trap, a limit, a deadline.
    pub reason: String,
}

/// A limit of a plugin that ends the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Limit {
    #[error("it ran longer than {0} ms in one request (limits.call_ms)")]
    Time(u64),
    #[error("it did not answer within {0} ms, with all that it waited for (limits.wait_ms)")]
    Wait(u64),
    #[error("its section was not there within {0} ms")]
    Section(u64),
    #[error("it called the host more than {0} times (limits.host_calls)")]
    HostCalls(u32),
    #[error("it used the database more than {0} times (limits.data_calls)")]
    DataCalls(u32),
    #[error("it sent more than {0} mails (limits.mails)")]
    Mails(u32),
    #[error("it hashed more than {0} passwords (limits.password_hashes)")]
    Hashes(u32),
    #[error("it wanted more than {0} MiB of memory (limits.memory_mib)")]
    Memory(usize),
    #[error("its answer is longer than {0} bytes (limits.result_bytes)")]
    Result(usize),
    #[error("its body was not there, or its answer not taken, within {0} ms (limits.stream_ms)")]
    Stream(u64),
    #[error("its answer in chunks is longer than {0} bytes (in_chunks, limits.stream_bytes)")]
    StreamBytes(u64),
}

impl Limit {
    /// Whether a client's input may be why it is reached. Who waits, waits for others.
    pub(super) const fn depends_on_input(self) -> bool {
        !matches!(self, Self::Wait(_) | Self::Section(_) | Self::Stream(_))
    }

    /// The option that sets it.
    pub(super) const fn option(self) -> &'static str {
        match self {
            Self::Time(_) => "call_ms",
            Self::Wait(_) | Self::Section(_) => "wait_ms",
            Self::HostCalls(_) => "host_calls",
            Self::DataCalls(_) => "data_calls",
            Self::Mails(_) => "mails",
            Self::Hashes(_) => "password_hashes",
            Self::Memory(_) => "memory_mib",
            Self::Result(_) => "result_bytes",
            Self::Stream(_) => "stream_ms",
            Self::StreamBytes(_) => "stream_bytes",
        }
    }
}

/// Too many of a plugin's requests wait, or it got no turn to go on. Nobody's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many requests wait")]
pub(super) struct Busy;

/// Whether more crossed the border in one call than the engine lets through. It has a type of its own that has no name here.
pub(super) fn is_too_much_data(trap: &wasmtime::Error) -> bool {
    trap.root_cause().to_string().contains("fuel allocated for hostcalls has been exhausted")
}

impl From<CallFailed> for ApiError {
    fn from(failed: CallFailed) -> Self {
        Self::new(500, "PLUGIN_ERROR", "A plugin failed").caused_by(failed)
    }
}

impl CallFailed {
    /// The answer while the plugin is paused.
    pub(super) fn paused(retry_after_secs: u32) -> ApiError {
        let error = ApiError::new(503, "PLUGIN_PAUSED", "A plugin failed too often and rests for a while");
        error.header("retry-after", retry_after_secs.to_string())
    }

    /// The answer to a client whose input takes a plugin to a limit.
    pub(super) fn for_input(self) -> ApiError {
        ApiError::from(Code::REQUEST_TOO_COSTLY).caused_by(self)
    }

    /// The answer to a call that ran out of time.
    pub(super) fn timed_out(self) -> ApiError {
        ApiError::new(504, "PLUGIN_TIMEOUT", "A plugin did not answer in time").caused_by(self)
    }
}

/// The function in a line of a backtrace: `0: 0x1f - name.wasm!function`. The engine writes it as people do.
fn function(line: &str) -> Option<&str> {
    let (_, place) = line.split_once(" - ")?;
    Some(place.split_once('!').map_or(place, |(_, function)| function))
}

/// Whether a function is how the language panics, which says nothing of the plugin.
fn is_machinery(function: &str) -> bool {
    ["__rustc", "std::", "core::panicking", "core::option", "core::result"]
        .iter()
        .any(|begin| function.starts_with(begin))
}

/// The cause and the guest's innermost functions, on one line.
pub(super) fn reason(trap: &wasmtime::Error) -> String {
    const FRAMES: usize = 4;
    let cause = trap.root_cause().to_string();
    let frames = trap.downcast_ref::<WasmBacktrace>().map(ToString::to_string).unwrap_or_default();
    let names: Vec<&str> =
        frames.lines().filter_map(function).filter(|name| !is_machinery(name)).take(FRAMES).collect();
    let place = if names.is_empty() { String::new() } else { format!(", in {}", names.join(", called by ")) };
    format!("{cause}{place}").chars().take(1000).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backtrace_is_told_by_its_functions() {
        let lines = "error while executing at wasm backtrace:\n    0:   0x1f - a.wasm!core::panicking::panic_fmt\n    \
            1:   0x2f - a.wasm!hostile::recurse\n    2:   0x3f - <unknown>!<wasm function 7>\nnote: more";
        let names: Vec<&str> = lines.lines().filter_map(function).filter(|name| !is_machinery(name)).collect();
        assert_eq!(names, ["hostile::recurse", "<wasm function 7>"]);
    }
}
