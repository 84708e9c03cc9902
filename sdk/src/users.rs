//! Users: find, create, change the fields that the manifest declares.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! # doorward_sdk::fake::reset();
//! let plugin = Plugin::new("plans", "1.0.0")
//!     .user_field(FieldRule::new("plan", FieldType::String).default_value("free"))
//!     .creates_users_with(&["email", "name"]);
//!
//! let user = users::create(&json!({ "email": "ada@example.com", "name": "Ada" }))?;
//! let user = users::update(&user.id(), &json!({ "plan": "gold" }))?;
//! assert_eq!(user.get("plan"), Some(&json!("gold")));
//! assert!(users::find_by_email("ADA@example.com")?.is_some());
//! # Ok::<(), Error>(())
//! ```

use crate::error::Result;
use crate::host;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A user, with the fields' names on the wire (`emailVerified`).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct User(Map<String, Value>);

impl User {
    /// The user's id.
    pub fn id(&self) -> String {
        self.text("id")
    }

    /// The address, in lower case.
    pub fn email(&self) -> String {
        self.text("email")
    }

    /// Whether someone proved to own the address.
    pub fn is_email_verified(&self) -> bool {
        self.get("emailVerified").and_then(Value::as_bool).unwrap_or(false)
    }

    /// Any field, by its name on the wire.
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.0.get(field)
    }

    pub(crate) fn parse(text: &str) -> Result<User> {
        Ok(serde_json::from_str(text)?)
    }

    fn text(&self, field: &str) -> String {
        self.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

/// The user with this id.
///
/// # Errors
/// When the store is away.
pub fn find_by_id(id: &str) -> Result<Option<User>> {
    host::users::find_by_id(id)?.map(|text| User::parse(&text)).transpose()
}

/// The user with this address; letter case does not matter.
///
/// # Errors
/// When the store is away.
pub fn find_by_email(email: &str) -> Result<Option<User>> {
    host::users::find_by_email(email)?.map(|text| User::parse(&text)).transpose()
}

/// The user with this value in a unique field that this plugin adds to users.
///
/// # Errors
/// `denied` for a field that is not the plugin's or not unique.
pub fn find_by_own_field(field: &str, value: &str) -> Result<Option<User>> {
    host::users::find_by_own_field(field, value)?.map(|text| User::parse(&text)).transpose()
}

/// A new user with fields that [`Plugin::creates_users_with`](crate::Plugin::creates_users_with) declares.
///
/// # Errors
/// `conflict` for an address that is taken, `denied` for a field that is not declared, or a hook's refusal.
pub fn create(fields: &Value) -> Result<User> {
    User::parse(&host::users::create(&fields.to_string())?)
}

/// Changes fields that the plugin declares.
///
/// # Errors
/// `denied` for a field that is not declared, or a hook's refusal.
pub fn update(id: &str, fields: &Value) -> Result<User> {
    User::parse(&host::users::update(id, &fields.to_string())?)
}

/// As [`find_by_id`], and nobody else changes the user until the transaction ends.
///
/// # Errors
/// `invalid` outside of a transaction.
pub fn lock(id: &str) -> Result<Option<User>> {
    host::users::lock(id)?.map(|text| User::parse(&text)).transpose()
}

/// A text that stays the same until something changes about how the user signs in: address, password, linked accounts,
/// factors ([`FieldRule::factor`](crate::prelude::FieldRule::factor)), or the end of all sessions. Bind to it what must fall
/// then. None when there is no such user.
///
/// # Errors
/// When the store is away.
pub fn credentials_version(id: &str) -> Result<Option<String>> {
    Ok(host::users::credentials_version(id)?)
}

/// What users are told of when a way in changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayIn {
    /// A password was changed.
    Password,
    /// A passkey was added.
    Passkey,
    /// The second factor was switched on or off.
    TwoFactor,
    /// Backup codes were made.
    BackupCodes,
    /// An administrator gives the user another address. Say so before the change: the address that is left is told.
    Address,
}

/// Tells the user by mail that a way in has changed, in the transaction that is open. Nothing happens when the operator does
/// not want it or there is no mail.
///
/// # Errors
/// When the store is away.
pub fn tell_of_change(id: &str, what: WayIn) -> Result<()> {
    let change = match what {
        WayIn::Password => "password-changed",
        WayIn::Passkey => "passkey-added",
        WayIn::TwoFactor => "two-factor-changed",
        WayIn::BackupCodes => "backup-codes-changed",
        WayIn::Address => "email-changed",
    };
    Ok(host::users::tell_of_change(id, change)?)
}
