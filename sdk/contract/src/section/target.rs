//! What buttons and links of a section are made of: where they lead, how they ask, and what is shown of an answer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Where an action leads; always to what its plugin owns. The host writes the whole address into `href`.
///
/// ```
/// # use doorward_contract as doorward_sdk;
/// use doorward_sdk::Target;
/// let file = Target::route("/newsletter/issues/12.pdf");
/// let next_page = Target::here(&[("page", "2")]);
/// let leave = Target::post("/newsletter/leave");
/// assert!(matches!(next_page, Target::Here { ref query, .. } if query["page"] == "2"));
/// # assert!(matches!((file, leave), (Target::Route { .. }, Target::Post { .. })));
/// ```
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
///
/// ```
/// # use doorward_contract as doorward_sdk;
/// use doorward_sdk::{Button, Style, Target};
/// let later = Button::new("Not now", Target::page("/home")).style(Style::Quiet);
/// let buy = Button::new("Buy a ticket", Target::page("/tickets")).primary();
/// assert_eq!((later.style, buy.style), (Style::Quiet, Style::Primary));
/// ```
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
///
/// ```
/// # use doorward_contract as doorward_sdk;
/// use doorward_sdk::{Button, Confirm, Target};
/// let question = Confirm {
///     title: "Delete the list?".to_owned(),
///     text: Some("All 4000 subscribers are forgotten.".to_owned()),
///     word: Some("DELETE".to_owned()),
/// };
/// let button = Button::new("Delete the list", Target::post("/newsletter/delete")).danger().confirm_by(question);
/// assert_eq!(button.confirm.and_then(|confirm| confirm.word).as_deref(), Some("DELETE"));
/// ```
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

/// Where the person goes after an action.
///
/// ```
/// # use doorward_contract as doorward_sdk;
/// use doorward_sdk::{Button, OutcomeKind, Target};
/// // The answer has the `url` of the bank's page.
/// let pay = Button::new("Pay", Target::post("/tickets/pay")).follows();
/// let leave = Button::new("Leave the list", Target::post("/newsletter/leave")).goes_to("/goodbye");
/// assert_eq!((pay.then.kind, leave.then.kind), (OutcomeKind::Follow, OutcomeKind::Page));
/// ```
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
///
/// ```
/// # use doorward_contract as doorward_sdk;
/// use doorward_sdk::{Button, Shown, ShownKind, Target};
/// let make = Button::new("Make a key", Target::post("/keys/create")).shows(ShownKind::Text, "key", "Your key");
/// let once = Shown { field: "key".to_owned(), label: "Your key".to_owned(), kind: ShownKind::Text };
/// assert_eq!(make.then.shows, [once]);
/// ```
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
///
/// ```
/// # use doorward_contract as doorward_sdk;
/// use doorward_sdk::{Button, ShownKind, Target};
/// let enable = Button::new("Switch it on", Target::post("/second-factor/enable"))
///     .shows(ShownKind::Qr, "totpURI", "For your app")
///     .shows(ShownKind::Codes, "backupCodes", "When you lose it");
/// assert_eq!(enable.then.shows.len(), 2);
/// ```
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
