//! Why a configuration is refused.

use std::path::PathBuf;

/// Why a configuration is refused; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}. Make one with `doorward init`")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file or a variable is not what the options allow.
    #[error("{0}")]
    Invalid(String),
    /// No usable secret.
    #[error("{0}. Make one with `doorward secret` and set it as `secret`, or in the variable DOORWARD_SECRET")]
    Secret(String),
    /// No usable value of another secret option.
    #[error("{option}: {problem}. Make a value with `doorward secret` and set it there")]
    OtherSecret {
        /// The option.
        option: String,
        /// What is wrong, without the value.
        problem: String,
    },
}
