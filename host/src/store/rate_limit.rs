//! The counters of the rate limiter, for `rate_limit.storage = "database"`.

use super::Database;
use super::error::StoreError;
use super::models::Models;
use super::query::{eq, lt};
use super::schema::Schema;
use super::statement::{Builder, Statement};
use crate::clock::Timestamp;
use doorward_contract::FieldType;

/// Name of the model, which `Schema::add_rate_limit` adds.
pub const MODEL: &str = "rateLimit";

/// Counts a request under `key`: at most `max` requests, each within `window_ms` of the one before. Returns `None` if
/// it may pass. If it is over the limit, returns the time of the last counted request. It is one statement, so of
/// racing requests, in one process or several, exactly `max` pass.
///
/// # Errors
/// As `Models`.
pub async fn count_request(
    database: &dyn Database,
    id: &str,
    key: &str,
    (window_ms, max): (i64, i64),
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    if max < 1 {
        return Ok(Some(now));
    }
    let statement = counting(database.schema(), [id, key], (now.0.saturating_sub(window_ms), max), now)?;
    if !database.run(statement).await?.is_empty() {
        return Ok(None);
    }
    let row = database.find_one(MODEL, &[eq("key", key)]).await?;
    Ok(Some(Timestamp(row.and_then(|row| row.integer("lastRequest")).unwrap_or(now.0))))
}

/// Inserts a row, or starts a new window if the last request was at `opened` or before, or counts one more if there is
/// room. Otherwise it changes nothing and returns no row.
fn counting(
    schema: &Schema,
    [id, key]: [&str; 2],
    (opened, max): (i64, i64),
    now: Timestamp,
) -> Result<Statement, StoreError> {
    let model = schema.model(MODEL)?;
    let (key_field, count, last) = (model.field("key")?, model.field("count")?, model.field("lastRequest")?);
    let mut out = Builder::write("INSERT INTO ");
    out.name(&model.table).sql(" (").names("", model.fields.iter().map(|field| field.column.as_str()));
    out.sql(") VALUES (").bind(FieldType::String, id.into()).sql(", ").bind(FieldType::String, key.into());
    out.sql(", 1, ").bind(FieldType::Number, now.0.into());
    out.sql(") ON CONFLICT (").name(&key_field.column).sql(") DO UPDATE SET ").name(&count.column);
    out.sql(" = CASE WHEN ").name(&model.table).sql(".").name(&last.column).sql(" <= ");
    out.bind(FieldType::Number, opened.into());
    out.sql(" THEN 1 ELSE ").name(&model.table).sql(".").name(&count.column).sql(" + 1 END, ").name(&last.column);
    out.sql(" = ").bind(FieldType::Number, now.0.into());
    out.sql(" WHERE ").name(&model.table).sql(".").name(&last.column).sql(" <= ");
    out.bind(FieldType::Number, opened.into());
    out.sql(" OR ").name(&model.table).sql(".").name(&count.column).sql(" < ").bind(FieldType::Number, max.into());
    out.sql(" RETURNING 1");
    out.build()
}

/// Removes the counter of `key`, if there is one.
///
/// # Errors
/// As `Models`.
pub async fn forget(database: &dyn Database, key: &str) -> Result<(), StoreError> {
    database.delete(MODEL, &[eq("key", key)]).await.map(drop)
}

/// Removes counters whose last request is older than `before`.
///
/// # Errors
/// As `Models`.
pub async fn sweep(database: &dyn Database, before: Timestamp) -> Result<u64, StoreError> {
    database.delete(MODEL, &[lt("lastRequest", before.0)]).await
}
