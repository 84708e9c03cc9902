//! The operator's settings for this plugin.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! #[serde(default, deny_unknown_fields)]
//! struct Options {
//!     greeting: String,
//! }
//!
//! impl Default for Options {
//!     fn default() -> Self {
//!         Options { greeting: "Hello".to_owned() }
//!     }
//! }
//!
//! # doorward_sdk::fake::reset();
//! # doorward_sdk::fake::with(|world| world.options = r#"{"greeting":"Welcome"}"#.to_owned());
//! let options: Options = config::options()?;
//! assert_eq!(options.greeting, "Welcome");
//! # Ok::<(), Error>(())
//! ```

use crate::error::{Error, Result};
use crate::host;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The options. What the operator left out has the default of `O`.
///
/// ```
/// use doorward_sdk::prelude::*;
/// use serde::Deserialize;
/// # doorward_sdk::fake::reset();
///
/// #[derive(Deserialize)]
/// struct Options {
///     places: u32,
/// }
///
/// # doorward_sdk::fake::with(|world| world.options = r#"{"places":40}"#.to_owned());
/// let Options { places } = config::options()?;
/// assert_eq!(places, 40);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// 500 when they are not those that were checked at start.
pub fn options<O: DeserializeOwned>() -> Result<O> {
    read().map_err(|reason| {
        crate::log::error(&reason);
        Error::internal()
    })
}

/// Scheme and authority, no slash at the end: `https://auth.example.com`.
///
/// ```
/// use doorward_sdk::config;
/// # doorward_sdk::fake::reset();
/// assert_eq!(config::base_url(), "http://localhost:3000");
/// ```
pub fn base_url() -> String {
    host::config::base_url()
}

/// Path of the API, no slash at the end: `/api/auth`.
///
/// ```
/// use doorward_sdk::config;
/// # doorward_sdk::fake::reset();
/// let feed = format!("{}{}/newsletter/feed", config::base_url(), config::base_path());
/// assert_eq!(feed, "http://localhost:3000/api/auth/newsletter/feed");
/// ```
pub fn base_path() -> String {
    host::config::base_path()
}

/// The application's name, for people.
///
/// ```
/// use doorward_sdk::config;
/// # doorward_sdk::fake::reset();
/// assert_eq!(format!("Welcome to {}", config::app_name()), "Welcome to Test");
/// ```
pub fn app_name() -> String {
    host::config::app_name()
}

/// A section of the core's options: `account`, `user`, `session`, `email_and_password`, `email_verification`.
///
/// ```
/// use doorward_sdk::{config, fake};
/// use serde_json::{Value, json};
/// # fake::reset();
/// fake::with(|world| world.core_options.insert("session".to_owned(), json!({ "fresh_age": 600 })));
/// let session: Value = config::core_options("session")?;
/// assert_eq!(session["fresh_age"], 600);
/// assert!(config::core_options::<Value>("sesion").is_err());
/// # Ok::<(), doorward_sdk::Error>(())
/// ```
///
/// # Errors
/// When there is no such section, or `O` does not read it.
pub fn core_options<O: DeserializeOwned>(section: &str) -> Result<O> {
    let text = host::config::core_options(section);
    let text = text.ok_or_else(|| Error::Host(crate::error::HostError::Invalid(section.to_owned())))?;
    Ok(serde_json::from_str(&text)?)
}

/// Whether the operator set mail up. Without it, what needs mail is off.
///
/// ```
/// use doorward_sdk::{config, fake};
/// # fake::reset();
/// assert!(config::sends_mail());
/// fake::with(|world| world.core_options.remove("mail"));
/// assert!(!config::sends_mail());
/// ```
pub fn sends_mail() -> bool {
    core_options("mail").is_ok_and(|mail: serde_json::Value| mail.get("transport").is_some_and(|kind| kind.is_string()))
}

/// What is wrong with the options: the name of the one that is wrong, empty when it is in none alone, and why.
pub(crate) type OptionFault = (String, String);

pub(crate) fn check<O: DeserializeOwned>() -> Result<(), OptionFault> {
    read::<O>().map(|_| ()).map_err(|message| (wrong_one::<O>().unwrap_or_default(), message))
}

/// The first option that cannot be read by itself.
fn wrong_one<O: DeserializeOwned>() -> Option<String> {
    let options: Map<String, Value> = serde_json::from_str(&host::config::options()).ok()?;
    let alone = |(name, value): &(String, Value)| {
        let one = Value::Object(Map::from_iter([(name.clone(), value.clone())]));
        serde_json::from_value::<O>(one).is_err()
    };
    options.into_iter().find(alone).map(|(name, _)| name)
}

pub(crate) fn read<O: DeserializeOwned>() -> Result<O, String> {
    serde_json::from_str(&host::config::options()).map_err(|error| {
        // The position is one in text that the operator never sees.
        let text = error.to_string();
        text.split(" at line ").next().unwrap_or_default().to_owned()
    })
}
