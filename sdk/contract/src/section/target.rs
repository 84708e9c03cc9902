//! Buttons and links of a section: where they lead, how they ask, and what follows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::form::Form;

/// A button or a link.
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

/// Where an action leads; always to what its plugin owns. The host writes the whole address into `href`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Target {
    /// An own page.
    Page {
        /// As the plugin declares it, with values for its parameters.
        path: String,
        /// Set by the host.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        href: String,
    },
    /// The page that shows the section, with these parameters of the plugin's own.
    Here {
        /// Names without the plugin's prefix.
        #[serde(default)]
        query: BTreeMap<String, String>,
        /// Set by the host.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        href: String,
    },
    /// An own `GET` route.
    Route {
        /// As the plugin declares it, with values for its parameters.
        path: String,
        /// Set by the host.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        href: String,
    },
    /// An own `POST` route.
    Post {
        /// As the plugin declares it, with values for its parameters.
        path: String,
        /// Set by the host.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        href: String,
    },
    /// The plugin's own part of a slot that is a page of its own, such as `admin.page`. Whoever owns the slot knows where.
    Slot {
        /// The slot.
        slot: String,
    },
    /// The plugin's own script; needs the grant `page-scripts`.
    Script {
        /// What the script calls it.
        name: String,
    },
}

/// How an action looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// The one thing to do.
    Primary,
    /// One of several.
    #[default]
    Secondary,
    /// At the edge.
    Quiet,
    /// It takes something away.
    Danger,
}

/// What is asked before an action.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Confirm {
    /// The question.
    pub title: String,
    /// What it means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// A word that has to be typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<String>,
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

/// Where the person goes after an action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OutcomeKind {
    /// The page is shown anew; where something is shown or a form follows, after that.
    #[default]
    Reload,
    /// To `url` of the answer.
    Follow,
    /// To an own page.
    Page,
}

/// A field of an answer that is shown.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Shown {
    /// Its name in the answer.
    pub field: String,
    /// What people call it.
    pub label: String,
    /// How it is shown.
    #[serde(default)]
    pub kind: ShownKind,
}

/// How a field of an answer is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ShownKind {
    /// A line to copy.
    #[default]
    Text,
    /// A list of codes to keep.
    Codes,
    /// A text as a QR code.
    Qr,
}

impl Outcome {
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

impl Target {
    /// An own page.
    pub fn page(path: impl Into<String>) -> Self {
        Self::Page { path: path.into(), href: String::new() }
    }

    /// The page that shows the section, with these parameters.
    pub fn here(query: &[(&str, &str)]) -> Self {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self::Here { query, href: String::new() }
    }

    /// An own `GET` route.
    pub fn route(path: impl Into<String>) -> Self {
        Self::Route { path: path.into(), href: String::new() }
    }

    /// An own `POST` route.
    pub fn post(path: impl Into<String>) -> Self {
        Self::Post { path: path.into(), href: String::new() }
    }

    /// The plugin's own part of a slot that is a page of its own.
    pub fn slot(slot: impl Into<String>) -> Self {
        Self::Slot { slot: slot.into() }
    }

    /// The plugin's own script.
    pub fn script(name: impl Into<String>) -> Self {
        Self::Script { name: name.into() }
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
