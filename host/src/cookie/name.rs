//! Names of cookies as a browser may spell them, compared without regard to case and to the prefixes of secure cookies.

use std::fmt;

/// A set of cookie names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePattern {
    name: String,
    ends: Ends,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// The name alone.
    Here,
    /// The name, and the chunks `name.0`, `name.1`, …
    InChunks,
    /// Every name that begins so.
    Anyhow,
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.ends == Ends::Anyhow { f.write_str("…") } else { Ok(()) }
    }
}

const SECURE_PREFIXES: [&str; 2] = ["__secure-", "__host-"];

impl NamePattern {
    /// This name alone.
    pub fn exact(name: &str) -> Self {
        Self { name: plain(name), ends: Ends::Here }
    }

    /// This name and its chunks.
    pub fn chunked(name: &str) -> Self {
        Self { name: plain(name), ends: Ends::InChunks }
    }

    /// Every name that begins so.
    pub fn beginning(prefix: &str) -> Self {
        let lower = prefix.trim().to_ascii_lowercase();
        // What is a part of `__Secure-` is the beginning of every secure name.
        let is_of_all = SECURE_PREFIXES.iter().any(|secure| secure.starts_with(&lower));
        Self { name: if is_of_all { String::new() } else { plain(prefix) }, ends: Ends::Anyhow }
    }

    /// Whether one name can belong to both.
    pub fn meets(&self, other: &Self) -> bool {
        self.covers(other) || other.covers(self)
    }

    /// Whether the shortest name of `other` belongs here, or all that begin as this one do and it is the longer.
    fn covers(&self, other: &Self) -> bool {
        let Some(rest) = other.name.strip_prefix(&self.name) else { return false };
        match self.ends {
            Ends::Here => rest.is_empty(),
            Ends::InChunks => rest.is_empty() || rest.starts_with('.'),
            Ends::Anyhow => true,
        }
    }
}

fn plain(name: &str) -> String {
    let mut name = name.trim().to_ascii_lowercase();
    while let Some(rest) = SECURE_PREFIXES.iter().find_map(|secure| name.strip_prefix(secure)) {
        name = rest.to_owned();
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_meet_in_every_spelling() {
        let (exact, chunked, beginning) = (NamePattern::exact, NamePattern::chunked, NamePattern::beginning);
        for (left, right, expected) in [
            (exact("a"), exact("A"), true),
            (exact("__Secure-a"), exact("__host-a"), true),
            (exact("a"), exact("ab"), false),
            (exact("a.0"), exact("a"), false),
            (chunked("a"), exact("a.0"), true),
            (chunked("a"), exact("ab"), false),
            (chunked("known_device"), beginning("known_"), true),
            (chunked("a"), beginning("a."), true),
            (chunked("a"), beginning("ab"), false),
            (beginning("a"), exact("ab"), true),
            (beginning("ab"), exact("a"), false),
            (beginning("a"), beginning("ab"), true),
            (beginning("ab"), beginning("ac"), false),
            (beginning("__Sec"), exact("a"), true),
            (beginning("__Secure-b"), exact("a"), false),
        ] {
            assert_eq!(left.meets(&right), expected, "{left:?} {right:?}");
            assert_eq!(right.meets(&left), expected, "{right:?} {left:?}");
        }
    }
}
