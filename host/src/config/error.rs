//! Why a configuration is refused.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Why a configuration is refused; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}{}", path.display(), unreadable(source, path))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file or a variable is not what the options allow.
    #[error("{0}")]
    Invalid(String),
    /// A variable is not what its option allows.
    #[error("the variable {name}: {problem}")]
    Variable {
        /// Its name.
        name: String,
        /// What is wrong, without the value.
        problem: String,
    },
    /// No usable secret.
    #[error("{0}. Make one with `doorward secret` and set it as `secret`, or in the variable DOORWARD_SECRET")]
    Secret(String),
    /// A secret is somewhere, and cannot be read there.
    #[error("{option}: {problem}")]
    HiddenSecret {
        /// The option.
        option: String,
        /// What is wrong, and what mends it.
        problem: String,
    },
    /// No usable value of another secret option.
    #[error("{option}: {problem}. Make a value with `doorward secret` and set it there")]
    OtherSecret {
        /// The option.
        option: String,
        /// What is wrong, without the value.
        problem: String,
    },
}

/// What mends the rights of a file that is there and cannot be read; nothing for another error.
pub(super) fn rights(error: &std::io::Error, file: &Path) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied => {
            let file = file.display();
            format!(". Let the server's group read it: sudo chgrp \"$(id -g)\" {file} && sudo chmod 640 {file}")
        }
        _ => String::new(),
    }
}

/// A new file takes the place of one that is not there, and of no other.
fn unreadable(error: &std::io::Error, file: &Path) -> String {
    match error.kind() {
        ErrorKind::NotFound => ". Make one with `doorward init`".to_owned(),
        _ => rights(error, file),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_there_is_not_to_be_made_anew() {
        let of = |kind: ErrorKind| unreadable(&kind.into(), Path::new("/etc/doorward/doorward.toml"));
        assert!(of(ErrorKind::NotFound).contains("Make one with `doorward init`"));
        let denied = of(ErrorKind::PermissionDenied);
        assert!(denied.contains("chmod 640 /etc/doorward/doorward.toml") && !denied.contains("Make one"), "{denied}");
        assert_eq!(of(ErrorKind::IsADirectory), "");
    }
}
