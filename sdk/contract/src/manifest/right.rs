//! What a hook on a path of someone else may see and change, each granted by the operator.

use serde::{Deserialize, Serialize};

/// One right of a hook. In `grants` it stands with a pattern: `reads-request:/sign-up/email`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HookRight {
    /// Sees path, method and status, the way of a sign-in, and the user's id. Every other right contains it, but `secrets`.
    Observes,
    /// Sees the request without its secrets, and may refuse it.
    ReadsRequest,
    /// Sees the answer without its secrets.
    ReadsAnswer,
    /// Changes the request before its endpoint.
    ChangesRequest,
    /// Changes the answer, gives one in the endpoint's place, or refuses.
    ChangesAnswer,
    /// Of what it reads, sees the secrets too, and of what it changes, changes them too.
    Secrets,
}

impl HookRight {
    /// All of them, the least first.
    pub const ALL: [Self; 6] = [
        Self::Observes,
        Self::ReadsRequest,
        Self::ReadsAnswer,
        Self::ChangesRequest,
        Self::ChangesAnswer,
        Self::Secrets,
    ];

    /// Its name in a grant.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Observes => "observes",
            Self::ReadsRequest => "reads-request",
            Self::ReadsAnswer => "reads-answer",
            Self::ChangesRequest => "changes-request",
            Self::ChangesAnswer => "changes-answer",
            Self::Secrets => "secrets",
        }
    }

    /// The grant of this right for the paths of `pattern`.
    pub fn grant(self, pattern: &str) -> String {
        format!("{}:{pattern}", self.name())
    }

    /// The right and the pattern of a grant; `None` when it is a capability.
    pub fn parse(grant: &str) -> Option<(Self, &str)> {
        let (name, pattern) = grant.split_once(':')?;
        let right = Self::ALL.into_iter().find(|right| right.name() == name)?;
        pattern.starts_with('/').then_some((right, pattern))
    }

    /// What it means, in words that need no manual.
    pub fn sentence(self, pattern: &str) -> String {
        let is_all = pattern == "/**";
        let what = |all: &str, some: &str| if is_all { all.to_owned() } else { format!("{some} {pattern}") };
        match self {
            Self::Observes => {
                let seen = "its path, its status and the user's id";
                format!("sees {}: {seen}", what("that any request happened", "that someone called"))
            }
            Self::ReadsRequest => what("sees every request and its body", "sees requests and their bodies to"),
            Self::ReadsAnswer => what("sees every answer and its body", "sees answers and their bodies of"),
            Self::ChangesRequest => what("changes any request", "changes requests to"),
            Self::ChangesAnswer => what("changes or replaces any answer", "changes or replaces answers of"),
            Self::Secrets => secrets(pattern),
        }
    }
}

fn secrets(pattern: &str) -> String {
    match pattern {
        "/**" => "reads every password, token and code that is typed or answered".to_owned(),
        "/sign-in/email" => "reads passwords typed on the sign-in page".to_owned(),
        "/sign-up/email" => "reads passwords typed on the sign-up page".to_owned(),
        _ if pattern.contains("password") => format!("reads passwords typed at {pattern}"),
        _ => format!("reads passwords, tokens and codes in requests to and answers of {pattern}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_a_right_and_a_pattern() {
        for right in HookRight::ALL {
            assert_eq!(HookRight::parse(&right.grant("/a/*")), Some((right, "/a/*")));
            assert_eq!(serde_json::to_string(&right).unwrap(), format!("\"{}\"", right.name()));
        }
        for none in ["users", "observes", "observes:", "observes:a", "sees:/a", ":/a"] {
            assert_eq!(HookRight::parse(none), None, "{none}");
        }
    }

    #[test]
    fn people_understand_it() {
        let said = |right: HookRight, pattern| right.sentence(pattern);
        assert_eq!(said(HookRight::Secrets, "/sign-in/email"), "reads passwords typed on the sign-in page");
        assert_eq!(said(HookRight::ReadsRequest, "/**"), "sees every request and its body");
        assert_eq!(said(HookRight::ReadsAnswer, "/a"), "sees answers and their bodies of /a");
    }
}
