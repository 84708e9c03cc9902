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
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # for name in ["ada", "bob", "eve"] {
/// #     users::create(&json!({ "email": format!("{name}@example.com"), "name": name }))?;
/// # }
/// // The second page, with two people on each.
/// let page = user_directory::find(Filter::all().order_by("email").limit(2).offset(2))?;
/// assert_eq!(page[0].email(), "eve@example.com");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `invalid` for a field that this plugin may not see.
pub fn find(query: impl Into<Query>) -> Result<Vec<User>> {
    rows(host::user_directory::find(&query.into().into_raw())?)
}

/// How many users meet the conditions.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # users::create(&json!({ "email": "ada@example.com" }))?;
/// let unproven = user_directory::count(eq("emailVerified", false))?;
/// let overview = Section::titled("Addresses").fact("Not verified", unproven);
/// assert_eq!(overview.facts[0].value, "1");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// As [`find`].
pub fn count(filter: Filter) -> Result<u64> {
    Ok(host::user_directory::count(&filter.into_raw())?)
}
