//! The table of what operators set while the server runs: texts by key.

use super::Database;
use super::core_models::SETTING;
use super::error::StoreError;
use super::models::Models;
use super::query::eq;
use super::record::Record;
use crate::clock::Timestamp;

/// More rows than there are settings.
const MOST: u32 = 10_000;

/// All rows, by key.
///
/// # Errors
/// As `Models`.
pub async fn find_all(database: &dyn Database) -> Result<Vec<Record>, StoreError> {
    let mut rows = database.find_many(SETTING, &[], None, Some(MOST), None).await?;
    rows.sort_by(|a, b| a.text("key").cmp(b.text("key")));
    Ok(rows)
}

/// The value of a key.
///
/// # Errors
/// As `Models`.
pub async fn find(database: &dyn Database, key: &str) -> Result<Option<String>, StoreError> {
    let row = database.find_one(SETTING, &[eq("key", key)]).await?;
    Ok(row.map(|row| row.text("value").to_owned()))
}

/// Puts `value` in place of `seen`. False when something else stands there.
///
/// # Errors
/// As `Models`.
pub async fn exchange(
    database: &dyn Database,
    key: &str,
    (seen, value): (&str, &str),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let values = [("value", value.into()), ("updatedAt", now.into())];
    Ok(!database.update(SETTING, &[eq("key", key), eq("value", seen)], &values).await?.is_empty())
}

/// Writes a new row; `by` is who wants it.
///
/// # Errors
/// `UniqueViolation` when the key is there already.
pub async fn add(
    database: &dyn Database,
    id: &str,
    (key, value): (&str, &str),
    (now, by): (Timestamp, Option<&str>),
) -> Result<(), StoreError> {
    let mut row = Record::new(database.schema().model(SETTING)?);
    row.set("id", id)?;
    row.set("key", key)?;
    row.set("value", value)?;
    row.set("updatedAt", now)?;
    row.set("updatedBy", by)?;
    database.insert(row).await.map(drop)
}

/// Removes a key, if it is there.
///
/// # Errors
/// As `Models`.
pub async fn remove(database: &dyn Database, key: &str) -> Result<(), StoreError> {
    database.delete(SETTING, &[eq("key", key)]).await.map(drop)
}
