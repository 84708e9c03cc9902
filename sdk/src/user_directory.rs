//! All users, for those who administrate them.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! # doorward_sdk::fake::reset();
//! # users::create(&json!({ "email": "ada@example.com" }))?;
//! let page = user_directory::find(contains("email", "example").order_by("email").limit(10))?;
//! assert_eq!(page[0].email(), "ada@example.com");
//! assert_eq!(user_directory::count(Filter::all())?, 1);
//! # Ok::<(), Error>(())
//! ```

use crate::error::Result;
use crate::host;
use crate::models::rows;
use crate::query::{Filter, Query};
use crate::users::User;

/// The users that the query asks for.
///
/// # Errors
/// `invalid` for a field that this plugin may not see.
pub fn find(query: impl Into<Query>) -> Result<Vec<User>> {
    rows(host::user_directory::find(&query.into().into_raw())?)
}

/// How many users meet the conditions.
///
/// # Errors
/// As [`find`].
pub fn count(filter: Filter) -> Result<u64> {
    Ok(host::user_directory::count(&filter.into_raw())?)
}
