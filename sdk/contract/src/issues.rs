//! The words in which faults of a body or a query are reported, in the order in which they were found.
//!
//! Source: the reference's validator, as the wire contract recorded it.

use serde_json::Value;

/// The issue of a text that must have a character.
pub const EMPTY_TEXT: &str = "Too small: expected string to have >=1 characters";
/// The issue of a text that is no e-mail address.
pub const INVALID_EMAIL: &str = "Invalid email address";

/// Faults that are told; of the others, the number is.
const MOST_TOLD: usize = 100;

/// The faults of one body or query.
#[derive(Debug)]
pub struct Issues {
    place: &'static str,
    texts: Vec<String>,
    untold: usize,
}

impl Issues {
    /// No faults yet. `place` is `body` or `query`.
    pub const fn new(place: &'static str) -> Self {
        Self { place, texts: Vec::new(), untold: 0 }
    }

    /// A fault of one field: `[body.<name>] <text>`.
    pub fn add(&mut self, name: &str, text: &str) {
        self.push(|place| format!("[{place}.{name}] {text}"));
    }

    /// A fault of the whole: it is of another type than the one that was expected.
    pub fn add_whole(&mut self, expected: &str, value: Option<&Value>) {
        self.push(|place| format!("[{place}] {}", mismatch(expected, value)));
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.texts.len() + self.untold
    }

    /// All of them as one text, or the first hundred and how many more there are; none when there are none.
    ///
    /// ```
    /// let mut issues = doorward_contract::Issues::new("body");
    /// (0..102).for_each(|index| issues.add(&format!("items.{index}"), "Invalid"));
    /// assert!(issues.into_text().is_some_and(|text| text.ends_with("; [body.items.99] Invalid; and 2 more")));
    /// ```
    pub fn into_text(mut self) -> Option<String> {
        if self.untold > 0 {
            self.texts.push(format!("and {} more", self.untold));
        }
        (!self.texts.is_empty()).then(|| self.texts.join("; "))
    }

    fn push(&mut self, text: impl FnOnce(&str) -> String) {
        if self.texts.len() < MOST_TOLD {
            self.texts.push(text(self.place));
        } else {
            self.untold += 1;
        }
    }
}

/// The text of a fault: a value of another type than the one that was expected. None is a value that is missing.
///
/// ```
/// # use doorward_contract as doorward_sdk;
/// let text = doorward_sdk::mismatch("string", Some(&5.into()));
/// assert_eq!(text, "Invalid input: expected string, received number");
/// ```
pub fn mismatch(expected: &str, value: Option<&Value>) -> String {
    format!("Invalid input: expected {expected}, received {}", type_name(value))
}

/// The text of a fault: a value that is none of `choices`.
///
/// ```
/// # use doorward_contract as doorward_sdk;
/// assert_eq!(doorward_sdk::invalid_option(&["day", "week"]), r#"Invalid option: expected one of "day"|"week""#);
/// ```
pub fn invalid_option(choices: &[&str]) -> String {
    let choices: Vec<String> = choices.iter().map(|choice| format!("\"{choice}\"")).collect();
    format!("Invalid option: expected one of {}", choices.join("|"))
}

/// The name of a value's type. None is a value that is missing.
pub fn type_name(value: Option<&Value>) -> &'static str {
    match value {
        None => "undefined",
        Some(Value::Null) => "null",
        Some(Value::Bool(_)) => "boolean",
        Some(Value::Number(_)) => "number",
        Some(Value::String(_)) => "string",
        Some(Value::Array(_)) => "array",
        Some(Value::Object(_)) => "object",
    }
}
