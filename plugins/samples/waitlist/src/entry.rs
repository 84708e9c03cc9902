//! The rows of the waitlist.

use doorward_sdk::prelude::*;
use serde::{Deserialize, Serialize};

const TABLE: &str = "waitlistEntry";

/// One address that asked for a place.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    pub email: String,
    pub created_at: String,
    pub invited_at: Option<String>,
}

/// The entry of an address; letter case does not matter.
pub fn find(email: &str) -> Result<Option<Entry>> {
    models::find_one(TABLE, eq("email", email.to_lowercase()))
}

/// Adds an address. One that is there already stays as it is.
pub fn add(email: &str) -> Result<()> {
    if find(email)?.is_some() {
        return Ok(());
    }
    let row = json!({ "email": email.to_lowercase(), "createdAt": now() });
    match models::insert::<Entry>(TABLE, &row) {
        // Someone asked for the same address at the same moment.
        Err(Error::Host(HostError::Conflict(_))) => Ok(()),
        other => other.map(|_| ()),
    }
}

/// Marks an address as invited. False when it is not on the list; one that was invited before stays so.
pub fn invite(email: &str) -> Result<bool> {
    let invited: Vec<Entry> = models::update(TABLE, eq("email", email.to_lowercase()), &json!({ "invitedAt": now() }))?;
    Ok(!invited.is_empty())
}

/// The oldest entries first.
pub fn list(limit: u32) -> Result<Vec<Entry>> {
    models::find(TABLE, Filter::all().order_by("createdAt").limit(limit))
}

fn now() -> String {
    clock::iso_text(clock::now_millis())
}
