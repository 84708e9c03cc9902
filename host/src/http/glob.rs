//! Wildcards over hosts, origins and paths: `*` and `?` stay between slashes, `**` crosses them.
//!
//! Source: `wildcardMatch` of the reference, which patterns of operators were written for.

use std::net::Ipv4Addr;

use regex::Regex;

/// A pattern with wildcards, compiled once.
#[derive(Clone, Debug)]
pub struct Glob {
    regex: Regex,
    /// The pattern's host is a range of addresses (`192.168.*.*`): a `*` would admit `192.168.evil.com` too.
    only_addresses: bool,
}

impl Glob {
    /// Compiles a pattern; `None` for one that is too large.
    pub fn new(pattern: &str) -> Option<Self> {
        let regex = Regex::new(&format!("^{}$", to_regex(pattern))).ok()?;
        Some(Self { regex, only_addresses: false })
    }

    /// As [`Glob::new`], for a pattern whose host and port are `authority`.
    pub fn of_host(pattern: &str, authority: &str) -> Option<Self> {
        let host = authority.split(':').next().unwrap_or_default();
        let is_numeric = host.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'*' | b'?' | b'.'));
        let only_addresses = is_numeric && host.bytes().any(|byte| byte.is_ascii_digit());
        Some(Self { only_addresses, ..Self::new(pattern)? })
    }

    /// Whether the whole of `text` fits.
    pub fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// As [`Glob::matches`], for text with this host and port.
    pub fn matches_host(&self, text: &str, authority: &str) -> bool {
        let host = authority.split(':').next().unwrap_or_default();
        self.matches(text) && (!self.only_addresses || host.parse::<Ipv4Addr>().is_ok())
    }
}

/// Segments are parted by one or more slashes, and more slashes may follow the last one.
fn to_regex(pattern: &str) -> String {
    const PARTED: &str = r"[/\\]+?";
    const ENDED: &str = r"[/\\]*?";
    const ONE: &str = r"[^/\\]";
    let segments: Vec<&str> = pattern.split('/').collect();
    let mut regex = String::new();
    for (index, segment) in segments.iter().enumerate() {
        if segment.is_empty() && index > 0 {
            continue;
        }
        let separator = match segments.get(index + 1) {
            None => ENDED,
            Some(&"**") => "",
            Some(_) => PARTED,
        };
        if *segment != "**" {
            push_segment(&mut regex, segment, ONE);
            regex.push_str(separator);
        } else if !separator.is_empty() {
            regex.push_str(if index == 0 { "" } else { separator });
            regex.push_str(&format!("(?:{ONE}*?{separator})*?"));
        }
    }
    regex
}

fn push_segment(regex: &mut String, segment: &str, one: &str) {
    let mut letters = segment.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '*' => regex.push_str(&format!("{one}*?")),
            '?' => regex.push_str(one),
            // It takes the next letter's meaning away.
            '\\' => regex.extend(letters.next().map(|next| regex::escape(&next.to_string()))),
            letter => regex.push_str(&regex::escape(letter.encode_utf8(&mut [0; 4]))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_what_they_say() {
        for (pattern, text, expected) in [
            ("*.x.com", "a.x.com", true),
            ("*.x.com", "a.b.x.com", true),
            ("*.x.com", "x.com", false),
            ("*.x.com", "a.x.com.evil", false),
            ("a?c", "abc", true),
            ("a?c", "a/c", false),
            ("a+b", "aab", false),
            ("/a/*", "/a/b", true),
            ("/a/*", "/a/b/c", false),
            ("/a/**", "/a/b/c", true),
            ("/a/**/z", "/a/b/c/z", true),
            ("**", "", true),
            ("a\\*", "a*", true),
            ("a\\*", "ab", false),
        ] {
            assert_eq!(Glob::new(pattern).unwrap().matches(text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_range_of_addresses_admits_no_name() {
        let range = Glob::of_host("192.168.*.*", "192.168.*.*").unwrap();
        assert!(range.matches_host("192.168.1.5", "192.168.1.5"));
        assert!(!range.matches_host("192.168.evil.com", "192.168.evil.com"));
        let names = Glob::of_host("*.*", "*.*").unwrap();
        assert!(names.matches_host("evil.com", "evil.com"));
    }
}
