//! Several changes as one.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! # doorward_sdk::fake::reset();
//! let undone: Result<()> = transactions::run(|| {
//!     verifications::create("seat:7", "ada", 60)?;
//!     Err(Error::new(409, "SEAT_TAKEN", "The seat is taken"))
//! });
//! assert!(undone.is_err());
//! assert_eq!(verifications::find("seat:7")?, None);
//! # Ok::<(), Error>(())
//! ```

use crate::error::Result;
use crate::host;

/// Runs `work` in a transaction: its changes are all kept when it returns `Ok`, none of them otherwise. Within another one,
/// what it changed is undone alone, and kept when the outer one is.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// # fake::reset();
/// // The seat and the mail that tells of it, or neither.
/// let taken = transactions::run(|| {
///     let seat: Value = models::insert("seat", &json!({ "number": 7 }))?;
///     mail::enqueue("seat-taken", "ada@example.com", &json!({ "seat": seat["number"] }))?;
///     Ok(seat)
/// })?;
/// assert_eq!((&taken["number"], fake::with(|world| world.mails.len())), (&json!(7), 1));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// What `work` returned, or why the transaction could not be committed.
pub fn run<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    let transaction = host::transactions::begin()?;
    let value = work()?;
    transaction.commit()?;
    Ok(value)
}
