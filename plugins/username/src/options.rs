//! What the operator can set.

use regex_lite::Regex;
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// In UTF-16 units, as JavaScript counts.
    min_username_length: usize,
    max_username_length: usize,
    /// A pattern that the whole name must match; empty for letters, digits, `_` and `.` of ASCII.
    username_validator: Pattern,
    /// Names are stored and compared in lower case.
    pub username_normalization: bool,
    /// A pattern that the whole display name must match; empty for any.
    display_username_validator: Pattern,
    /// Display names are stored in lower case.
    display_username_normalization: bool,
    validation_order: ValidationOrder,
    /// A user who has a name keeps it.
    pub immutable_username: bool,
    /// Users have a display name beside.
    pub display_username: bool,
}

/// A regular expression, checked when the options are read.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Pattern {
    text: String,
    compiled: Option<Regex>,
}

#[derive(Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ValidationOrder {
    username: Order,
    display_username: Order,
}

/// Which form of a name is validated.
#[derive(Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
enum Order {
    #[default]
    #[serde(rename = "pre-normalization")]
    Pre,
    #[serde(rename = "post-normalization")]
    Post,
}

/// What is wrong with a name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    TooShort,
    TooLong,
    Invalid,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            min_username_length: 3,
            max_username_length: 30,
            username_validator: Pattern::default(),
            username_normalization: true,
            display_username_validator: Pattern::default(),
            display_username_normalization: false,
            validation_order: ValidationOrder::default(),
            immutable_username: false,
            display_username: true,
        }
    }
}

impl Options {
    /// The form in which a name is stored and looked up.
    pub fn normal(&self, name: &str) -> String {
        if self.username_normalization { name.to_lowercase() } else { name.to_owned() }
    }

    /// The form in which a display name is stored.
    pub fn normal_display(&self, name: &str) -> String {
        if self.display_username_normalization { name.to_lowercase() } else { name.to_owned() }
    }

    /// What is wrong with the name, if anything.
    pub fn fault(&self, name: &str) -> Option<Fault> {
        let name = match self.validation_order.username {
            Order::Pre => name.to_owned(),
            Order::Post => self.normal(name),
        };
        let length = name.encode_utf16().count();
        if length < self.min_username_length {
            return Some(Fault::TooShort);
        }
        if length > self.max_username_length {
            return Some(Fault::TooLong);
        }
        let usual = |name: &str| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.')
        };
        let is_valid = self.username_validator.matches(&name).unwrap_or_else(|| usual(&name));
        (!is_valid).then_some(Fault::Invalid)
    }

    /// Whether a display name may be stored.
    pub fn allows_display(&self, name: &str) -> bool {
        let name = match self.validation_order.display_username {
            Order::Pre => name.to_owned(),
            Order::Post => self.normal_display(name),
        };
        self.display_username_validator.matches(&name).unwrap_or(true)
    }
}

impl Pattern {
    /// None when the operator gave none.
    fn matches(&self, text: &str) -> Option<bool> {
        self.compiled.as_ref().map(|pattern| pattern.is_match(text))
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Pattern::default());
        }
        // The whole name, also when the pattern has alternatives.
        let compiled =
            Regex::new(&format!("^(?:{text})$")).map_err(|error| format!("`{text}` is no pattern: {error}"))?;
        Ok(Pattern { text, compiled: Some(compiled) })
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> String {
        pattern.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> Options {
        serde_json::from_str(text).expect("options")
    }

    #[test]
    fn names_have_a_length_and_an_alphabet() {
        let usual = options("{}");
        for (name, expected) in [
            ("abc", None),
            ("Ada_L.1", None),
            ("ab", Some(Fault::TooShort)),
            ("", Some(Fault::TooShort)),
            (&"a".repeat(30), None),
            (&"a".repeat(31), Some(Fault::TooLong)),
            ("a b!", Some(Fault::Invalid)),
            ("adä", Some(Fault::Invalid)),
            ("abc\n", Some(Fault::Invalid)),
            ("ａｂｃ", Some(Fault::Invalid)),
        ] {
            assert_eq!(usual.fault(name), expected, "{name}");
        }
    }

    #[test]
    fn the_operator_sets_lengths_alphabet_and_order() {
        let own = options(
            r#"{"min_username_length":1,"max_username_length":2,"username_validator":"[a-z]|\\d+",
                "validation_order":{"username":"post-normalization"}}"#,
        );
        for (name, expected) in [
            ("A", None),
            ("12", None),
            ("😀", Some(Fault::Invalid)),
            ("😀a", Some(Fault::TooLong)),
            ("a1", Some(Fault::Invalid)),
        ] {
            assert_eq!(own.fault(name), expected, "{name}");
        }
        assert!(serde_json::from_str::<Options>(r#"{"username_validator":"["}"#).is_err());
    }

    #[test]
    fn display_names_follow_their_own_rules() {
        let own = options(r#"{"display_username_validator":"[A-Z].*","display_username_normalization":true}"#);
        assert!(own.allows_display("Ada L.") && !own.allows_display("ada"));
        assert_eq!(own.normal_display("Ada L."), "ada l.");
        assert!(options("{}").allows_display(""));
    }
}
