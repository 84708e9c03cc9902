//! Several changes as one.

use crate::error::Result;
use crate::host;

/// Runs `work` in a transaction: its changes are all kept when it returns `Ok`, none of them otherwise.
///
/// # Errors
/// What `work` returned, or why the transaction could not be committed.
pub fn run<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    let transaction = host::transactions::begin()?;
    let value = work()?;
    transaction.commit()?;
    Ok(value)
}
