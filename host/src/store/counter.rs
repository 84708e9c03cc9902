//! Counters that many requests change at once: each change is exact and one statement.

use super::error::StoreError;
use super::models::Models;
use super::query::{eq, gt, lte};
use super::record::Record;
use super::statement::Builder;
use super::value::Value;
use super::{Backend, Database};
use crate::clock::Timestamp;
use doorward_contract::FieldType;

/// Name of the model.
pub const MODEL: &str = "doorward_counter";

/// Adds one to the count of `key` and returns the count. When the window has ended, a new one of `window_secs` begins
/// at `now`.
///
/// # Errors
/// As `Models`.
pub async fn hit(
    database: &dyn Database,
    id: &str,
    key: &str,
    window_secs: u32,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let model = database.schema().model(MODEL)?;
    let column = |field: &str| model.field(field).map(|field| field.column.as_str());
    let (count, ends) = (column("count")?, column("endsAt")?);
    let integer = |number: i64| (FieldType::Number, Value::Integer(number));
    let at = now;
    let (now, until) = (integer(now.0), integer(now.plus_secs(window_secs.into()).0));
    if database.backend() == Backend::Mysql {
        return hit_in_two_steps(database, [id, key], window_secs, at).await;
    }
    let mut out = Builder::write("INSERT INTO ");
    out.name(&model.table).sql(" (").names("", ["id", "key", "count", "endsAt"].into_iter());
    out.sql(") VALUES (")
        .bind(FieldType::String, id.into())
        .sql(", ")
        .bind(FieldType::String, Value::from(key).fit(FieldType::String, "key")?);
    out.sql(", 1, ").bind(until.0, until.1.clone()).sql(") ON CONFLICT (").name(column("key")?);
    // In both databases, the table's name stands for the existing row.
    let old = |out: &mut Builder, column: &str| _ = out.name(&model.table).sql(".").name(column);
    out.sql(") DO UPDATE SET ").name(count).sql(" = CASE WHEN ");
    old(&mut out, ends);
    out.sql(" <= ").bind(now.0, now.1.clone()).sql(" THEN 1 ELSE ");
    old(&mut out, count);
    out.sql(" + 1 END, ").name(ends).sql(" = CASE WHEN ");
    old(&mut out, ends);
    out.sql(" <= ").bind(now.0, now.1).sql(" THEN ").bind(until.0, until.1).sql(" ELSE ");
    old(&mut out, ends);
    out.sql(" END RETURNING ").name(count);
    match database.run(out.build()?).await?.first().and_then(|row| row.first()) {
        Some(Value::Integer(count)) => Ok(u64::try_from(*count).unwrap_or(0)),
        _ => Err(StoreError::internal("counting")),
    }
}

/// For a database whose `INSERT` cannot return what it met. Each step is exact, and of several that begin a window at once,
/// one inserts the row and the others count on it.
async fn hit_in_two_steps(
    database: &dyn Database,
    [id, key]: [&str; 2],
    window_secs: u32,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let until = now.plus_secs(window_secs.into());
    loop {
        let ended = [eq("key", key), lte("endsAt", now.0)];
        let begun = database.update(MODEL, &ended, &[("count", 1.into()), ("endsAt", until.0.into())]).await?;
        let counted = match begun.is_empty() {
            true => database.increment(MODEL, &[eq("key", key), gt("endsAt", now.0)], "count", 1).await?,
            false => begun.into_iter().next(),
        };
        if let Some(row) = counted {
            return Ok(u64::try_from(row.integer("count").unwrap_or(0)).unwrap_or(0));
        }
        let mut record = Record::new(database.schema().model(MODEL)?);
        for (field, value) in
            [("id", Value::from(id)), ("key", key.into()), ("count", 1.into()), ("endsAt", until.0.into())]
        {
            record.set(field, value)?;
        }
        match database.insert(record).await {
            Ok(_) => return Ok(1),
            Err(StoreError::UniqueViolation { .. }) => {}
            Err(error) => return Err(error),
        }
    }
}

/// The count in the current window; 0 when there is none.
///
/// # Errors
/// As `Models`.
pub async fn peek(database: &dyn Database, key: &str, now: Timestamp) -> Result<u64, StoreError> {
    Ok(window(database, key, now).await?.map_or(0, |(count, _)| count))
}

/// The count in the current window and the end of that window.
///
/// # Errors
/// As `Models`.
pub async fn window(
    database: &dyn Database,
    key: &str,
    now: Timestamp,
) -> Result<Option<(u64, Timestamp)>, StoreError> {
    let row = database.find_one(MODEL, &[eq("key", key), gt("endsAt", now.0)]).await?;
    Ok(row.map(|row| {
        let count = row.integer("count").unwrap_or(0);
        (u64::try_from(count).unwrap_or(0), Timestamp(row.integer("endsAt").unwrap_or(0)))
    }))
}

/// Forgets the count of `key`.
///
/// # Errors
/// As `Models`.
pub async fn reset(database: &dyn Database, key: &str) -> Result<(), StoreError> {
    database.delete(MODEL, &[eq("key", key)]).await.map(drop)
}
