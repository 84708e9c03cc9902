//! The counters of the rate limiter, for `rate_limit.storage = "database"`.

use super::error::StoreError;
use super::models::Models;
use super::query::{Filter, eq, gt, lt, lte};
use super::record::Record;
use super::schema::Schema;
use super::statement::{Builder, Statement};
use super::{Backend, Database};
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
    if database.backend() == Backend::Mysql {
        return count_in_two_steps(database, [id, key], (window_ms, max), now).await;
    }
    let statement = counting(database.schema(), [id, key], (now.0.saturating_sub(window_ms), max), now)?;
    if !database.run(statement).await?.is_empty() {
        return Ok(None);
    }
    let row = database.find_one(MODEL, &[eq("key", key)]).await?;
    Ok(Some(Timestamp(row.and_then(|row| row.integer("lastRequest")).unwrap_or(now.0))))
}

/// For a database whose `INSERT` cannot return what it met. Each step is exact, and of several that make the row at once, one
/// inserts it and the others count on it.
async fn count_in_two_steps(
    database: &dyn Database,
    [id, key]: [&str; 2],
    (window_ms, max): (i64, i64),
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let (opened, ahead) = (now.0.saturating_sub(window_ms), now.plus_secs(AHEAD_SECS).0);
    let is_over = Filter::Any(vec![lte("lastRequest", opened), gt("lastRequest", ahead)]);
    loop {
        let first = [("count", 1.into()), ("lastRequest", now.0.into())];
        if !database.update(MODEL, &[eq("key", key), is_over.clone()], &first).await?.is_empty() {
            return Ok(None);
        }
        // The last request is not newer than this one, unless the clocks of two processes differ a little.
        let room = [eq("key", key), gt("lastRequest", opened), lte("lastRequest", ahead), lt("count", max)];
        if database.increment(MODEL, &room, "count", 1).await?.is_some() {
            database.update(MODEL, &[eq("key", key)], &[("lastRequest", now.0.into())]).await?;
            return Ok(None);
        }
        if let Some(row) = database.find_one(MODEL, &[eq("key", key)]).await? {
            let last = row.integer("lastRequest").unwrap_or(now.0);
            let has_ended = last <= opened || last > ahead;
            if !has_ended && row.integer("count").unwrap_or(0) >= max {
                return Ok(Some(Timestamp(last)));
            }
            // It was made just now.
            continue;
        }
        let mut record = Record::new(database.schema().model(MODEL)?);
        record.set_new_id(id.to_owned())?;
        for (field, value) in [("key", key.into()), first[0].clone(), first[1].clone()] {
            record.set(field, value)?;
        }
        match database.insert(record).await {
            Ok(_) => return Ok(None),
            Err(StoreError::UniqueViolation { .. }) => {}
            Err(error) => return Err(error),
        }
    }
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
    let written = || model.fields.iter().filter(|field| !field.made_by_database);
    out.name(&model.table).sql(" (").names("", written().map(|field| field.column.as_str())).sql(") VALUES (");
    if written().any(|field| field.name == "id") {
        out.bind(FieldType::String, id.into()).sql(", ");
    }
    out.bind(FieldType::String, key.into());
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
