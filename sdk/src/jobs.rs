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
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// # fake::reset();
/// let id = jobs::enqueue("export", &json!({ "user": "user-1", "format": "csv" }))?;
/// let job = fake::with(|world| world.jobs[0].clone());
/// assert_eq!((job.name.as_str(), job.payload["format"].as_str()), ("export", Some("csv")));
/// assert!(!id.is_empty());
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `denied` for a job that is not declared, `invalid` for a payload that is too large.
pub fn enqueue(name: &str, payload: &impl Serialize) -> Result<String> {
    enqueue_in(0, name, payload)
}

/// As [`enqueue`], in so many seconds, at most 366 days.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// // A reminder a day before the invitation ends.
/// jobs::enqueue_in(6 * 86_400, "remind", &"ada@example.com")?;
/// assert!(jobs::enqueue_in(400 * 86_400, "remind", &"too late").is_err());
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// As [`enqueue`].
pub fn enqueue_in(delay_secs: u64, name: &str, payload: &impl Serialize) -> Result<String> {
    Ok(host::jobs::enqueue(name, &serde_json::to_string(payload)?, delay_secs)?)
}
