//! Migrations: compare the models with the database, and add what is missing.
//!
//! Invariant: nothing is dropped, renamed or filled; tables and columns that no model knows are left alone.

mod apply;
mod inspect;
mod lease;
mod misfits;
mod render;

pub use apply::Report;
pub use misfits::Misfit;
pub use render::create_schema;

/// The kind of a database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Backend {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL or MariaDB.
    Mysql,
}
