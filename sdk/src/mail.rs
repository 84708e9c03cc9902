//! Mail, sent by the server once the change that caused it is committed.
//!
//! ```
//! use doorward_sdk::{fake, prelude::*};
//! # fake::reset();
//! let plugin = Plugin::new("seats", "1.0.0").mail("seat-taken");
//! mail::enqueue("seat-taken", "ada@example.com", &json!({ "seat": 7 }))?;
//! assert_eq!(fake::with(|world| world.mails.len()), 1);
//! # Ok::<(), Error>(())
//! ```

use crate::error::Result;
use crate::host;
use serde_json::Value;

/// Puts a mail of a declared `kind` into the outbox; `data` is what its template or webhook gets.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// # fake::reset();
/// let url = links::with_query(&links::endpoint("/newsletter/confirm"), "token", "t-1");
/// mail::enqueue("confirm-newsletter", "ada@example.com", &json!({ "url": url, "language": "de" }))?;
/// let (kind, to, data) = fake::with(|world| world.mails[0].clone());
/// assert_eq!((kind.as_str(), to.as_str()), ("confirm-newsletter", "ada@example.com"));
/// assert!(data["url"].as_str().unwrap().ends_with("?token=t-1"));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `denied` for a kind that is not declared.
pub fn enqueue(kind: &str, to: &str, data: &Value) -> Result<()> {
    Ok(host::mail::enqueue(kind, to, &data.to_string())?)
}
