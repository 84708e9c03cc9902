//! What commands change is an event of the audit log, with the person at the terminal as its actor.

use serde_json::Value as Json;

use super::serve::missing_database;
use crate::app::open_migrated;
use crate::auth::audit::{ActorKind, AuditEvent, Keys, write_now};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::store::{Store, StoreError};

/// Something that was done at the terminal.
pub struct Deed {
    event: String,
    target: Option<String>,
    details: Option<Json>,
}

impl Deed {
    /// What was done.
    pub fn new(event: &str) -> Self {
        Self { event: event.to_owned(), target: None, details: None }
    }

    /// The user to whom.
    pub fn to(self, user_id: &str) -> Self {
        Self { target: Some(user_id.to_owned()), ..self }
    }

    /// What else is known, without secrets.
    pub fn with(self, details: Json) -> Self {
        Self { details: Some(details).filter(|details| !details.is_null()), ..self }
    }
}

/// Writes the event; nothing where the audit log is off.
///
/// # Errors
/// When the store fails.
pub async fn note(store: &Store, config: &Config, deed: &Deed) -> Result<(), StoreError> {
    if !config.audit.enabled {
        return Ok(());
    }
    let event = AuditEvent {
        actor_kind: ActorKind::Terminal,
        actor: Some(format!("terminal:{}", account())),
        target: deed.target.clone(),
        details: deed.details.clone(),
        ..AuditEvent::new(&deed.event, SystemClock.now())
    };
    write_now(store, &Keys::of(config), &[event]).await
}

/// As [`note`], for a command that works without a database too: then nothing is written.
pub fn note_if_possible(config: &Config, deed: &Deed) {
    if !config.has_database() || missing_database(config).is_some() {
        return;
    }
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    runtime.block_on(async {
        let noted = match open_migrated(config).await {
            Ok(store) => note(&store, config, deed).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = noted {
            tracing::warn!(error, "the audit log does not tell of this");
        }
    });
}

/// The account of whoever runs this process, and of whoever became that account by sudo.
fn account() -> String {
    let name = own_name().unwrap_or_else(|| "unknown".to_owned());
    match std::env::var("SUDO_USER") {
        Ok(before) if !before.is_empty() && before != name => format!("{before} as {name}"),
        _ => name,
    }
}

#[cfg(unix)]
fn own_name() -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let Ok(process) = std::fs::metadata("/proc/self") else { return std::env::var("USER").ok() };
    let id = process.uid().to_string();
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = accounts.lines().find_map(|line| {
        let mut parts = line.split(':');
        let name = parts.next()?;
        (parts.nth(1)? == id).then(|| name.to_owned())
    });
    Some(named.unwrap_or_else(|| format!("uid {id}")))
}

#[cfg(not(unix))]
fn own_name() -> Option<String> {
    std::env::var("USERNAME").ok()
}
