//! Forms of a section.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::target::Button;

/// What people fill in; its fields are posted with the values of its action.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Form {
    /// Names it within its section: lower case letters, digits and hyphens.
    pub id: String,
    /// The heading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// One sentence of what it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intro: Option<String>,
    /// In the order in which they stand.
    #[serde(default)]
    pub fields: Vec<FormField>,
    /// The button.
    pub submit: Button,
}

/// One field of a form.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct FormField {
    /// The name in the body that is posted.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// A sentence that helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What is typed there.
    #[serde(default)]
    pub kind: InputKind,
    /// What stands there at first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Whether something must stand there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// The least: of a number its value, of a text its length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    /// The most, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    /// What can be chosen, of a `select`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
    /// As in HTML: `current-password`, `one-time-code`, `email`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autocomplete: Option<String>,
}

/// What is typed into a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputKind {
    /// A line.
    #[default]
    Text,
    /// An address of mail.
    Email,
    /// An address of the web.
    Url,
    /// A number of a telephone.
    Tel,
    /// A number; posted as one.
    Number,
    /// A password.
    Password,
    /// A code that someone was sent.
    Code,
    /// Yes or no; posted as true or false.
    Checkbox,
    /// One of `choices`.
    Select,
    /// Lines.
    LongText,
    /// A day.
    Date,
    /// Nothing that is seen.
    Hidden,
}

/// What can be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Choice {
    /// What is posted.
    pub value: String,
    /// What people read.
    pub label: String,
}

impl Form {
    /// A form without fields; `submit` is its button, which posts.
    pub fn new(id: impl Into<String>, submit: Button) -> Self {
        Self { id: id.into(), title: None, intro: None, fields: Vec::new(), submit }
    }

    /// The heading.
    #[must_use]
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// One sentence of what it is for.
    #[must_use]
    pub fn intro(mut self, text: impl Into<String>) -> Self {
        self.intro = Some(text.into());
        self
    }

    /// Adds a field.
    #[must_use]
    pub fn field(mut self, field: FormField) -> Self {
        self.fields.push(field);
        self
    }
}

impl FormField {
    /// A field that may stay empty.
    pub fn new(name: impl Into<String>, label: impl Into<String>, kind: InputKind) -> Self {
        Self {
            name: name.into(),
            label: label.into(),
            hint: None,
            kind,
            value: None,
            required: false,
            min: None,
            max: None,
            choices: Vec::new(),
            autocomplete: None,
        }
    }

    /// A sentence that helps.
    #[must_use]
    pub fn hint(mut self, text: impl Into<String>) -> Self {
        self.hint = Some(text.into());
        self
    }

    /// What stands there at first.
    #[must_use]
    pub fn value(mut self, value: impl Into<Value>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// Something must stand there.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The least and the most: of a number its value, of a text its length.
    #[must_use]
    pub fn between(mut self, min: i64, max: i64) -> Self {
        (self.min, self.max) = (Some(min), Some(max));
        self
    }

    /// Adds what can be chosen.
    #[must_use]
    pub fn choice(mut self, value: impl Into<String>, label: impl Into<String>) -> Self {
        self.choices.push(Choice { value: value.into(), label: label.into() });
        self
    }

    /// As in HTML: `current-password`, `one-time-code`, `email`.
    #[must_use]
    pub fn autocomplete(mut self, tokens: impl Into<String>) -> Self {
        self.autocomplete = Some(tokens.into());
        self
    }
}
