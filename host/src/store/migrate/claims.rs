//! Which plugin has added a column to a table of the core: a record of the journal for each, from the migration that adds it.

use std::collections::HashMap;

use super::Backend;
use super::columns::fold;
use super::inspect::Found;
use super::journal::{note, records};
use crate::store::core_models::MIGRATION;
use crate::store::error::StoreError;
use crate::store::models::Models;
use crate::store::query::eq;
use crate::store::transaction::Transaction;
use crate::store::{Database, Owner};

/// What the ids of the records begin with.
const COLUMN: &str = "column:";
/// What a record says before the plugin's id.
const ADDED: &str = "added by the plugin ";
/// What it says when the column has another name by now, or is gone.
const GONE: &str = "gone";

/// The columns that plugins have added.
pub(super) struct Claims {
    backend: Backend,
    plugins: HashMap<String, String>,
}

/// What a record says from now on.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    id: String,
    says: String,
}

impl Claims {
    /// Reads the records, if a step asks for them.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) async fn find(database: &dyn Database, backend: Backend, found: &Found) -> Result<Self, StoreError> {
        let schema = database.schema();
        let is_foreign = |model: &str| schema.model(model).is_ok_and(|model| model.owner == Owner::Core);
        let mut plugins = HashMap::new();
        if schema.steps().iter().any(|step| is_foreign(&step.step.table)) {
            for row in records(database, found, COLUMN).await? {
                if let Some(plugin) = row.text("statement").strip_prefix(ADDED) {
                    plugins.insert(row.text("id").to_owned(), plugin.to_owned());
                }
            }
        }
        Ok(Self { backend, plugins })
    }

    /// The plugin that has added the column, if it is recorded.
    pub(super) fn plugin(&self, table: &str, column: &str) -> Option<&str> {
        self.plugins.get(&record(self.backend, table, column)).map(String::as_str)
    }

    /// As if the column had this name. Returns what is to be recorded.
    pub(super) fn rename(&mut self, table: &str, from: &str, to: &str) -> Vec<Claim> {
        let (from, to) = (record(self.backend, table, from), record(self.backend, table, to));
        let Some(plugin) = self.plugins.remove(&from) else { return Vec::new() };
        let says = format!("{ADDED}{plugin}");
        self.plugins.insert(to.clone(), plugin);
        vec![Claim { id: from, says: GONE.to_owned() }, Claim { id: to, says }]
    }

    /// As if the column were not there. Returns what is to be recorded.
    pub(super) fn forget(&mut self, table: &str, column: &str) -> Option<Claim> {
        let id = record(self.backend, table, column);
        self.plugins.remove(&id).map(|_| Claim { id, says: GONE.to_owned() })
    }
}

impl Claim {
    /// Of a column that a migration adds.
    pub(super) fn of(backend: Backend, table: &str, column: &str, plugin: &str) -> Self {
        Self { id: record(backend, table, column), says: format!("{ADDED}{plugin}") }
    }

    /// The statement by which an operator records it.
    pub(super) fn by_hand(&self, backend: Backend, journal: &str) -> String {
        let names = ["id", "statement", "appliedAt"].map(|name| backend.quote(name)).join(", ");
        let table = backend.quote(journal);
        format!("INSERT INTO {table} ({names}) VALUES ('{}', '{}', CURRENT_TIMESTAMP)", self.id, self.says)
    }

    /// Records it.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) async fn make(&self, transaction: &Transaction, backend: Backend) -> Result<(), StoreError> {
        note(transaction, backend, &self.id, &self.says).await
    }
}

/// Records that the column is gone, if a record speaks of it.
///
/// # Errors
/// Those of the database.
pub(super) async fn forget(
    transaction: &Transaction,
    backend: Backend,
    table: &str,
    column: &str,
) -> Result<(), StoreError> {
    let id = record(backend, table, column);
    transaction.update(MIGRATION, &[eq("id", id)], &[("statement", GONE.into())]).await.map(drop)
}

fn record(backend: Backend, table: &str, column: &str) -> String {
    format!("{COLUMN}{}.{}", fold(backend, table), fold(backend, column))
}
