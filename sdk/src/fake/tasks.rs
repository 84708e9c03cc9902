//! Runs a plugin's jobs and lets it hear of events, as the host does.

use super::duty::{self, Sight};
use super::run::during;
use super::with;
use crate::background::{Task, TaskFn};
use crate::{Error, Plugin};
use doorward_contract::Moment;
use serde_json::Value;

/// Runs a job of the plugin with this payload, as the server does.
///
/// # Errors
/// What the job refused with; 404 when the plugin has no such job.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// let plugin = Plugin::new("tidy", "1.0.0").job(Job::new("sweep", |task| Err(Error::new(500, "LATER", task.id()))));
/// assert!(fake::run_job(&plugin, "sweep", &json!(null)).is_err());
/// ```
pub fn run_job(plugin: &Plugin, name: &str, payload: &Value) -> Result<(), Error> {
    let place = plugin.manifest.jobs.iter().position(|job| job.name == name);
    run(plugin, place.and_then(|place| plugin.jobs.get(place)), payload.clone())
}

/// Lets the plugin hear of an event of another plugin: it is told the fields that it expects, and secrets when it asks for
/// them.
///
/// # Errors
/// What it refused with; 404 when it does not listen to it, 500 when a field is missing or of another type.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// let plugin = Plugin::new("greeter", "1.0.0").listens(Listener::new("invites:redeemed", |_task| Ok(())));
/// assert!(fake::hear(&plugin, "invites:redeemed", &json!({})).is_ok());
/// assert!(fake::hear(&plugin, "invites:made", &json!({})).is_err());
/// ```
pub fn hear(plugin: &Plugin, event: &str, payload: &Value) -> Result<(), Error> {
    let place = plugin.manifest.listens.iter().position(|rule| rule.event == event);
    let rule = place.and_then(|place| plugin.manifest.listens.get(place));
    let told = rule.map(|rule| rule.told(payload.as_object().cloned().unwrap_or_default(), &[] as &[&str]));
    let told = told.unwrap_or_default();
    if let Some(fault) = rule.and_then(|rule| rule.payload_fault(&told, duty::is_date)) {
        return Err(Error::new(500, "PAYLOAD", fault));
    }
    run(plugin, place.and_then(|place| plugin.listeners.get(place)), Value::Object(told))
}

fn run(plugin: &Plugin, call: Option<&TaskFn>, payload: Value) -> Result<(), Error> {
    let Some(call) = call else { return Err(Error::new(404, "NOT_FOUND", "the plugin declares no such thing")) };
    let id = with(|world| {
        world.drawn += 1;
        format!("task-{}", world.drawn)
    });
    let task = Task::new(id, 1, payload);
    during(plugin, Moment::Job, Sight::default(), || call(&task))
}
