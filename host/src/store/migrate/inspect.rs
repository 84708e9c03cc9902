//! Finds what a database already has: tables, columns and indexes.

use std::collections::{HashMap, HashSet};

use super::Backend;
use super::indexes::{self, Index};
use crate::store::Database;
use crate::store::error::StoreError;
use crate::store::row::Row;
use crate::store::statement::Builder;
use crate::store::value::Value;

const SQLITE_COLUMNS: &str =
    "SELECT m.name, c.name, c.type FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'";
const POSTGRES_COLUMNS: &str = "SELECT table_name::text, column_name::text, udt_name::text FROM information_schema.columns WHERE table_schema = current_schema()";
const MYSQL_COLUMNS: &str = "SELECT CAST(table_name AS CHAR), CAST(column_name AS CHAR), \
     CAST(CONCAT(column_type, COALESCE(CONCAT(' character set ', character_set_name, ' collate ', collation_name), '')) AS CHAR) \
     FROM information_schema.columns WHERE table_schema = DATABASE()";

/// What was found. Names in SQLite are case-insensitive; names in PostgreSQL are not.
#[derive(Default)]
pub(super) struct Found {
    is_folded: bool,
    tables: HashSet<String>,
    /// The type of each column, as a statement that makes another such column writes it.
    columns: HashMap<(String, String), String>,
    indexes: HashMap<String, Vec<Index>>,
    /// Table, name and next name of each column that gets another one, in order.
    renames: Vec<(String, String, String)>,
}

impl Found {
    pub(super) fn has_table(&self, table: &str) -> bool {
        self.tables.contains(&self.fold(table))
    }

    pub(super) fn has_column(&self, table: &str, column: &str) -> bool {
        self.column_type(table, column).is_some()
    }

    pub(super) fn column_type(&self, table: &str, column: &str) -> Option<&str> {
        self.columns.get(&(self.fold(table), self.fold(column))).map(String::as_str)
    }

    /// The indexes of a table.
    pub(super) fn indexes(&self, table: &str) -> &[Index] {
        self.indexes.get(&self.fold(table)).map_or(&[], Vec::as_slice)
    }

    pub(super) fn has_index(&self, table: &str, column: &str) -> bool {
        let column = self.fold(column);
        self.indexes(table).iter().any(|index| index.begins_with(&[&column]))
    }

    /// Whether an index keeps two rows from having the same values in these columns.
    pub(super) fn has_unique(&self, table: &str, columns: &[&str]) -> bool {
        let columns: Vec<String> = columns.iter().map(|column| self.fold(column)).collect();
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        self.indexes(table).iter().any(|index| index.makes_unique(&columns))
    }

    /// As if these indexes were not there. Returns them.
    pub(super) fn without(&mut self, table: &str, is_gone: impl Fn(&Index) -> bool) -> Vec<Index> {
        let table = self.fold(table);
        let Some(indexes) = self.indexes.get_mut(&table) else { return Vec::new() };
        let (gone, left) = std::mem::take(indexes).into_iter().partition(is_gone);
        *indexes = left;
        gone
    }

    /// As if the column had this name.
    pub(super) fn rename(&mut self, table: &str, from: &str, to: &str) {
        let (table, from, to) = (self.fold(table), self.fold(from), self.fold(to));
        if let Some(kind) = self.columns.remove(&(table.clone(), from.clone())) {
            self.columns.insert((table.clone(), to.clone()), kind);
        }
        let columns = self.indexes.get_mut(&table).into_iter().flatten().flat_map(|index| &mut index.columns);
        for column in columns.filter(|column| column.as_deref() == Some(&from)) {
            *column = Some(to.clone());
        }
        self.renames.push((table, from, to));
    }

    /// As if this index were there.
    pub(super) fn add(&mut self, index: Index) {
        self.indexes.entry(index.table.clone()).or_default().push(index);
    }

    /// What a column of the database is called after the renames.
    pub(super) fn renamed(&self, table: &str, column: &str) -> String {
        let of_table = self.renames.iter().filter(|(of, ..)| of == table);
        of_table.fold(column, |name, (_, from, to)| if name == from { to } else { name }).to_owned()
    }

    pub(super) fn fold(&self, name: &str) -> String {
        if self.is_folded { name.to_ascii_lowercase() } else { name.to_owned() }
    }
}

/// Inspects `database`, which is the store or a transaction.
pub(super) async fn inspect(database: &dyn Database, backend: Backend) -> Result<Found, StoreError> {
    let columns = match backend {
        Backend::Sqlite => SQLITE_COLUMNS,
        Backend::Postgres => POSTGRES_COLUMNS,
        Backend::Mysql => MYSQL_COLUMNS,
    };
    let mut found = Found { is_folded: backend == Backend::Sqlite, ..Found::default() };
    for row in database.run(Builder::read(columns).build()?).await? {
        let (table, column) = names(&found, &row);
        found.tables.insert(table.clone());
        let kind = match row.get(2) {
            Some(Value::Text(kind)) => kind.clone(),
            _ => String::new(),
        };
        found.columns.insert((table, column), kind);
    }
    for index in indexes::find(database, backend).await? {
        found.add(index);
    }
    Ok(found)
}

fn names(found: &Found, row: &Row) -> (String, String) {
    let name = |index| match row.get(index) {
        Some(Value::Text(name)) => found.fold(name),
        _ => String::new(),
    };
    (name(0), name(1))
}
