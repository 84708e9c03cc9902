//! The table of what scripts keep: small values by script and key, of a user or of nobody.

use super::Database;
use super::core_models::SCRIPT_VALUE;
use super::error::StoreError;
use super::models::Models;
use super::query::{Filter, eq};
use super::record::Record;
use super::value::Value;
use crate::clock::Timestamp;
use crate::crypto::{hex, sha256};

/// Whose values: a script's, of one user or of nobody.
#[derive(Clone, Copy, Debug)]
pub struct Shelf<'a> {
    /// Names the script.
    pub script: &'a str,
    /// The user whom the values are about; they go with the user.
    pub user_id: Option<&'a str>,
}

impl Shelf<'_> {
    fn id(&self, key: &str) -> String {
        // No part holds a line break but the key, which is the last.
        hex(&sha256(format!("{}\n{}\n{key}", self.script, self.user_id.unwrap_or_default()).as_bytes()))
    }

    fn filters(&self) -> [Filter; 2] {
        [eq("script", self.script), eq("userId", self.user_id.map_or(Value::Null, Value::from))]
    }
}

/// The value of a key, as JSON.
///
/// # Errors
/// As `Models`.
pub async fn find(database: &dyn Database, shelf: Shelf<'_>, key: &str) -> Result<Option<String>, StoreError> {
    let row = database.find_one(SCRIPT_VALUE, &[eq("id", shelf.id(key))]).await?;
    Ok(row.map(|row| row.text("value").to_owned()))
}

/// Replaces or adds the value of a key. False when it would be one more than `most`.
///
/// # Errors
/// As `Models`; `ForeignKeyViolation` when there is no such user.
pub async fn put(
    database: &dyn Database,
    shelf: Shelf<'_>,
    (key, value): (&str, &str),
    most: u64,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if replace(database, shelf, (key, value), now).await? {
        return Ok(true);
    }
    if database.count(SCRIPT_VALUE, &shelf.filters()).await? >= most {
        return Ok(false);
    }
    let mut row = Record::new(database.schema().model(SCRIPT_VALUE)?);
    row.set("id", shelf.id(key))?;
    row.set("script", shelf.script)?;
    row.set("userId", shelf.user_id)?;
    row.set("key", key)?;
    row.set("value", value)?;
    row.set("updatedAt", now)?;
    match database.insert(row).await {
        // Another request was first. A transaction in which a statement failed is over.
        Err(StoreError::UniqueViolation { .. }) if !database.is_transaction() => {
            replace(database, shelf, (key, value), now).await
        }
        inserted => inserted.map(|_| true),
    }
}

async fn replace(
    database: &dyn Database,
    shelf: Shelf<'_>,
    (key, value): (&str, &str),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let values = [("value", value.into()), ("updatedAt", now.into())];
    Ok(!database.update(SCRIPT_VALUE, &[eq("id", shelf.id(key))], &values).await?.is_empty())
}

/// Removes a key, if it is there.
///
/// # Errors
/// As `Models`.
pub async fn remove(database: &dyn Database, shelf: Shelf<'_>, key: &str) -> Result<(), StoreError> {
    database.delete(SCRIPT_VALUE, &[eq("id", shelf.id(key))]).await.map(drop)
}
