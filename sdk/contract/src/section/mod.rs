//! A section of a page as data: what one plugin says, and another draws.
//!
//! Every text is plain: whoever draws it escapes it. Names in JSON are those of the fields.

mod check;
mod form;
mod target;

use serde::{Deserialize, Serialize};

pub use check::{Places, encoded};
pub use form::{Button, Choice, Form, FormField, InputKind, Outcome};
pub use target::{Confirm, OutcomeKind, Shown, ShownKind, Style, Target};

/// A card, a list, a few numbers, a form: what a plugin shows in a slot of another's page.
///
/// ```
/// # use doorward_contract as doorward_sdk;
/// use doorward_sdk::{Button, Row, Section, Target, Tone};
/// let seats = ["Row A, seat 7", "Row B, seat 2"];
/// let section = Section::titled("Seats")
///     .intro("Seats that you have taken.")
///     .notice(Tone::Warn, "The doors close at eight.")
///     .fact("Taken", seats.len())
///     .rows(seats.map(Row::new))
///     .when_empty("You have taken no seat.")
///     .action(Button::new("Take a seat", Target::page("/seats")).primary());
/// assert_eq!((section.facts[0].value.as_str(), section.rows.len()), ("2", 2));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Section {
    /// The heading.
    #[serde(default)]
    pub title: String,
    /// One sentence of what it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intro: Option<String>,
    /// What matters before the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<Notice>,
    /// Numbers of an overview.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Fact>,
    /// A list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Row>,
    /// What is said when there are no rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub empty: Option<String>,
    /// What people fill in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forms: Vec<Form>,
    /// Buttons and links.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Button>,
    /// Markup of its own; needs the grant `page-scripts`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// Own assets that are modules; needs the grant `page-scripts`. Who draws the section gets their addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scripts: Vec<String>,
}

/// How something is meant; its colour comes second.
///
/// ```
/// # use doorward_contract as doorward_sdk;
/// use doorward_sdk::{Row, Tone};
/// let invitation = |days_left: u32| match days_left {
///     0 => Row::new("Invitation").badge(Tone::Danger, "Ended"),
///     1..3 => Row::new("Invitation").badge(Tone::Warn, "Ends soon"),
///     _ => Row::new("Invitation").badge(Tone::Good, "Open"),
/// };
/// assert_eq!(invitation(2).badge.map(|badge| badge.tone), Some(Tone::Warn));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// To know.
    #[default]
    Info,
    /// All is well.
    Good,
    /// To look at.
    Warn,
    /// To act on.
    Danger,
}

/// A sentence that matters.
///
/// ```
/// # use doorward_contract as doorward_sdk;
/// use doorward_sdk::{Notice, Section, Tone};
/// let section = Section::titled("Newsletter").notice(Tone::Info, "Confirm your address first.");
/// let expected = Notice { tone: Tone::Info, text: "Confirm your address first.".to_owned() };
/// assert_eq!(section.notice, Some(expected));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Notice {
    /// How it is meant.
    #[serde(default)]
    pub tone: Tone,
    /// What it says.
    pub text: String,
}

/// A number, or a word, with what it is.
///
/// ```
/// # use doorward_contract as doorward_sdk;
/// use doorward_sdk::{Fact, Section, Tone};
/// let mut section = Section::titled("Invitations").fact("Open", 12).fact("Spent", 30);
/// section.facts.push(Fact { label: "Misused".to_owned(), value: "3".to_owned(), tone: Tone::Danger });
/// assert_eq!(section.facts[1].value, "30");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Fact {
    /// What it is.
    pub label: String,
    /// The number.
    pub value: String,
    /// How it is meant.
    #[serde(default)]
    pub tone: Tone,
}

/// One thing of a list.
///
/// ```
/// # use doorward_contract as doorward_sdk;
/// use doorward_sdk::{Button, Row, Target};
/// let row = Row::new("Ada's laptop")
///     .detail("Firefox on Linux")
///     .icon("laptop")
///     .time("Added", "2026-11-22T08:41:23.051Z")
///     .action(Button::new("Remove this device", Target::post("/devices/d1/remove")).danger());
/// assert_eq!((row.times[0].label.as_str(), row.actions.len()), ("Added", 1));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Row {
    /// What it is.
    pub title: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The name of a picture, which whoever draws it may know: `passkey`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// A few words beside the title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub badge: Option<Notice>,
    /// When things happened to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub times: Vec<When>,
    /// What can be done with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Button>,
}

