//! What buttons and links of a section are made of: where they lead, how they ask, and what is shown of an answer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
