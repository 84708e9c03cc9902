//! Parts of e-mail addresses, and patterns: globs and regular expressions, in time linear in the text.

use std::sync::LazyLock;

use moka::sync::Cache;
use regex::{Regex, RegexBuilder};
use rhai::{Array, Dynamic, Engine, Map};

use crate::email;
use crate::hooks::language::facts::refusal;
use crate::hooks::language::native::Native;
use crate::hooks::language::running;

/// A pattern takes time in proportion to its own length and that of the text: both are bounded.
const MAX_PATTERN_BYTES: usize = 256;
const MAX_MATCHED_BYTES: usize = 1024;
/// Largest compiled pattern, in bytes.
const MAX_COMPILED_BYTES: usize = 256 * 1024;
const MAX_PATTERNS: u64 = 256;

static PATTERNS: LazyLock<Cache<String, Regex>> = LazyLock::new(|| Cache::new(MAX_PATTERNS));

/// Gives scripts `email_parts`, `glob`, `matches` and `captures`.
pub fn register(engine: &mut Engine) {
    engine.register_fn("email_parts", |text: &str| parts(text).map_or(Dynamic::UNIT, Dynamic::from_map));
    engine.register_fn("email_parts", |(): ()| ());
    engine.register_fn("glob", |text: &str, pattern: &str| -> Native<bool> {
        let pattern = compiled(&from_glob(pattern))?;
        found(text, |text| pattern.is_match(text))
    });
    engine.register_fn("matches", |text: &str, pattern: &str| -> Native<bool> {
        let pattern = compiled(pattern)?;
        found(text, |text| pattern.is_match(text))
    });
    engine.register_fn("captures", |text: &str, pattern: &str| -> Native<Dynamic> {
        let pattern = compiled(pattern)?;
        found(text, |text| captures(&pattern, text))
    });
}

/// `local`, `domain`, `tag` (after a `+`) and `base` (the address without its tag), in small letters; nothing for what is no
/// address.
fn parts(text: &str) -> Option<Map> {
    let address = email::normalize(text);
    if !email::is_email(&address) {
        return None;
    }
    let (local, domain) = address.rsplit_once('@')?;
    let (name, tag) = local.split_once('+').unwrap_or((local, ""));
    let parts = [("local", local), ("domain", domain), ("tag", tag), ("base", &format!("{name}@{domain}"))];
    Some(parts.into_iter().map(|(key, part)| (key.into(), part.into())).collect())
}

/// `*` stands for any text, `?` for one character; all else for itself.
fn from_glob(pattern: &str) -> String {
    let mut out = String::from("(?s)^");
    for letter in pattern.chars() {
        match letter {
            '*' => out.push_str(".*"),
            '?' => out.push('.'),
            letter => out.push_str(&regex::escape(letter.encode_utf8(&mut [0; 4]))),
        }
    }
    out.push('$');
    out
}

fn compiled(pattern: &str) -> Native<Regex> {
    if let Some(known) = PATTERNS.get(pattern) {
        return Ok(known);
    }
    if pattern.len() > MAX_PATTERN_BYTES {
        return Err(format!("a pattern has at most {MAX_PATTERN_BYTES} bytes").into());
    }
    let mut builder = RegexBuilder::new(pattern);
    let made = running::heavy(|| builder.size_limit(MAX_COMPILED_BYTES).dfa_size_limit(MAX_COMPILED_BYTES).build())?;
    let made = made.map_err(|error| format!("the pattern cannot be used: {error}"))?;
    PATTERNS.insert(pattern.to_owned(), made.clone());
    Ok(made)
}

fn found<T>(text: &str, search: impl FnOnce(&str) -> T) -> Native<T> {
    if text.len() > MAX_MATCHED_BYTES {
        // Whoever sent it is to blame, not the script.
        return Err(refusal(None));
    }
    running::heavy(|| search(text))
}

/// The whole match and its groups, `()` for a group that took no part; `()` when nothing matches.
fn captures(pattern: &Regex, text: &str) -> Dynamic {
    let Some(groups) = pattern.captures(text) else { return Dynamic::UNIT };
    let group = |group: Option<regex::Match<'_>>| group.map_or(Dynamic::UNIT, |group| group.as_str().into());
    groups.iter().map(group).collect::<Array>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_parts() {
        let parts = parts("Ada+News@Example.COM").unwrap();
        let part = |name: &str| parts[name].clone().into_string().unwrap();
        assert_eq!(
            [part("local"), part("domain"), part("tag"), part("base")],
            ["ada+news", "example.com", "news", "ada@example.com"]
        );
        assert!(super::parts("ada").is_none() && super::parts("a@b@c.de").is_none());
    }

    #[test]
    fn a_glob_matches_the_whole_text() {
        for (text, pattern, expected) in [
            ("mail.example.com", "*.example.com", true),
            ("example.com", "*.example.com", false),
            ("mailxexample.com", "*.example.com", false),
            ("a\nb", "a?b", true),
            ("a.com.evil", "*.com", false),
            ("(a)", "(a)", true),
        ] {
            assert_eq!(compiled(&from_glob(pattern)).unwrap().is_match(text), expected, "{text} {pattern}");
        }
    }

    #[test]
    fn patterns_are_bounded() {
        for pattern in ["(", "a{1000}{1000}", r"(?:\w{50}){50}", &"x".repeat(MAX_PATTERN_BYTES + 1)] {
            assert!(compiled(pattern).is_err(), "{pattern}");
        }
        assert!(found(&"x".repeat(MAX_MATCHED_BYTES + 1), |_| ()).is_err());
    }
}
