//! What operators set while the server runs: rows of the database, with a version that every node looks at.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::audit::{AuditEvent, Keys, append_within};
use super::{Auth, AuthError};
use crate::clock::Timestamp;
use crate::config::{Config, Fault, SettingKind};
use crate::crypto::purpose::Purpose;
use crate::store::{Database, Store, StoreError, setting};

/// The key of the row that holds the version; no option is called so.
const VERSION: &str = "$version";
/// The key of the row that holds which plugins were loaded last.
const PLUGINS: &str = "$plugins";
/// The event of plugins that were switched on or off in the configuration file.
const PLUGINS_CHANGED: &str = "plugin-switch";
/// What a value is under that is no secret, and one that is.
const PLAIN: &str = "plain";
const SEALED: &str = "sealed";
/// How often a change is tried that met an event of the audit log.
const MOST_TRIES: u32 = 20;

/// The values that are set.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    /// Counts the changes.
    pub version: i64,
    /// By the option's name.
    pub values: Vec<(String, Json)>,
    /// Who set each, and when.
    pub set: BTreeMap<String, (Option<String>, Option<Timestamp>)>,
    /// Rows that nobody can read.
    pub faults: Vec<Fault>,
}

/// A change that somebody wants.
#[derive(Debug)]
pub struct SettingsChange {
    /// The version that they saw.
    pub version: i64,
    /// By the option's name: the value, or none to remove it.
    pub values: Vec<(String, Option<Json>)>,
    /// Who they are.
    pub by: Option<String>,
    /// What the audit log gets.
    pub events: Vec<AuditEvent>,
}

/// The version alone; 0 before the first change.
///
/// # Errors
/// As `Models`.
pub async fn version(database: &dyn Database) -> Result<i64, StoreError> {
    Ok(setting::find(database, VERSION).await?.and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// Everything that is set. A secret that cannot be opened is a fault, and so is a row that is none.
///
/// # Errors
/// As `Models`.
pub async fn read(database: &dyn Database, config: &Config) -> Result<Overlay, StoreError> {
    let keys = config.all_secrets.derived(Purpose::Settings);
    let mut overlay = Overlay { version: version(database).await?, ..Overlay::default() };
    for row in setting::find_all(database).await?.iter().filter(|row| !row.text("key").starts_with('$')) {
        let key = row.text("key").to_owned();
        let stored: Json = serde_json::from_str(row.text("value")).unwrap_or(Json::Null);
        let opened = stored.get(SEALED).and_then(Json::as_str).map(|sealed| keys.open(sealed).map(Json::String));
        match (stored.get(PLAIN), opened) {
            (Some(value), _) => overlay.values.push((key.clone(), value.clone())),
            (None, Some(Some(value))) => overlay.values.push((key.clone(), value)),
            (None, Some(None)) => {
                let text = "the secret that sealed it is not in the configuration any more".to_owned();
                overlay.faults.push(Fault { key: key.clone(), text });
            }
            (None, None) => overlay.faults.push(Fault { key: key.clone(), text: "its row is damaged".to_owned() }),
        }
        overlay.set.insert(key, (row.opt_text("updatedBy").map(str::to_owned), row.timestamp("updatedAt")));
    }
    Ok(overlay)
}

/// Stores a change together with its events. The new version; none when somebody else has changed something since.
///
/// # Errors
/// When the store fails.
pub async fn write(store: &Store, auth: &Auth, change: &SettingsChange) -> Result<Option<i64>, AuthError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let transaction = store.begin().await?;
        let written = match write_within(auth, &transaction, change).await {
            Ok(None) => return Ok(None),
            Ok(Some(version)) => match transaction.commit().await {
                Ok(()) => return Ok(Some(version)),
                Err(error) => AuthError::from(error),
            },
            Err(error) => error,
        };
        if !matches!(written, AuthError::Store(StoreError::Conflict)) || tries == MOST_TRIES {
            return Err(written);
        }
    }
}

/// Compares the plugins that are loaded with those that were loaded last, by any node; what was switched on or off since is an
/// event of the audit log.
///
/// # Errors
/// When the store fails.
pub async fn note_plugins(auth: &Auth, store: &Store, names: &[String]) -> Result<(), AuthError> {
    if !auth.config.has_database() {
        return Ok(());
    }
    // Each is its id and its version.
    let ids: Vec<&str> = names.iter().filter_map(|name| name.split_whitespace().next()).collect();
    let now = ids.join(" ");
    let Some(before) = setting::find(store, PLUGINS).await? else {
        return match setting::add(store, &auth.random.id(), (PLUGINS, &now), (auth.now(), None)).await {
            // Another node was faster.
            Ok(()) | Err(StoreError::UniqueViolation { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        };
    };
    if before == now || !setting::exchange(store, PLUGINS, (&before, &now), auth.now()).await? {
        return Ok(());
    }
    let [was, is] = [&before, &now].map(|text| text.split_whitespace().collect::<BTreeSet<_>>());
    let [on, off] = [is.difference(&was), was.difference(&is)].map(|names| names.copied().collect::<Vec<_>>());
    if !on.is_empty() || !off.is_empty() {
        let details = Some(json!({ "on": on, "off": off }));
        auth.audit.record(AuditEvent { details, ..AuditEvent::new(PLUGINS_CHANGED, auth.now()) });
    }
    Ok(())
}

async fn write_within(auth: &Auth, db: &dyn Database, change: &SettingsChange) -> Result<Option<i64>, AuthError> {
    let next = change.version + 1;
    if !move_version(auth, db, (change.version, next)).await? {
        return Ok(None);
    }
    let keys = auth.config.all_secrets.derived(Purpose::Settings);
    for (key, value) in &change.values {
        setting::remove(db, key).await?;
        let Some(value) = value else { continue };
        let is_secret = auth.config.setting(key).is_some_and(|setting| setting.kind == SettingKind::Secret);
        let stored = match value.as_str().filter(|_| is_secret) {
            None => json!({ PLAIN: value }),
            Some(text) => {
                let sealed = keys.seal(auth.random.as_ref(), text);
                json!({ SEALED: sealed.ok_or_else(|| AuthError::Internal("there is no secret to seal with".into()))? })
            }
        };
        let stored = stored.to_string();
        setting::add(db, &auth.random.id(), (key, &stored), (auth.now(), change.by.as_deref())).await?;
    }
    if auth.audit.is_on() {
        append_within(db, &Keys::of(&auth.config), &change.events).await?;
    }
    Ok(Some(next))
}

/// Whether the version was the one that was seen.
async fn move_version(auth: &Auth, db: &dyn Database, (seen, next): (i64, i64)) -> Result<bool, AuthError> {
    let (before, after) = (seen.to_string(), next.to_string());
    if setting::exchange(db, VERSION, (&before, &after), auth.now()).await? {
        return Ok(true);
    }
    if seen != 0 || version(db).await? != 0 {
        return Ok(false);
    }
    match setting::add(db, &auth.random.id(), (VERSION, &after), (auth.now(), None)).await {
        Ok(()) => Ok(true),
        Err(StoreError::UniqueViolation { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
