//! Plans a migration and applies it under a lock.

use super::Backend;
use super::alter::{drop_column, relax, shorten};
use super::claims::forget;
use super::journal::{note, record};
use super::lease::Lease;
use super::loosen::loosen;
use super::plan::{Change, Work, plan};
use super::steps::{self, Asked, Backfill};
use crate::store::Database;
use crate::store::core_models::MIGRATION;
use crate::store::error::StoreError;
use crate::store::models::Models;
use crate::store::open::Store;
use crate::store::statement::Builder;
use crate::store::transaction::Transaction;

/// Missing parts that are named one by one.
const MOST_NAMED: usize = 5;

/// What a migration did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What was done, in order. Empty when nothing was missing.
    pub statements: Vec<String>,
}

/// What a migration would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Each change, in order: SQL, or a remark that begins with `--`.
    pub statements: Vec<String>,
    /// Those that remove values.
    pub losses: Vec<String>,
    /// Whether plugins are asked about their rows.
    pub asks_plugins: bool,
}

impl Store {
    /// What `migrate` would do. Nothing is written.
    ///
    /// # Errors
    /// `Unmigratable`, `Unavailable`, `Internal`.
    pub async fn plan(&self) -> Result<Plan, StoreError> {
        let changes = self.changes().await?;
        let loses = changes.iter().filter(|change| change.loses());
        Ok(Plan {
            losses: loses.map(|change| change.text.clone()).collect(),
            asks_plugins: changes.iter().any(|change| matches!(change.work, Work::Backfill { .. })),
            statements: changes.into_iter().map(|change| change.text).collect(),
        })
    }

    /// What `migrate` would do, as [`Plan::statements`] has it.
    ///
    /// # Errors
    /// As [`Store::plan`].
    pub async fn migration_plan(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.plan().await?.statements)
    }

    async fn changes(&self) -> Result<Vec<Change>, StoreError> {
        Ok(plan(self, self.backend()).await?.into_iter().filter(Change::is_real).collect())
    }

    /// What the database lacks, in words: "the table passkey", "the column user.role", "7 more".
    ///
    /// # Errors
    /// As [`Store::plan`].
    pub async fn missing_parts(&self) -> Result<Vec<String>, StoreError> {
        let mut parts: Vec<String> = self.changes().await?.into_iter().map(|change| change.part).collect();
        let others = parts.len().saturating_sub(MOST_NAMED);
        parts.truncate(MOST_NAMED);
        parts.extend((others > 0).then(|| format!("{others} more")));
        Ok(parts)
    }

    /// As [`Store::migrate_with`], for a database in which no plugin has to be asked about its rows.
    ///
    /// # Errors
    /// As [`Store::migrate_with`]; `Unmigratable` when a plugin has to be asked.
    pub async fn migrate(&self) -> Result<Report, StoreError> {
        self.migrate_with(None).await
    }

    /// Makes the tables what the models say: adds what is missing and relaxes what is no longer declared, all or nothing, and
    /// then does the steps of plugins, each recorded when it is done. On MySQL each change stays by itself. A migration that
    /// ended early is gone on with by the next one.
    ///
    /// # Errors
    /// `Unavailable`; `Unmigratable`, `UniqueViolation` or `Internal` when existing rows or tables prevent it.
    pub async fn migrate_with(&self, plugins: Option<&dyn Backfill>) -> Result<Report, StoreError> {
        // SQLite has a single writer and needs none.
        let lease = match self.backend() {
            Backend::Sqlite => None,
            Backend::Postgres | Backend::Mysql => Some(Lease::take(self).await?),
        };
        let migrated = self.migrate_alone(plugins).await;
        if let Some(lease) = lease {
            lease.end().await;
        }
        migrated
    }

    async fn migrate_alone(&self, plugins: Option<&dyn Backfill>) -> Result<Report, StoreError> {
        let backend = self.backend();
        let transaction = self.begin().await?;
        lift_limits(&transaction, backend).await?;
        let changes = plan(&transaction, backend).await?;
        for change in changes.iter().filter(|change| change.is_first()) {
            change.make(&transaction, backend).await?;
        }
        let recorded = transaction.count(MIGRATION, &[]).await?;
        let first = changes.iter().filter(|change| change.is_first());
        for (number, change) in
            (recorded + 1..).zip(first.clone().filter(|change| change.step.is_none() && change.is_real()))
        {
            record(&transaction, backend, &format!("{number:06}"), &change.text).await?;
        }
        for change in first {
            change.record_step(&transaction, backend).await?;
        }
        transaction.commit().await?;
        for change in changes.iter().filter(|change| !change.is_first()) {
            self.take_step(change, plugins).await?;
        }
        Ok(Report { statements: changes.into_iter().filter(Change::is_real).map(|change| change.text).collect() })
    }

    /// Does one of the changes that go through rows or remove a column, and records it.
    async fn take_step(&self, change: &Change, plugins: Option<&dyn Backfill>) -> Result<(), StoreError> {
        match &change.work {
            Work::Fill(place, fill) => steps::fill(self, place, fill).await?,
            Work::Backfill { plugin, index, model } => {
                let Some(plugins) = plugins else {
                    return Err(StoreError::Unmigratable(format!("{}: run `doorward migrate`", change.part)));
                };
                let step = change.step.as_deref().unwrap_or_default();
                steps::backfill(self, step, &Asked { plugins, plugin, index: *index, model }).await?;
            }
            Work::Sql(_)
            | Work::Relax(_)
            | Work::Loosen { .. }
            | Work::Shorten(_)
            | Work::Drop(_)
            | Work::Claim(_)
            | Work::Nothing => {}
        }
        let transaction = self.begin().await?;
        lift_limits(&transaction, self.backend()).await?;
        if let Work::Drop(place) = &change.work {
            drop_column(&transaction, self.backend(), place).await?;
            forget(&transaction, self.backend(), &place.table, &place.column).await?;
        }
        change.record_step(&transaction, self.backend()).await?;
        transaction.commit().await
    }
}

impl Change {
    async fn make(&self, transaction: &Transaction, backend: Backend) -> Result<(), StoreError> {
        match &self.work {
            Work::Sql(sql) => {
                let mut out = Builder::write(sql);
                out.unlimited();
                transaction.run(out.build()?).await.map(drop)
            }
            Work::Relax(place) => relax(transaction, backend, place).await,
            Work::Loosen { table, columns } => loosen(transaction, table, columns).await,
            Work::Shorten(place) => shorten(transaction, place).await,
            Work::Claim(claim) => claim.make(transaction, backend).await,
            Work::Drop(_) | Work::Fill(..) | Work::Backfill { .. } | Work::Nothing => Ok(()),
        }
    }

    async fn record_step(&self, transaction: &Transaction, backend: Backend) -> Result<(), StoreError> {
        match &self.step {
            Some(step) => note(transaction, backend, step, &self.text).await,
            None => Ok(()),
        }
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
