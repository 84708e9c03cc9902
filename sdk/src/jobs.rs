//! Work for later: a job that [`Plugin::job`](crate::Plugin::job) declares, run once the present transaction has committed.
//!
//! ```
//! use doorward_sdk::{fake, prelude::*};
//! # fake::reset();
//! let plugin = Plugin::new("invites", "1.0.0").job(Job::new("remind", |_task| Ok(())));
//! jobs::enqueue_in(3600, "remind", &json!({ "user": "user-1" }))?;
//! assert_eq!(fake::with(|world| world.jobs[0].delay_secs), 3600);
//! # Ok::<(), Error>(())
//! ```

use crate::error::Result;
use crate::host;
use serde::Serialize;

/// Lets the server run the job `name` as soon as it can, and returns its id. A payload is what JSON can say, with at most
/// 65,536 bytes. It is sealed in the database.
///
/// # Errors
/// `denied` for a job that is not declared, `invalid` for a payload that is too large.
pub fn enqueue(name: &str, payload: &impl Serialize) -> Result<String> {
    enqueue_in(0, name, payload)
}

/// As [`enqueue`], in so many seconds, at most 366 days.
///
/// # Errors
/// As [`enqueue`].
pub fn enqueue_in(delay_secs: u64, name: &str, payload: &impl Serialize) -> Result<String> {
    Ok(host::jobs::enqueue(name, &serde_json::to_string(payload)?, delay_secs)?)
}