/// A point in time.
///
/// ```
/// # use doorward_contract as doorward_sdk;
/// use doorward_sdk::{Row, When};
/// let row = Row::new("Key 1").time("Made", "2026-01-31T12:00:00Z").time("Last used", "2026-02-01T08:00:00Z");
/// let used = When { label: "Last used".to_owned(), at: "2026-02-01T08:00:00Z".to_owned() };
/// assert_eq!(row.times.last(), Some(&used));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct When {
    /// What happened then.
    pub label: String,
    /// ISO 8601.
    pub at: String,
}

impl Section {
    /// Every address that something in it posts to, once the section is settled.
    pub fn posts(&self) -> Vec<&str> {
        fn of<'a>(button: &'a Button, found: &mut Vec<&'a str>) {
            if let Target::Post { href, .. } = &button.to {
                found.push(href);
            }
            if let Some(form) = &button.then.next {
                of(&form.submit, found);
            }
        }
        let mut found = Vec::new();
        let of_rows = self.rows.iter().flat_map(|row| &row.actions);
        let of_forms = self.forms.iter().map(|form| &form.submit);
        self.actions.iter().chain(of_rows).chain(of_forms).for_each(|button| of(button, &mut found));
        found
    }

    /// A section with this heading.
    pub fn titled(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// One sentence of what it is for.
    #[must_use]
    pub fn intro(mut self, text: impl Into<String>) -> Self {
        self.intro = Some(text.into());
        self
    }

    /// What matters before the rest.
    #[must_use]
    pub fn notice(mut self, tone: Tone, text: impl Into<String>) -> Self {
        self.notice = Some(Notice { tone, text: text.into() });
        self
    }

    /// Adds a number of an overview.
    #[must_use]
    pub fn fact(mut self, label: impl Into<String>, value: impl ToString) -> Self {
        self.facts.push(Fact { label: label.into(), value: value.to_string(), tone: Tone::Info });
        self
    }

    /// Adds a row.
    #[must_use]
    pub fn row(mut self, row: Row) -> Self {
        self.rows.push(row);
        self
    }

    /// Adds rows.
    #[must_use]
    pub fn rows(mut self, rows: impl IntoIterator<Item = Row>) -> Self {
        self.rows.extend(rows);
        self
    }

    /// What is said when there are no rows.
    #[must_use]
    pub fn when_empty(mut self, text: impl Into<String>) -> Self {
        self.empty = Some(text.into());
        self
    }

    /// Adds a form.
    #[must_use]
    pub fn form(mut self, form: Form) -> Self {
        self.forms.push(form);
        self
    }

    /// Adds a button or a link.
    #[must_use]
    pub fn action(mut self, action: Button) -> Self {
        self.actions.push(action);
        self
    }

    /// Markup of its own; needs the grant `page-scripts`.
    #[must_use]
    pub fn html(mut self, html: impl Into<String>) -> Self {
        self.html = Some(html.into());
        self
    }

    /// Adds a module, an asset of the plugin; needs the grant `page-scripts`.
    #[must_use]
    pub fn script(mut self, asset: impl Into<String>) -> Self {
        self.scripts.push(asset.into());
        self
    }
}

impl Row {
    /// A row with this title.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// More about it.
    #[must_use]
    pub fn detail(mut self, text: impl Into<String>) -> Self {
        self.detail = Some(text.into());
        self
    }

    /// The name of a picture.
    #[must_use]
    pub fn icon(mut self, name: impl Into<String>) -> Self {
        self.icon = Some(name.into());
        self
    }

    /// A few words beside the title.
    #[must_use]
    pub fn badge(mut self, tone: Tone, text: impl Into<String>) -> Self {
        self.badge = Some(Notice { tone, text: text.into() });
        self
    }

    /// Adds a point in time, as ISO 8601.
    #[must_use]
    pub fn time(mut self, label: impl Into<String>, at: impl Into<String>) -> Self {
        self.times.push(When { label: label.into(), at: at.into() });
        self
    }

    /// Adds what can be done with it.
    #[must_use]
    pub fn action(mut self, action: Button) -> Self {
        self.actions.push(action);
        self
    }
}
