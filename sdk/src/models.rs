//! The plugin's own tables, declared with [`Plugin::table`](crate::Plugin::table). Rows are read into any type that serde
//! reads; dates are ISO 8601 text.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Seat {
//!     id: String,
//!     number: u32,
//! }
//!
//! # doorward_sdk::fake::reset();
//! let seat: Seat = models::insert("seat", &json!({ "number": 7 }))?;
//! let found: Vec<Seat> = models::find("seat", eq("number", 7))?;
//! assert_eq!(found[0].id, seat.id);
//! // Of two requests that take the seat at once, one gets it.
//! assert!(models::consume::<Seat>("seat", eq("number", 7))?.is_some());
//! assert!(models::consume::<Seat>("seat", eq("number", 7))?.is_none());
//! # Ok::<(), Error>(())
//! ```

use crate::error::Result;
use crate::host;
use crate::query::{Filter, Query};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The rows that the query asks for.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # for (name, spent) in [("K7", false), ("M2", true), ("P9", false)] {
/// #     let _: Value = models::insert("code", &json!({ "name": name, "spent": spent }))?;
/// # }
/// let open: Vec<Value> = models::find("code", eq("spent", false).order_by("name").limit(20))?;
/// assert_eq!(open[1]["name"], "P9");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `denied` for a table that is not declared, `invalid` for an unknown field or a value of another kind.
pub fn find<R: DeserializeOwned>(model: &str, query: impl Into<Query>) -> Result<Vec<R>> {
    rows(host::models::find(model, &query.into().into_raw())?)
}

/// The first row that the query asks for.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let _: Value = models::insert("subscriber", &json!({ "email": "ada@example.com" }))?;
/// let subscriber: Option<Value> = models::find_one("subscriber", eq("email", "ada@example.com"))?;
/// assert!(subscriber.is_some());
/// assert!(models::find_one::<Value>("subscriber", eq("email", "bob@example.com"))?.is_none());
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// As [`find`].
pub fn find_one<R: DeserializeOwned>(model: &str, query: impl Into<Query>) -> Result<Option<R>> {
    Ok(find(model, query.into().limit(1))?.pop())
}

/// How many rows meet the conditions.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # for number in 1..=3 {
/// #     let _: Value = models::insert("seat", &json!({ "number": number, "takenBy": "user-1" }))?;
/// # }
/// let seats = models::count("seat", eq("takenBy", "user-1"))?;
/// let refusal = (seats >= 3).then(|| Error::new(403, "ENOUGH_SEATS", "Three seats are the most"));
/// assert!(refusal.is_some());
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// As [`find`].
pub fn count(model: &str, filter: Filter) -> Result<u64> {
    Ok(host::models::count(model, &filter.into_raw())?)
}

/// Stores a row and returns it as it was stored. The host makes `id` when it is absent or null.
///
/// ```
/// use doorward_sdk::prelude::*;
/// use serde::{Deserialize, Serialize};
/// # doorward_sdk::fake::reset();
///
/// #[derive(Serialize, Deserialize)]
/// struct Subscriber {
///     id: Option<String>,
///     email: String,
/// }
///
/// let ada = Subscriber { id: None, email: "ada@example.com".to_owned() };
/// let stored: Subscriber = models::insert("subscriber", &ada)?;
/// assert!(stored.id.is_some());
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `conflict` for a unique value that is taken, `invalid` for a required field that is absent, and as [`find`].
pub fn insert<R: DeserializeOwned>(model: &str, row: &impl Serialize) -> Result<R> {
    one(&host::models::insert(model, &serde_json::to_string(row)?)?)
}

/// Sets fields of every row that meets the conditions (at least one), and returns the rows.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let _: Value = models::insert("seat", &json!({ "number": 7, "takenBy": null }))?;
/// // Only while it is free: of two people, one finds it so.
/// let free = eq("number", 7).and(eq("takenBy", Value::Null));
/// let mine: Vec<Value> = models::update("seat", free, &json!({ "takenBy": "user-1" }))?;
/// assert_eq!(mine.len(), 1);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// As [`insert`].
pub fn update<R: DeserializeOwned>(model: &str, filter: Filter, fields: &impl Serialize) -> Result<Vec<R>> {
    rows(host::models::update(model, &filter.into_raw(), &serde_json::to_string(fields)?)?)
}

/// Removes every row that meets the conditions (at least one), and returns their number.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let _: Value = models::insert("invite", &json!({ "spent": true }))?;
/// assert_eq!(models::delete("invite", eq("spent", true))?, 1);
/// assert!(models::delete("invite", Filter::all()).is_err(), "every row is never meant");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// As [`find`].
pub fn delete(model: &str, filter: Filter) -> Result<u64> {
    Ok(host::models::delete(model, &filter.into_raw())?)
}

/// Removes the rows that meet the conditions and returns the newest, in one step: of two callers, one gets it.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let _: Value = models::insert("invite", &json!({ "code": "K7", "role": "editor" }))?;
/// let Some(invite) = models::consume::<Value>("invite", eq("code", "K7"))? else {
///     return Err(Error::new(404, "INVITE_NOT_FOUND", "The invitation was used, or never made"));
/// };
/// assert_eq!(invite["role"], "editor");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// As [`find`].
pub fn consume<R: DeserializeOwned>(model: &str, filter: Filter) -> Result<Option<R>> {
    host::models::consume(model, &filter.into_raw())?.map(|row| one(&row)).transpose()
}

/// Adds `by` to a number (null counts as 0) in the rows that meet the conditions, in one step. Returns one of them as it is
/// now; none when no row met them.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let _: Value = models::insert("code", &json!({ "name": "SPRING", "left": 1 }))?;
/// // Of many requests at once, as many get a place as there are.
/// let place = |name: &str| models::increment::<Value>("code", eq("name", name).and(gt("left", 0)), "left", -1);
/// assert!(place("SPRING")?.is_some());
/// assert!(place("SPRING")?.is_none(), "none is left");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// As [`find`].
pub fn increment<R: DeserializeOwned>(model: &str, filter: Filter, field: &str, by: i64) -> Result<Option<R>> {
    host::models::increment(model, &filter.into_raw(), field, by)?.map(|row| one(&row)).transpose()
}

pub(crate) fn rows<R: DeserializeOwned>(texts: Vec<String>) -> Result<Vec<R>> {
    texts.iter().map(|text| one(text)).collect()
}

fn one<R: DeserializeOwned>(text: &str) -> Result<R> {
    Ok(serde_json::from_str(text)?)
}
