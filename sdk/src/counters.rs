//! Counts that many requests change at once: attempts, failures. Each key is this plugin's own.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! # doorward_sdk::fake::reset();
//! for attempt in 1..=3 {
//!     assert_eq!(counters::hit("code:u1", 600)?, attempt);
//! }
//! counters::reset("code:u1")?;
//! assert_eq!(counters::peek("code:u1")?, 0);
//! # Ok::<(), Error>(())
//! ```

use crate::error::Result;
use crate::host;

/// Adds one and returns the count since the window began; a window that has ended begins anew. Exact under concurrency, and
/// outside of transactions: an attempt counts also when the request fails.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// fn guess(user: &str) -> Result<()> {
///     if counters::hit(&format!("guesses of {user}"), 900)? > 5 {
///         return Err(Error::new(429, "TOO_MANY_GUESSES", "Ask for another code"));
///     }
///     Ok(())
/// }
///
/// assert!((0..5).all(|_| guess("ada").is_ok()));
/// assert!(guess("ada").is_err() && guess("bob").is_ok());
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `invalid` while a transaction is open.
pub fn hit(key: &str, window_secs: u32) -> Result<u64> {
    Ok(host::counters::hit(key, window_secs)?)
}

/// The count of the present window, without adding.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// # fake::reset();
/// counters::hit("downloads", 86_400)?;
/// assert_eq!(counters::peek("downloads")?, 1);
/// fake::pass_secs(86_401);
/// assert_eq!(counters::peek("downloads")?, 0, "the window is over");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// As [`hit`].
pub fn peek(key: &str) -> Result<u64> {
    Ok(host::counters::peek(key)?)
}

/// Forgets the count.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// counters::hit("guesses of ada", 900)?;
/// // The right code ends the count of wrong ones.
/// counters::reset("guesses of ada")?;
/// assert_eq!(counters::hit("guesses of ada", 900)?, 1);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// As [`hit`].
pub fn reset(key: &str) -> Result<()> {
    Ok(host::counters::reset(key)?)
}

/// Runs `work` while no other request, on any node, runs one for this key; waits for its turn for at most `wait_millis`
/// (8000), and for `lease_secs` (60) at most keeps others waiting. None when it waited in vain.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// let made = counters::in_turn("refresh:a1", 15, 5000, || Ok(7))?;
/// assert_eq!(made, Some(7));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// As [`hit`], and those of `work`.
pub fn in_turn<T>(key: &str, lease_secs: u32, wait_millis: u32, work: impl FnOnce() -> Result<T>) -> Result<Option<T>> {
    if !host::counters::acquire(key, lease_secs, wait_millis)? {
        return Ok(None);
    }
    let done = work();
    reset(key)?;
    done.map(Some)
}
