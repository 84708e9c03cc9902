//! The counters of the rate limiter, for `rate_limit.storage = "database"`.

use super::Database;
use super::error::StoreError;
use super::models::Models;
use super::query::eq;
use super::schema::Schema;
use super::statement::{Builder, Statement};
use crate::clock::Timestamp;
use doorward_contract::FieldType;

/// Name of the model, which `Schema::add_rate_limit` adds.
pub const MODEL: &str = "rateLimit";

/// A last request further ahead than this was counted before the clock stepped back, not by a node whose clock is ahead.
const AHEAD_SECS: i64 = 30;

/// Counts a request under `key`: at most `max` within `window_ms` of the one before. Returns when the last counted
/// request was if this one is over the limit, and `None` if it may pass. One statement counts, so that of requests that
/// race, in one process or several, exactly `max` pass.
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

/// Starts a row, or a new window when the last request was at `opened` or before, or far in the future, or counts one more
/// when there is room; otherwise touches nothing and returns no row.
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
    let is_over = |out: &mut Builder| {
        let ahead = now.plus_secs(AHEAD_SECS).0;
        out.name(&model.table).sql(".").name(&last.column).sql(" <= ").bind(FieldType::Number, opened.into());
        out.sql(" OR ").name(&model.table).sql(".").name(&last.column).sql(" > ");
        out.bind(FieldType::Number, ahead.into());
    };
    out.sql(" = CASE WHEN ");
    is_over(&mut out);
    out.sql(" THEN 1 ELSE ").name(&model.table).sql(".").name(&count.column).sql(" + 1 END, ").name(&last.column);
    out.sql(" = ").bind(FieldType::Number, now.0.into());
    out.sql(" WHERE ");
    is_over(&mut out);
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
