//! Other endpoints of the server that a plugin calls.

use serde::{Deserialize, Serialize};

use super::right::HookRight;

/// What the grant of a call begins with; the paths follow.
pub const CALLS_GRANT: &str = "calls:";

/// Endpoints that a plugin calls with the rights of whoever makes the request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(bound(deserialize = "S: Deserialize<'de>"))]
#[non_exhaustive]
pub struct CallRule<S = &'static str> {
    /// A path below the base path, or a pattern: `/admin/*`, `/admin/**`.
    pub pattern: S,
    /// Whether it sees the secrets in their answers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub secrets: bool,
}

impl<S> CallRule<S> {
    /// Calls that see no secrets.
    pub const fn new(pattern: S) -> Self {
        Self { pattern, secrets: false }
    }

    /// Sees the secrets in their answers too.
    #[must_use]
    pub fn reading_secrets(mut self) -> Self {
        self.secrets = true;
        self
    }

    /// The grants that it asks for.
    pub fn grants(&self) -> Vec<String>
    where
        S: AsRef<str>,
    {
        let pattern = self.pattern.as_ref();
        let secrets = self.secrets.then(|| HookRight::Secrets.grant(pattern));
        [format!("{CALLS_GRANT}{pattern}")].into_iter().chain(secrets).collect()
    }
}

/// The paths of a grant for calls; `None` when it is another grant.
pub fn called_paths(grant: &str) -> Option<&str> {
    grant.strip_prefix(CALLS_GRANT).filter(|pattern| pattern.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_asks_for_its_paths() {
        assert_eq!(CallRule::new("/a").grants(), ["calls:/a"]);
        assert_eq!(CallRule::new("/a/**").reading_secrets().grants(), ["calls:/a/**", "secrets:/a/**"]);
        assert_eq!(called_paths("calls:/a/**"), Some("/a/**"));
        for other in ["calls", "calls:", "calls:a", "observes:/a"] {
            assert_eq!(called_paths(other), None, "{other}");
        }
    }
}
