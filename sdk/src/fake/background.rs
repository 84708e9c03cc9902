//! The fake host's jobs and events for other plugins.

use super::{duty, with};
use crate::bindings::doorward::plugin::types::HostError;
use serde_json::Value;

/// A job that the plugin enqueued.
///
/// ```
/// use doorward_sdk::prelude::*;
/// use doorward_sdk::fake::{self, Enqueued};
/// # fake::reset();
/// let plugin = Plugin::new("trials", "1.0.0")
///     .job(Job::new("begin", |_task| jobs::enqueue_in(86_400, "end", &"user-1").map(drop)))
///     .job(Job::new("end", |_task| Ok(())));
/// fake::run_job(&plugin, "begin", &Value::Null)?;
/// let later = Enqueued { name: "end".to_owned(), payload: json!("user-1"), delay_secs: 86_400 };
/// assert_eq!(fake::with(|world| world.jobs.clone()), [later]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Enqueued {
    /// The job's name.
    pub name: String,
    /// What it is given.
    pub payload: Value,
    /// In how many seconds it is due.
    pub delay_secs: u64,
}

const LONGEST_DELAY_SECS: u64 = 366 * 86_400;
const MOST_BYTES: usize = 64 << 10;

fn payload_of(text: &str) -> Result<Value, HostError> {
    if text.len() > MOST_BYTES {
        return Err(HostError::Invalid(format!("a payload has at most {MOST_BYTES} bytes")));
    }
    serde_json::from_str(text).map_err(|error| HostError::Invalid(format!("the payload is no JSON: {error}")))
}

/// Work for later.
pub mod jobs {
    use super::{Enqueued, LONGEST_DELAY_SECS, duty, payload_of, with};
    use crate::bindings::doorward::plugin::types::HostError;

    pub fn enqueue(name: &str, payload: &str, delay_secs: u64) -> Result<String, HostError> {
        at_its_time!("jobs", "enqueue");
        duty::job(name)?;
        if delay_secs > LONGEST_DELAY_SECS {
            return Err(HostError::Invalid(format!("a delay is at most {LONGEST_DELAY_SECS} seconds")));
        }
        let payload = payload_of(payload)?;
        with(|world| {
            world.drawn += 1;
            world.jobs.push(Enqueued { name: name.to_owned(), payload, delay_secs });
            Ok(format!("job-{}", world.drawn))
        })
    }
}

/// Events for other plugins.
pub mod plugin_events {
    use super::{duty, payload_of, with};
    use crate::bindings::doorward::plugin::types::HostError;
    use serde_json::Value;

    pub fn emit(name: &str, payload: &str) -> Result<(), HostError> {
        at_its_time!("plugin-events", "emit");
        let Value::Object(fields) = payload_of(payload)? else {
            return Err(HostError::Invalid("the payload is no object".to_owned()));
        };
        duty::emission(name, &fields)?;
        with(|world| world.emitted.push((name.to_owned(), Value::Object(fields))));
        Ok(())
    }
}
