//! Code around changes of users, sessions, accounts and verifications, in their transaction.

use crate::error::Result;
use crate::host::RawChange;
use doorward_contract::{EventAction, EventMoment, EventRule};
use serde_json::{Map, Value};

/// What happens to a row.
///
/// ```
/// use doorward_sdk::prelude::*;
/// use doorward_sdk::fake::RawChange;
/// // Deleting a user takes more than a request: the address has to be removed from the newsletter first.
/// let keep: fn(&Change) -> Result<()> = |_| Err(Error::new(409, "SUBSCRIBED", "Unsubscribe first"));
/// let plugin = Plugin::new("newsletter", "1.0.0").event(Event::before("user", Action::Delete, keep));
/// let removed = RawChange::new("user", Action::Delete, &json!({ "id": "user-1" })).run_before(&plugin);
/// assert_eq!(removed.unwrap_err().refusal().status, 409);
/// ```
pub use crate::bindings::doorward::plugin::types::Action;

/// What a function of an event is given.
pub(crate) type EventFn = fn(&Change<'_>) -> Result<()>;

/// A row that is about to change, or has just changed.
///
/// ```
/// use doorward_sdk::prelude::*;
/// use doorward_sdk::fake::RawChange;
/// fn referrer(change: &Change) -> Result<()> {
///     let from = change.path().unwrap_or_else(|| "an import".to_owned());
///     change.set(&json!({ "cameFrom": from }))
/// }
///
/// let plugin = Plugin::new("origins", "1.0.0")
///     .user_field(FieldRule::new("cameFrom", FieldType::String))
///     .event(Event::before("user", Action::Create, referrer));
/// let change = RawChange::new("user", Action::Create, &json!({ "email": "ada@example.com" })).at("/sign-up/email");
/// assert_eq!(change.run_before(&plugin)?["cameFrom"], "/sign-up/email");
/// # Ok::<(), Error>(())
/// ```
pub struct Change<'a> {
    raw: &'a RawChange,
}

/// What changes, and when a function runs: [`Event::before`] or [`Event::after`] a change.
///
/// ```
/// use doorward_sdk::prelude::*;
///
/// fn plugin() -> Plugin {
///     Plugin::new("nicknames", "1.0.0").event(Event::before("user", Action::Create, |change| {
///         match change.data()?.get("name").and_then(Value::as_str) {
///             Some("root") => Err(Error::new(400, "NAME_TAKEN", "Choose another name")),
///             _ => Ok(()),
///         }
///     }))
/// }
/// ```
pub struct Event {
    pub(crate) rule: EventRule,
    pub(crate) call: EventFn,
}

impl Event {
    /// Runs `call` before `model` (`user`, `session`, `account`, `verification`) changes; an error refuses the change.
    pub fn before(model: &'static str, action: Action, call: fn(&Change<'_>) -> Result<()>) -> Event {
        Event::new(model, action, EventMoment::Before, call)
    }

    /// Runs `call` after the change and before its commit; an error undoes it.
    pub fn after(model: &'static str, action: Action, call: fn(&Change<'_>) -> Result<()>) -> Event {
        Event::new(model, action, EventMoment::After, call)
    }

    /// Only when the operator's option `name` is true. What is not told costs nothing.
    pub fn when_option(mut self, name: &'static str) -> Event {
        self.rule.when_option = Some(name);
        self
    }

    /// Only for sessions and accounts of users of whom `field` is true: a boolean
    /// [`user_field`](crate::Plugin::user_field) of this plugin. The host looks at it in the transaction.
    pub fn when_user(mut self, field: &'static str) -> Event {
        self.rule.when_user = Some(field);
        self
    }

    fn new(model: &'static str, action: Action, moment: EventMoment, call: EventFn) -> Event {
        let action = action_rule(action);
        Event { rule: EventRule { model, action, moment, when_option: None, when_user: None }, call }
    }
}

/// The action as the manifest has it.
pub(crate) fn action_rule(action: Action) -> EventAction {
    match action {
        Action::Create => EventAction::Create,
        Action::Update => EventAction::Update,
        Action::Delete => EventAction::Delete,
    }
}

impl<'a> Change<'a> {
    /// Wraps what the host lends for one call.
    #[doc(hidden)]
    pub fn new(raw: &'a RawChange) -> Change<'a> {
        Change { raw }
    }

    /// `user`, `session`, `account` or `verification`.
    pub fn model(&self) -> String {
        self.raw.model()
    }

    /// What happens to the row.
    pub fn action(&self) -> Action {
        self.raw.action()
    }

    /// Creating or updating: before the change the fields to be written, after it the row. Deleting: the row. Secrets are
    /// left out.
    ///
    /// # Errors
    /// When the host's text is no JSON object.
    pub fn data(&self) -> Result<Map<String, Value>> {
        Ok(serde_json::from_str(&self.raw.data())?)
    }

    /// The id of the user who is signed in.
    pub fn actor(&self) -> Option<String> {
        self.raw.actor()
    }

    /// The path of the request that causes the change; none for the server's own work.
    pub fn path(&self) -> Option<String> {
        self.raw.path()
    }

    /// The client's address as the server resolved it.
    pub fn client_address(&self) -> Option<String> {
        self.raw.client_address()
    }

    /// Sets fields to be written. Only before the change, and only fields that the plugin declares.
    ///
    /// # Errors
    /// `denied` for any other field, or after the change.
    pub fn set(&self, fields: &Value) -> Result<()> {
        Ok(self.raw.set(&fields.to_string())?)
    }
}
