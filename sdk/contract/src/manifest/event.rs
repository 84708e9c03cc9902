//! Parts of a plugin in changes of users, sessions, accounts and verifications.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::options::is_on_if_named;

/// One part in changes of rows.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(bound(deserialize = "S: Deserialize<'de>"))]
pub struct EventRule<S = &'static str> {
    /// `user`, `session`, `account` or `verification`.
    pub model: S,
    /// What happens to the row.
    pub action: EventAction,
    /// Before or after it is written.
    pub moment: EventMoment,
    /// It is told only when this option is true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when_option: Option<S>,
    /// A boolean field that it adds to users: it is told only of rows of those of whom this is true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when_user: Option<S>,
}

/// What happens to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EventAction {
    /// It is made.
    Create,
    /// It changes.
    Update,
    /// It is removed.
    Delete,
}

/// When an event is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EventMoment {
    /// Before the row is written: it may still change, or be refused.
    Before,
    /// After it was written, before the commit.
    After,
}

impl<S: AsRef<str>> EventRule<S> {
    /// Whether it is told at all under these options.
    pub fn is_told(&self, options: &Map<String, Value>, defaults: &Map<String, Value>) -> bool {
        is_on_if_named(self.when_option.as_ref(), options, defaults)
    }

    /// What is wrong with it.
    pub(super) fn fault(&self) -> Option<String> {
        const MODELS: [&str; 4] = ["user", "session", "account", "verification"];
        let model = self.model.as_ref();
        if !MODELS.contains(&model) {
            return Some(format!("there are no events of the model `{model}`"));
        }
        let is_of_a_user = matches!(model, "session" | "account");
        (self.when_user.is_some() && !is_of_a_user)
            .then(|| format!("an event of the model `{model}` has no user to look at"))
    }
}
