//! Pages of a plugin, and what it adds to pages of others.

use serde::{Deserialize, Serialize};

/// One page: HTML below the server's own root.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(bound(deserialize = "S: Deserialize<'de>"))]
#[non_exhaustive]
pub struct PageRule<S = &'static str> {
    /// Below the root, or below the operator's `pages.path`; `:name` matches one segment.
    pub path: S,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<S>,
    /// Whether people without a session are sent to the sign-in page first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub needs_session: bool,
    /// Whether this is the sign-in page.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub signs_in: bool,
}

impl<S> PageRule<S> {
    /// A page for anyone.
    pub const fn new(path: S) -> Self {
        Self { path, title: None, needs_session: false, signs_in: false }
    }
}

/// One section that a plugin adds to a slot of another.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(bound(deserialize = "S: Deserialize<'de>"))]
#[non_exhaustive]
pub struct ContributionRule<S = &'static str> {
    /// The slot, as its owner named it.
    pub slot: S,
    /// What menus call it.
    pub title: S,
    /// Its place among the others: the smallest comes first.
    pub order: i32,
    /// It is there only when this option is true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when_option: Option<S>,
    /// Whether it is asked for only where there is a session.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub needs_session: bool,
}

impl<S> ContributionRule<S> {
    /// The place of who names none.
    pub const USUAL_ORDER: i32 = 100;

    /// A section for everyone who sees the slot.
    pub const fn new(slot: S, title: S) -> Self {
        Self { slot, title, order: Self::USUAL_ORDER, when_option: None, needs_session: false }
    }

    /// The grant that it asks for.
    pub fn grant(&self) -> String
    where
        S: AsRef<str>,
    {
        format!("{SECTION_GRANT}{}", self.slot.as_ref())
    }
}

/// What the grant of a contribution begins with; the slot follows.
pub const SECTION_GRANT: &str = "section:";

/// Whether a text can name a slot: `account.security`.
pub fn is_slot(text: &str) -> bool {
    let is_word = |word: &str| {
        let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !word.is_empty() && word.bytes().all(is_letter)
    };
    text.len() <= 64 && text.contains('.') && text.split('.').all(is_word)
}

impl<S: AsRef<str>> PageRule<S> {
    /// What is wrong with it.
    pub(super) fn fault(&self) -> Option<String> {
        let path = self.path.as_ref();
        let is_segment = |segment: &str| {
            let name = segment.strip_prefix(':').unwrap_or(segment);
            let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            !name.is_empty() && !name.starts_with('.') && name.bytes().all(is_letter)
        };
        let is_path = path == "/" || path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(is_segment));
        if !is_path {
            return Some(format!("the page `{path}`: a path has segments of letters, digits, `-`, `_` and `.`"));
        }
        if self.signs_in && (self.needs_session || path.contains("/:")) {
            return Some(format!("the sign-in page `{path}` cannot need a session, and its path has no parameters"));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_plain() {
        for path in ["/", "/a", "/account/security", "/users/:id", "/a-b_c.d"] {
            assert_eq!(PageRule::new(path).fault(), None, "{path}");
        }
        for path in [
            "",
            "a",
            "//a",
            "/a/",
            "/a//b",
            "/..",
            "/a/../b",
            "/a?b",
            "/a#b",
            "/%2e",
            "/*",
            "/a/**",
            "/:",
            "/a b",
            "/\\a",
            "/.well-known",
        ] {
            assert!(PageRule::new(path).fault().is_some(), "{path}");
        }
    }

    #[test]
    fn slots_are_named_by_words() {
        for slot in ["account.security", "sign-in.methods", "a.b.c2"] {
            assert!(is_slot(slot), "{slot}");
        }
        for slot in ["", "account", "a..b", ".a", "a.", "A.b", "a.b/c", "a.*", "a b.c"] {
            assert!(!is_slot(slot), "{slot}");
        }
    }
}
