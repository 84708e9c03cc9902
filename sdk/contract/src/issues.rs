//! The words in which faults of a body or a query are reported, in the order in which they were found.
//!
//! Source: the reference's validator, as the wire contract recorded it.

use serde_json::Value;

/// The issue of a text that must have a character.
pub const EMPTY_TEXT: &str = "Too small: expected string to have >=1 characters";
/// The issue of a text that is no e-mail address.
pub const INVALID_EMAIL: &str = "Invalid email address";

/// The faults of one body or query.
#[derive(Debug)]
pub struct Issues {
    place: &'static str,
    texts: Vec<String>,
}

impl Issues {
    /// No faults yet. `place` is `body` or `query`.
    pub const fn new(place: &'static str) -> Self {
        Self { place, texts: Vec::new() }
    }

    /// A fault of one field: `[body.<name>] <text>`.
    pub fn add(&mut self, name: &str, text: &str) {
        self.texts.push(format!("[{}.{name}] {text}", self.place));
    }

    /// A fault of the whole: it is of another type than the one that was expected.
    pub fn add_whole(&mut self, expected: &str, value: Option<&Value>) {
        self.texts.push(format!("[{}] {}", self.place, mismatch(expected, value)));
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.texts.len()
    }

    /// All of them as one text; none when there are none.
    pub fn into_text(self) -> Option<String> {
        (!self.texts.is_empty()).then(|| self.texts.join("; "))
    }
}

/// The text of a fault: a value of another type than the one that was expected. None is a value that is missing.
///
/// ```
/// let text = doorward_contract::mismatch("string", Some(&5.into()));
/// assert_eq!(text, "Invalid input: expected string, received number");
/// ```
pub fn mismatch(expected: &str, value: Option<&Value>) -> String {
    format!("Invalid input: expected {expected}, received {}", type_name(value))
}

/// The text of a fault: a value that is none of `choices`.
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
