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
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let user = users::create(&json!({ "email": "Ada@Example.com", "name": "Ada", "plan": "gold" }))?;
/// let badge = match user.get("plan").and_then(Value::as_str) {
///     Some("gold") if user.is_email_verified() => "gold member",
///     _ => "member",
/// };
/// assert_eq!((user.email().as_str(), badge), ("ada@example.com", "member"));
/// # Ok::<(), Error>(())
/// ```
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
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// let owner = json!({ "ownerId": ada.id() });
/// let address = users::find_by_id(owner["ownerId"].as_str().unwrap_or_default())?.map(|user| user.email());
/// assert_eq!(address.as_deref(), Some("ada@example.com"));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// When the store is away.
pub fn find_by_id(id: &str) -> Result<Option<User>> {
    host::users::find_by_id(id)?.map(|text| User::parse(&text)).transpose()
}

/// The user with this address; letter case does not matter.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// # fake::reset();
/// fn send_link(email: &str) -> Result<Response> {
///     if let Some(user) = users::find_by_email(email)? {
///         mail::enqueue("sign-in-link", &user.email(), &json!({}))?;
///     }
///     // The answer is the same for all: nobody learns who has an account.
///     Response::json(&json!({}))
/// }
/// assert_eq!(fake::body(&send_link("nobody@example.com")?), json!({}));
/// assert!(fake::with(|world| world.mails.is_empty()));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// When the store is away.
pub fn find_by_email(email: &str) -> Result<Option<User>> {
    host::users::find_by_email(email)?.map(|text| User::parse(&text)).transpose()
}

/// The user with this value in a unique field that this plugin adds to users.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// let nickname = FieldRule::new("nickname", FieldType::String).unique();
/// let plugin = Plugin::new("nicknames", "1.0.0").user_field(nickname);
/// users::update(&ada.id(), &json!({ "nickname": "countess" }))?;
/// assert_eq!(users::find_by_own_field("nickname", "countess")?.map(|user| user.id()), Some(ada.id()));
/// # let _ = plugin;
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `denied` for a field that is not the plugin's or not unique.
pub fn find_by_own_field(field: &str, value: &str) -> Result<Option<User>> {
    host::users::find_by_own_field(field, value)?.map(|text| User::parse(&text)).transpose()
}

/// A new user with fields that [`Plugin::creates_users_with`](crate::Plugin::creates_users_with) declares.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// let user = users::create(&json!({ "email": "ada@example.com", "name": "Ada" }))?;
/// assert!(!user.is_email_verified());
/// let again = users::create(&json!({ "email": "ADA@example.com" }));
/// assert!(matches!(again, Err(Error::Host(HostError::Conflict(_)))));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `conflict` for an address that is taken, `denied` for a field that is not declared, or a hook's refusal.
pub fn create(fields: &Value) -> Result<User> {
    User::parse(&host::users::create(&fields.to_string())?)
}

/// Changes fields that the plugin declares.
///
/// ```
/// use doorward_sdk::prelude::*;
/// use doorward_sdk::fake::RawRequest;
/// # doorward_sdk::fake::reset();
/// let plugin = Plugin::new("plans", "1.0.0")
///     .user_field(FieldRule::new("plan", FieldType::String))
///     .function(Function::new("set-plan", |request, ()| {
///         let asked = request.body().unwrap_or_default();
///         let user = users::update(asked["user"].as_str().unwrap_or_default(), &json!({ "plan": asked["plan"] }))?;
///         Response::json(&user)
///     }));
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// # let asking = |plan: Value| RawRequest::post("/", &json!({ "user": ada.id(), "plan": plan }));
/// # let ask = |plan: Value| asking(plan).call(&plugin, "set-plan");
/// # assert_eq!(doorward_sdk::fake::body(&ask(json!("gold"))?)["plan"], "gold");
/// # assert!(ask(json!(7)).is_err());
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `denied` for a field that is not declared, or a hook's refusal.
pub fn update(id: &str, fields: &Value) -> Result<User> {
    User::parse(&host::users::update(id, &fields.to_string())?)
}

/// As [`find_by_id`], and nobody else changes the user until the transaction ends.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com", "points": 40 }))?;
/// transactions::run(|| {
///     let user = users::lock(&ada.id())?.ok_or_else(|| Error::from(ErrorCode::USER_NOT_FOUND))?;
///     let points = user.get("points").and_then(Value::as_i64).unwrap_or(0);
///     users::update(&user.id(), &json!({ "points": points - 10 })).map(drop)
/// })?;
/// assert!(users::lock(&ada.id()).is_err(), "there is no transaction that would end it");
/// # Ok::<(), Error>(())
/// ```
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
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = user_administration::create(&json!({ "email": "ada@example.com" }), Some("correct horse 1"))?;
/// // A trusted device is trusted until the password changes.
/// let trusted = users::credentials_version(&ada.id())?;
/// user_administration::set_password(&ada.id(), "correct horse 2", false)?;
/// assert_ne!(users::credentials_version(&ada.id())?, trusted);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// When the store is away.
pub fn credentials_version(id: &str) -> Result<Option<String>> {
    Ok(host::users::credentials_version(id)?)
}

/// What users are told of when a way in changes.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// use doorward_sdk::users::WayIn;
/// # fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// let tell = |factor: &str| match factor {
///     "passkey" => users::tell_of_change(&ada.id(), WayIn::Passkey),
///     _ => users::tell_of_change(&ada.id(), WayIn::TwoFactor),
/// };
/// tell("passkey")?;
/// assert_eq!(fake::with(|world| world.told[0].1.clone()), "passkey-added");
/// # Ok::<(), Error>(())
/// ```
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
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// # fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// transactions::run(|| {
///     users::update(&ada.id(), &json!({ "backupCodes": "sealed" }))?;
///     users::tell_of_change(&ada.id(), users::WayIn::BackupCodes)
/// })?;
/// assert_eq!(fake::with(|world| world.told.clone()), [(ada.id(), "backup-codes-changed".to_owned())]);
/// # Ok::<(), Error>(())
/// ```
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
