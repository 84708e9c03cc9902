//! Events for other plugins: those that [`Plugin::emits`](crate::Plugin::emits) declares, told once the present transaction has
//! committed.
//!
//! ```
//! use doorward_sdk::{fake, prelude::*};
//! # fake::reset();
//! let plugin = Plugin::new("invites", "1.0.0")
//!     .emits(Emission::new("redeemed").field(FieldRule::new("userId", FieldType::String).required()));
//! plugin_events::emit("redeemed", &json!({ "userId": "user-1" }))?;
//! assert_eq!(fake::with(|world| world.emitted[0].0.clone()), "redeemed");
//! # Ok::<(), Error>(())
//! ```

use crate::error::Result;
use crate::host;
use serde::Serialize;

/// Tells every plugin that listens to the event `name` of this plugin.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// # fake::reset();
/// let plugin = Plugin::new("newsletter", "1.0.0")
///     .emits(Emission::new("left").field(FieldRule::new("reason", FieldType::String).required()))
///     .job(Job::new("leave", |_task| plugin_events::emit("left", &json!({ "reason": "bounced" }))))
///     .job(Job::new("forget", |_task| plugin_events::emit("left", &json!({}))));
/// fake::run_job(&plugin, "leave", &Value::Null)?;
/// assert!(fake::run_job(&plugin, "forget", &Value::Null).is_err(), "the reason is missing");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `denied` for an event that is not declared, `invalid` for a payload with other fields than it declares, or with more than
/// 65,536 bytes.
pub fn emit(name: &str, payload: &impl Serialize) -> Result<()> {
    Ok(host::plugin_events::emit(name, &serde_json::to_string(payload)?)?)
}
