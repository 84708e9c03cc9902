//! What goes wrong with a script, with the place in its text.

use rhai::{EvalAltResult, ParseError, Position};

use super::check::meant;
use super::language::api;
use super::script_log::printable;
use crate::auth::AuthError;

/// A script that cannot be used, or a call of it that failed.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// The file cannot be read.
    #[error("cannot read the script {file}: {source}")]
    Unreadable {
        /// As the configuration names it.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The text is larger than scripts may be.
    #[error("the script {file} has {bytes} bytes; at most {max} are allowed")]
    TooLarge {
        /// As the configuration names it.
        file: String,
        /// Its size.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// A constant of the script's section cannot be given to it.
    #[error("the constants of the script {file} are too large: at most {items} items and {bytes} bytes of text")]
    Constants {
        /// As the configuration names it.
        file: String,
        /// The limit of items.
        items: usize,
        /// The limit of texts.
        bytes: usize,
    },
    /// Too many calls of slow scripts wait.
    #[error("the script {0} is slow, and too many calls of slow scripts wait")]
    Busy(String),
    /// What it asked for could not be looked up.
    #[error("the server cannot answer the script {0}: {1}")]
    Unanswered(String, #[source] AuthError),
    /// The script does not compile, or it failed while it ran.
    #[error("{place}: {message}{quote}")]
    Script {
        /// `file:line:column`, or the file alone.
        place: String,
        /// What the engine said.
        message: String,
        /// The source line in backticks, or nothing.
        quote: String,
    },
}

/// The text of a script, to point into.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// As the configuration names it.
    pub file: &'a str,
    /// The whole text.
    pub text: &'a str,
}

impl Source<'_> {
    /// The error of a script that does not compile.
    pub fn unparsable(self, error: &ParseError) -> HookError {
        self.at(error.1, &error.0.to_string())
    }

    /// The error of a call that failed.
    pub fn failed(self, mut error: EvalAltResult) -> HookError {
        // The innermost error is the one that names the author's line.
        while let EvalAltResult::ErrorInFunctionCall(_, _, inner, _) = error {
            error = *inner;
        }
        let position = error.take_position();
        let message = match &error {
            EvalAltResult::ErrorTerminated(reason, _) => reason.to_string(),
            EvalAltResult::ErrorFunctionNotFound(signature, _) => {
                let name = api::name(signature).trim();
                // A function of this name takes other values.
                let meant = if api::when(name).is_some() { String::new() } else { meant(name, api::names()) };
                format!("{error}{meant}")
            }
            other => other.to_string(),
        };
        self.at(position, &message)
    }

    /// An error of a line.
    pub fn on_line(self, line: usize, message: &str) -> HookError {
        let line = u16::try_from(line).ok().filter(|line| *line > 0);
        self.at(line.map_or(Position::NONE, |line| Position::new(line, 0)), message)
    }

    /// An error of the whole script.
    pub fn wrong(self, message: &str) -> HookError {
        self.at(Position::NONE, message)
    }

    fn at(self, position: Position, message: &str) -> HookError {
        let (line, column) = (position.line(), position.position());
        let place = match (line, column) {
            (Some(line), Some(column)) => format!("{}:{line}:{column}", self.file),
            (Some(line), None) => format!("{}:{line}", self.file),
            _ => self.file.to_owned(),
        };
        let quoted = line.and_then(|line| self.text.lines().nth(line - 1));
        let quote = quoted.map_or_else(String::new, |text| format!(": `{}`", printable(text.trim())));
        HookError::Script { place, message: printable(message), quote }
    }
}
