//! Finds the indexes that a database has, with their columns in order.

use super::Backend;
use super::columns::{fold, is_true, text};
use crate::store::Database;
use crate::store::error::StoreError;
use crate::store::row::Row;
use crate::store::statement::Builder;
use crate::store::value::Value;

/// Table, index, column (none for an expression), unique, where it comes from, whether it holds the whole column of every row.
/// A row for each column, in order.
const SQLITE_INDEXES: &str = "SELECT m.name, l.name, i.name, l.\"unique\", l.origin, NOT l.partial \
     FROM sqlite_master m, pragma_index_list(m.name) l, pragma_index_info(l.name) i WHERE m.type = 'table' \
     ORDER BY m.name, l.name, i.seqno";
const POSTGRES_INDEXES: &str = "SELECT c.relname::text, x.relname::text, a.attname::text, i.indisunique, \
     CASE WHEN i.indisprimary THEN 'pk' WHEN EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid \
     AND k.conrelid = i.indrelid AND k.contype IN ('u', 'x')) THEN 'u' ELSE 'c' END, i.indpred IS NULL \
     FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid \
     JOIN pg_namespace n ON n.oid = c.relnamespace \
     CROSS JOIN LATERAL generate_series(0, i.indnkeyatts - 1) AS s(place) \
     LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[s.place] AND a.attnum > 0 \
     WHERE n.nspname = current_schema() ORDER BY c.relname, x.relname, s.place";
const MYSQL_INDEXES: &str = "SELECT CAST(table_name AS CHAR), CAST(index_name AS CHAR), CAST(column_name AS CHAR), \
     non_unique = 0, CASE WHEN index_name = 'PRIMARY' THEN 'pk' ELSE 'c' END, sub_part IS NULL \
     FROM information_schema.statistics WHERE table_schema = DATABASE() ORDER BY table_name, index_name, seq_in_index";

/// An index.
#[derive(Clone, Debug)]
pub(super) struct Index {
    pub table: String,
    /// As the database writes it.
    pub name: String,
    /// In order; `None` is an expression.
    pub columns: Vec<Option<String>>,
    pub is_unique: bool,
    pub origin: Origin,
    /// False when it leaves out rows, or holds only the beginning of a text.
    pub is_whole: bool,
}

/// Where an index comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// It is the table's key.
    Key,
    /// A constraint of the table has made it.
    Constraint,
    /// A statement has made it.
    Statement,
}

impl Index {
    /// Its columns; `None` when one is an expression.
    pub(super) fn plain(&self) -> Option<Vec<&str>> {
        self.columns.iter().map(Option::as_deref).collect()
    }

    /// Whether no two rows can have the same values in these columns because of it.
    pub(super) fn makes_unique(&self, columns: &[&str]) -> bool {
        self.is_unique && self.is_whole && self.plain().is_some_and(|own| is_same(&own, columns))
    }

    /// Whether it finds rows by these columns.
    pub(super) fn begins_with(&self, columns: &[&str]) -> bool {
        let own = self.columns.get(..columns.len()).unwrap_or_default();
        !own.is_empty() && own.iter().zip(columns).all(|(own, column)| own.as_deref() == Some(*column))
    }
}

/// Whether they are the same columns, in any order.
pub(super) fn is_same(some: &[&str], others: &[&str]) -> bool {
    some.len() == others.len() && some.iter().all(|column| others.contains(column))
}

/// Every index of every table. Names of tables and columns are as they are compared.
///
/// # Errors
/// Those of the database.
pub(super) async fn find(database: &dyn Database, backend: Backend) -> Result<Vec<Index>, StoreError> {
    let sql = match backend {
        Backend::Sqlite => SQLITE_INDEXES,
        Backend::Postgres => POSTGRES_INDEXES,
        Backend::Mysql => MYSQL_INDEXES,
    };
    let mut found: Vec<Index> = Vec::new();
    for row in database.run(Builder::read(sql).build()?).await? {
        let (table, name) = (fold(backend, &text(&row, 0)), text(&row, 1));
        let column = match row.get(2) {
            Some(Value::Text(column)) => Some(fold(backend, column)),
            _ => None,
        };
        match found.last_mut().filter(|last| last.table == table && last.name == name) {
            Some(last) => {
                last.columns.push(column);
                last.is_whole &= is_true(&row, 5);
            }
            None => found.push(index(table, name, column, &row)),
        }
    }
    Ok(found)
}

fn index(table: String, name: String, column: Option<String>, row: &Row) -> Index {
    let origin = match text(row, 4).as_str() {
        "pk" => Origin::Key,
        "u" => Origin::Constraint,
        _ => Origin::Statement,
    };
    Index { table, name, columns: vec![column], is_unique: is_true(row, 3), origin, is_whole: is_true(row, 5) }
}
