//! The store: models, records and typed statements over SQLite, PostgreSQL, MySQL or MariaDB; the only place that names diesel and the drivers.
//!
//! Invariant: a layer above sees names of models and fields, never a table, a column or SQL.
//!
//! Flat: one file per table, and one per piece of the statements that serve them all.

use std::sync::Arc;

use async_trait::async_trait;

pub mod account;
pub mod audit;
mod configured;
pub mod core_models;
pub mod counter;
mod engine;
mod error;
pub mod event;
pub mod expired;
mod matches;
mod migrate;
mod model;
mod models;
mod mysql;
mod open;
mod options;
pub mod outbox;
mod owner;
mod postgres;
mod query;
pub mod rate_limit;
mod record;
mod remote;
mod replicas;
mod returning;
mod row;
mod savepoint;
mod schema;
pub mod script_value;
pub mod secondary;
pub mod session;
mod session_cache;
pub mod setting;
mod sqlite;
mod statement;
mod threads;
mod transaction;
pub mod user;
mod value;
pub mod verification;

pub use doorward_contract::{FieldType, OnDelete};

pub use account::Account;
pub use error::StoreError;
pub use migrate::{Backend, Backfill, Misfit, Plan, Report, Surveyed, create_schema};
pub use model::{Field, IdForm, Model, Reference};
pub use models::{DEFAULT_LIMIT, Models};
pub use open::Store;
pub use options::StoreOptions;
pub use owner::Owner;
pub use query::{Filter, Op, Sort, contains, ends_with, eq, gt, gte, lt, lte, ne, none_of, one_of, starts_with};
pub use record::Record;
pub use replicas::{ReplicaState, Standing, Watch};
pub use row::Row;
pub use savepoint::Savepoint;
pub use schema::{PluginStep, Schema};
pub use session::Session;
pub use session_cache::SessionCache;
pub use sqlite::{State, backup};
pub use statement::Statement;
pub use transaction::Transaction;
pub use user::User;
pub use value::Value;
pub use verification::Verification;

/// Runs statements: the store itself, or one transaction of it.
#[async_trait]
pub trait Database: Send + Sync {
    /// Runs one statement and returns its rows. On the store, a statement that writes commits on its own.
    ///
    /// # Errors
    /// `Unavailable`, `UniqueViolation`, `ForeignKeyViolation`, `RowRefused`, `InvalidInput`, `Conflict`, `Internal`.
    async fn run(&self, statement: Statement) -> Result<Vec<Row>, StoreError>;

    /// The models of this database.
    fn schema(&self) -> &Arc<Schema>;

    /// The kind of this database.
    fn backend(&self) -> Backend;

    /// The sessions that were looked up in the present state of the database, and that state. `None` in a transaction, which
    /// has a state of its own, and where the state cannot be told without asking.
    fn sessions(&self) -> Option<(&SessionCache, State)> {
        None
    }

    /// True if statements take effect only when a transaction commits.
    fn is_transaction(&self) -> bool {
        false
    }

    /// In a transaction: another handle to it. The handle can run statements; it can neither end the transaction nor
    /// keep it open. `None` on the store itself.
    fn share(&self) -> Option<Arc<dyn Database>> {
        None
    }

    /// In a transaction: from now on, only a rollback can end it.
    fn forbid_commit(&self) {}
}
