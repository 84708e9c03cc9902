//! The exports that are called beside requests: `data-steps` and `background`.

use super::{Declare, plugin, report_panics, unknown};
use crate::background::Task;
use crate::bindings::doorward::plugin::types as raw;
use crate::error::Error;

/// `data-steps.backfill`.
///
/// # Errors
/// The refusal of the plugin's function, or 500 for an index that the manifest does not have.
pub fn backfill(declare: Declare, index: u32, rows: &[String]) -> Result<Vec<String>, raw::ApiError> {
    report_panics();
    let plugin = plugin(declare);
    let Some(work) = plugin.backfills.get(index as usize) else { return Err(unknown(index)) };
    let fields = rows.iter().map(|row| {
        let row = serde_json::from_str(row)?;
        work(&row).map(|fields| serde_json::Value::Object(fields).to_string())
    });
    fields.collect::<crate::Result<_>>().map_err(Error::into_refusal)
}

/// `background.run` and `.hear`; `what` is the task's id, the attempt and the payload.
///
/// # Errors
/// The refusal of the plugin's function, or 500 for an index that the manifest does not have.
pub fn background(
    declare: Declare,
    is_job: bool,
    index: u32,
    (id, attempt, payload): (String, u32, String),
) -> Result<(), raw::ApiError> {
    report_panics();
    let plugin = plugin(declare);
    let calls = if is_job { &plugin.jobs } else { &plugin.listeners };
    let Some(call) = calls.get(index as usize) else { return Err(unknown(index)) };
    let payload = serde_json::from_str(&payload).map_err(Error::from);
    payload.and_then(|payload| call(&Task::new(id, attempt, payload))).map_err(Error::into_refusal)
}
