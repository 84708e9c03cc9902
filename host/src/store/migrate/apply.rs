//! Plans a migration and applies it under a lock.

use super::Backend;
use super::inspect::inspect;
use super::lease::Lease;
use super::render::missing;
use crate::store::core_models::MIGRATION;
use crate::store::error::StoreError;
use crate::store::models::Models;
use crate::store::open::Store;
use crate::store::statement::Builder;
use crate::store::transaction::Transaction;
use crate::store::{Database, FieldType};

/// Missing parts that are named one by one.
const MOST_NAMED: usize = 5;

/// What a migration did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The statements that ran, in order. Empty when nothing was missing.
    pub statements: Vec<String>,
}

impl Store {
    /// The SQL that `migrate` would run.
    ///
    /// # Errors
    /// `Unavailable`, `Internal`.
    pub async fn migration_plan(&self) -> Result<Vec<String>, StoreError> {
        Ok(missing(self.schema(), self.backend(), &inspect(self, self.backend()).await?))
    }

    /// What `migrate` would add, in words: "the table passkey", "the column user.role", "7 more".
    ///
    /// # Errors
    /// As [`Store::migration_plan`].
    pub async fn missing_parts(&self) -> Result<Vec<String>, StoreError> {
        let plan = self.migration_plan().await?;
        let part = |sql: &String| {
            let names: Vec<&str> = sql.split(['"', '`']).skip(1).step_by(2).collect();
            match names.as_slice() {
                [table, ..] if sql.starts_with("create table") => format!("the table {table}"),
                [table, column, ..] if sql.starts_with("alter table") => format!("the column {table}.{column}"),
                [_, table, column, ..] => format!("an index on {table}.{column}"),
                _ => "a change".to_owned(),
            }
        };
        let others =
            plan.len().checked_sub(MOST_NAMED).filter(|others| *others > 0).map(|others| format!("{others} more"));
        Ok(plan.iter().take(MOST_NAMED).map(part).chain(others).collect())
    }

    /// Adds the tables, columns and indexes that are missing, all or none, and records each statement. On MySQL each of them
    /// stays by itself, and what a migration that failed has left out is added by the next one.
    ///
    /// # Errors
    /// `Unavailable`, or `UniqueViolation` or `Internal` when existing rows or tables prevent it.
    pub async fn migrate(&self) -> Result<Report, StoreError> {
        // SQLite has a single writer and needs none.
        let lease = match self.backend() {
            Backend::Sqlite => None,
            Backend::Postgres | Backend::Mysql => Some(Lease::take(self).await?),
        };
        let migrated = self.migrate_alone().await;
        if let Some(lease) = lease {
            lease.end().await;
        }
        migrated
    }

    async fn migrate_alone(&self) -> Result<Report, StoreError> {
        let transaction = self.begin().await?;
        lift_limits(&transaction, self.backend()).await?;
        let statements = missing(self.schema(), self.backend(), &inspect(&transaction, self.backend()).await?);
        for sql in &statements {
            let mut out = Builder::write(sql);
            out.unlimited();
            transaction.run(out.build()?).await?;
        }
        let recorded = transaction.count(MIGRATION, &[]).await?;
        for (number, sql) in (recorded + 1..).zip(&statements) {
            record(&transaction, self.backend(), number, sql).await?;
        }
        transaction.commit().await?;
        Ok(Report { statements })
    }
}

/// Building an index on a large table may take long.
async fn lift_limits(transaction: &Transaction, backend: Backend) -> Result<(), StoreError> {
    if backend == Backend::Postgres {
        transaction.run(Builder::write("SET LOCAL statement_timeout = 0").build()?).await?;
        transaction.run(Builder::write("SET LOCAL lock_timeout = 0").build()?).await?;
    }
    Ok(())
}

async fn record(transaction: &Transaction, backend: Backend, number: u64, sql: &str) -> Result<(), StoreError> {
    let model = transaction.schema().model(MIGRATION)?;
    let now = match backend {
        Backend::Sqlite => "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')",
        Backend::Postgres => "now()",
        Backend::Mysql => "now(3)",
    };
    let mut out = Builder::write("INSERT INTO ");
    out.name(&model.table).sql(" (").names("", model.fields.iter().map(|field| field.column.as_str()));
    out.sql(") VALUES (").bind(FieldType::String, format!("{number:06}").into());
    out.sql(", ").bind(FieldType::String, sql.into()).sql(", ").sql(now).sql(")");
    transaction.run(out.build()?).await.map(drop)
}
