//! What a database remembers of its migrations: each statement, and each step of a plugin with how far it came.

use std::collections::HashSet;

use super::Backend;
use super::inspect::Found;
use crate::store::core_models::MIGRATION;
use crate::store::error::StoreError;
use crate::store::models::Models;
use crate::store::query::{Sort, eq, gt, starts_with};
use crate::store::record::Record;
use crate::store::statement::Builder;
use crate::store::transaction::Transaction;
use crate::store::{Database, FieldType};

/// What the record of a step says while it is not done; the id of the last row that it has seen follows.
pub(super) const UNFINISHED: &str = "unfinished: ";

/// The records of steps that are done.
///
/// # Errors
/// Those of the database.
pub(super) async fn finished(database: &dyn Database, found: &Found) -> Result<HashSet<String>, StoreError> {
    let is_done = |row: &&Record| !row.text("statement").starts_with(UNFINISHED);
    let rows = records(database, found, "step:").await?;
    Ok(rows.iter().filter(is_done).map(|row| row.text("id").to_owned()).collect())
}

/// The records whose ids begin like this.
///
/// # Errors
/// Those of the database.
pub(super) async fn records(database: &dyn Database, found: &Found, kind: &str) -> Result<Vec<Record>, StoreError> {
    let mut all: Vec<Record> = Vec::new();
    if !found.has_table(&database.schema().model(MIGRATION)?.table) {
        return Ok(all);
    }
    loop {
        let after = all.last().map(|row| row.text("id").to_owned()).unwrap_or_default();
        let filters = [starts_with("id", kind), gt("id", after)];
        let rows = database.find_many(MIGRATION, &filters, Some(Sort::ascending("id")), Some(500), None).await?;
        if rows.is_empty() {
            return Ok(all);
        }
        all.extend(rows);
    }
}

/// Records how far a step has come, or that it is done.
///
/// # Errors
/// Those of the database.
pub(super) async fn note(
    transaction: &Transaction,
    backend: Backend,
    step: &str,
    text: &str,
) -> Result<(), StoreError> {
    let updated = transaction.update(MIGRATION, &[eq("id", step)], &[("statement", text.into())]).await?;
    if updated.is_empty() { record(transaction, backend, step, text).await } else { Ok(()) }
}

/// Writes down what was done, by the database's clock.
///
/// # Errors
/// Those of the database.
pub(super) async fn record(
    transaction: &Transaction,
    backend: Backend,
    id: &str,
    text: &str,
) -> Result<(), StoreError> {
    let model = transaction.schema().model(MIGRATION)?;
    let now = match backend {
        Backend::Sqlite => "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')",
        Backend::Postgres => "now()",
        Backend::Mysql => "now(3)",
    };
    let mut out = Builder::write("INSERT INTO ");
    out.name(&model.table).sql(" (").names("", model.fields.iter().map(|field| field.column.as_str()));
    out.sql(") VALUES (").bind(FieldType::String, id.into());
    out.sql(", ").bind(FieldType::String, text.into()).sql(", ").sql(now).sql(")");
    transaction.run(out.build()?).await.map(drop)
}
