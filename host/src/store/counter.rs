//! Counters that many requests change at once: each change is exact and one statement.

use super::error::StoreError;
use super::models::Models;
use super::query::{eq, gt};
use super::returning::Verb;
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
    let [key_column, count, ends] = [column("key")?, column("count")?, column("endsAt")?];
    let integer = |number: i64| (FieldType::Number, Value::Integer(number));
    let (now, until) = (integer(now.0), integer(now.plus_secs(window_secs.into()).0));
    let mut out = Builder::write("INSERT INTO ");
    // The first is what a database without `RETURNING` finds the row by.
    out.name(&model.table).sql(" (").names("", [key_column, column("id")?, count, ends].into_iter());
    out.sql(") VALUES (")
        .bind(FieldType::String, Value::from(key).fit(FieldType::String, "key")?)
        .sql(", ")
        .bind(FieldType::String, id.into());
    out.sql(", 1, ").bind(until.0, until.1.clone());
    // Either way, those who begin a window at once wait for the first of them and count on.
    match database.backend() {
        Backend::Mysql => out.sql(") ON DUPLICATE KEY UPDATE "),
        Backend::Sqlite | Backend::Postgres => out.sql(") ON CONFLICT (").name(key_column).sql(") DO UPDATE SET "),
    };
    // In all of them, the table's name stands for the existing row. The count comes first: MySQL changes in this order.
    let old = |out: &mut Builder, column: &str| _ = out.name(&model.table).sql(".").name(column);
    out.name(count).sql(" = CASE WHEN ");
    old(&mut out, ends);
    out.sql(" <= ").bind(now.0, now.1.clone()).sql(" THEN 1 ELSE ");
    old(&mut out, count);
    out.sql(" + 1 END, ").name(ends).sql(" = CASE WHEN ");
    old(&mut out, ends);
    out.sql(" <= ").bind(now.0, now.1).sql(" THEN ").bind(until.0, until.1).sql(" ELSE ");
    old(&mut out, ends);
    out.sql(" END").returning(Verb::Insert, &model.table, [key_column, count].into_iter());
    match database.run(out.build()?).await?.first().and_then(|row| row.get(1)) {
        Some(Value::Integer(count)) => Ok(u64::try_from(*count).unwrap_or(0)),
        _ => Err(StoreError::internal("counting")),
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
