//! Buttons and forms of a section, each of which may follow the other.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::target::{Confirm, OutcomeKind, Shown, ShownKind, Style, Target};

/// What people fill in; its fields are posted with the values of its action.
///
/// ```
/// # use doorward_contract as doorward_sdk;
/// use doorward_sdk::{Button, Form, FormField, InputKind, Target};
/// let invite = Form::new("invite", Button::new("Invite", Target::post("/invites/create")).primary())
///     .titled("Invite somebody")
///     .field(FormField::new("email", "Address", InputKind::Email).required());
/// assert_eq!(invite.fields[0].name, "email");
/// ```
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
///
/// ```
/// # use doorward_contract as doorward_sdk;
/// use doorward_sdk::{FormField, InputKind};
/// let seats = FormField::new("seats", "Seats", InputKind::Number).between(1, 8).value(2).hint("Eight at most.");
/// let code = FormField::new("code", "Code", InputKind::Code).autocomplete("one-time-code").required();
/// assert_eq!((seats.max, code.required), (Some(8), true));
/// ```
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

/// A button or a link.
///
/// ```
/// # use doorward_contract as doorward_sdk;
/// use doorward_sdk::{Button, Target};
/// let revoke = Button::new("Revoke this code", Target::post("/codes/revoke"))
///     .value("code", "K7")
///     .danger()
///     .confirm("Revoke K7?")
///     .says("K7 lets nobody in any more.");
/// assert_eq!((&revoke.values["code"], revoke.then.says.is_some()), (&"K7".into(), true));
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Button {
    /// The verb and its object: "Delete this passkey".
    pub label: String,
    /// Where it leads.
    pub to: Target,
    /// How it looks.
    #[serde(default)]
    pub style: Style,
    /// The name of a picture, which whoever draws it may know: `github`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// What is posted.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub values: Map<String, Value>,
    /// Whether `callbackURL` is posted too: the place where the person wants to go.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub carries_callback: bool,
    /// What is asked before it acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<Confirm>,
    /// What follows when it was done.
    #[serde(default, skip_serializing_if = "Outcome::is_usual")]
    pub then: Outcome,
}

/// What follows when an action was done.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Outcome {
    /// Where the person goes.
    #[serde(default)]
    pub kind: OutcomeKind,
    /// The page, of [`OutcomeKind::Page`]: an own one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Set by the host: the address of the page.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub href: String,
    /// A sentence of what was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// Fields of the answer that are shown, once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shows: Vec<Shown>,
    /// A form that follows on the same page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Box<Form>>,
}

impl Outcome {
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

impl Button {
    /// An action that looks like one of several.
    pub fn new(label: impl Into<String>, to: Target) -> Self {
        Self {
            label: label.into(),
            to,
            style: Style::default(),
            icon: None,
            values: Map::new(),
            carries_callback: false,
            confirm: None,
            then: Outcome::default(),
        }
    }

    /// How it looks.
    #[must_use]
    pub fn style(mut self, style: Style) -> Self {
        self.style = style;
        self
    }

    /// The one thing to do.
    #[must_use]
    pub fn primary(self) -> Self {
        self.style(Style::Primary)
    }

    /// It takes something away.
    #[must_use]
    pub fn danger(self) -> Self {
        self.style(Style::Danger)
    }

    /// The name of a picture.
    #[must_use]
    pub fn icon(mut self, name: impl Into<String>) -> Self {
        self.icon = Some(name.into());
        self
    }

    /// Adds what is posted.
    #[must_use]
    pub fn value(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.values.insert(name.into(), value.into());
        self
    }

    /// Posts `callbackURL` too.
    #[must_use]
    pub fn carries_callback(mut self) -> Self {
        self.carries_callback = true;
        self
    }

    /// Asks this before it acts.
    #[must_use]
    pub fn confirm(mut self, question: impl Into<String>) -> Self {
        self.confirm = Some(Confirm { title: question.into(), text: None, word: None });
        self
    }

    /// Asks before it acts, says what it means, and wants a word typed.
    #[must_use]
    pub fn confirm_by(mut self, confirm: Confirm) -> Self {
        self.confirm = Some(confirm);
        self
    }

    /// Says what was done.
    #[must_use]
    pub fn says(mut self, text: impl Into<String>) -> Self {
        self.then.says = Some(text.into());
        self
    }

    /// Goes to `url` of the answer.
    #[must_use]
    pub fn follows(mut self) -> Self {
        self.then.kind = OutcomeKind::Follow;
        self
    }

    /// Goes to an own page.
    #[must_use]
    pub fn goes_to(mut self, path: impl Into<String>) -> Self {
        self.then.kind = OutcomeKind::Page;
        self.then.path = Some(path.into());
        self
    }

    /// Shows a field of the answer, once.
    #[must_use]
    pub fn shows(mut self, kind: ShownKind, field: impl Into<String>, label: impl Into<String>) -> Self {
        self.then.shows.push(Shown { field: field.into(), label: label.into(), kind });
        self
    }

    /// A form that follows on the same page.
    #[must_use]
    pub fn then_form(mut self, form: Form) -> Self {
        self.then.next = Some(Box::new(form));
        self
    }
}
