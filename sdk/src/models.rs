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
/// # Errors
/// `denied` for a table that is not declared, `invalid` for an unknown field or a value of another kind.
pub fn find<R: DeserializeOwned>(model: &str, query: impl Into<Query>) -> Result<Vec<R>> {
    rows(host::models::find(model, &query.into().into_raw())?)
}

/// The first row that the query asks for.
///
/// # Errors
/// As [`find`].
pub fn find_one<R: DeserializeOwned>(model: &str, query: impl Into<Query>) -> Result<Option<R>> {
    Ok(find(model, query.into().limit(1))?.pop())
}

/// How many rows meet the conditions.
///
/// # Errors
/// As [`find`].
pub fn count(model: &str, filter: Filter) -> Result<u64> {
    Ok(host::models::count(model, &filter.into_raw())?)
}

/// Stores a row and returns it as it was stored. The host makes `id` when it is absent or null.
///
/// # Errors
/// `conflict` for a unique value that is taken, `invalid` for a required field that is absent, and as [`find`].
pub fn insert<R: DeserializeOwned>(model: &str, row: &impl Serialize) -> Result<R> {
    one(&host::models::insert(model, &serde_json::to_string(row)?)?)
}

/// Sets fields of every row that meets the conditions (at least one), and returns the rows.
///
/// # Errors
/// As [`insert`].
pub fn update<R: DeserializeOwned>(model: &str, filter: Filter, fields: &impl Serialize) -> Result<Vec<R>> {
    rows(host::models::update(model, &filter.into_raw(), &serde_json::to_string(fields)?)?)
}

/// Removes every row that meets the conditions (at least one), and returns their number.
///
/// # Errors
/// As [`find`].
pub fn delete(model: &str, filter: Filter) -> Result<u64> {
    Ok(host::models::delete(model, &filter.into_raw())?)
}

/// Removes the rows that meet the conditions and returns the newest, in one step: of two callers, one gets it.
///
/// # Errors
/// As [`find`].
pub fn consume<R: DeserializeOwned>(model: &str, filter: Filter) -> Result<Option<R>> {
    host::models::consume(model, &filter.into_raw())?.map(|row| one(&row)).transpose()
}

/// Adds `by` to a number (null counts as 0) in the rows that meet the conditions, in one step. Returns one of them as it is
/// now; none when no row met them.
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
