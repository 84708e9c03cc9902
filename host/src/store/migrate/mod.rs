//! Migrations: compare the models with the database, add what is missing, and do the steps that plugins declare.
//!
//! Invariant: nothing is renamed, filled or dropped but by a step of the plugin whose table it is, or that has added the column
//! to a table of the core; tables and columns that no model knows are left alone, but that such columns become optional.
//!
//! Flat: what is looked at, what is planned, and what is done, a file for each part.

mod alter;
mod apply;
mod claims;
mod columns;
mod foreign;
mod indexes;
mod inspect;
mod journal;
mod keys;
mod lease;
mod loosen;
mod misfits;
mod not_null;
mod not_unique;
mod place;
mod plan;
mod render;
mod repeats;
mod steps;
mod survey;
mod words;

pub use apply::{Plan, Report};
pub use misfits::Misfit;
pub use render::create_schema;
pub use steps::Backfill;
pub use survey::Surveyed;

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

impl Backend {
    /// What a span says of it, by OpenTelemetry's names.
    pub(in crate::store) fn for_span(self) -> (&'static str, String) {
        let name = match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgresql",
            Self::Mysql => "mysql",
        };
        ("db.system.name", name.to_owned())
    }

    /// The kind of the database that a URL names; `None` for one of no kind.
    pub fn of_url(url: &str) -> Option<Self> {
        match url.split_once("://")?.0 {
            "sqlite" => Some(Self::Sqlite),
            "postgres" | "postgresql" => Some(Self::Postgres),
            "mysql" | "mariadb" => Some(Self::Mysql),
            _ => None,
        }
    }
}
