//! Why a configuration is refused.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Why a configuration is refused; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}{}", path.display(), hint(source, path, "doorward init"))]
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

/// What to do about a file that cannot be read: `maker` makes one where there is none, and would do harm where there is.
pub(super) fn hint(error: &std::io::Error, file: &Path, maker: &str) -> String {
    match error.kind() {
        ErrorKind::NotFound => format!(". Make one with `{maker}`"),
        ErrorKind::PermissionDenied => {
            format!(". Let the server's user read it: chgrp doorward {0} && chmod 640 {0}", file.display())
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_there_is_not_to_be_made_anew() {
        let of = |kind: ErrorKind| hint(&kind.into(), Path::new("/etc/doorward/secret"), "doorward secret");
        assert!(of(ErrorKind::NotFound).contains("Make one with `doorward secret`"));
        let denied = of(ErrorKind::PermissionDenied);
        assert!(denied.contains("chmod 640 /etc/doorward/secret") && !denied.contains("Make one"), "{denied}");
        assert_eq!(of(ErrorKind::IsADirectory), "");
    }
}
