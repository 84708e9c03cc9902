//! Finds what a database already has: tables, columns, and the columns of its indexes.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::Backend;
use crate::store::Database;
use crate::store::error::StoreError;
use crate::store::row::Row;
use crate::store::statement::Builder;
use crate::store::value::Value;

const SQLITE_COLUMNS: &str =
    "SELECT m.name, c.name, c.type FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'";
const SQLITE_INDEXES: &str = "SELECT m.name, i.name, l.\"unique\" \
     AND (SELECT count(*) FROM pragma_index_info(l.name)) = 1 AND NOT l.partial \
     FROM sqlite_master m, pragma_index_list(m.name) l, pragma_index_info(l.name) i WHERE m.type = 'table' AND i.seqno = 0";
const POSTGRES_COLUMNS: &str = "SELECT table_name::text, column_name::text, udt_name::text FROM information_schema.columns WHERE table_schema = current_schema()";
const POSTGRES_INDEXES: &str = "SELECT c.relname::text, a.attname::text, i.indisunique AND i.indnkeyatts = 1 AND i.indpred IS NULL \
     FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] WHERE n.nspname = current_schema()";

const MYSQL_COLUMNS: &str = "SELECT CAST(table_name AS CHAR), CAST(column_name AS CHAR), \
     CAST(CONCAT(column_type, COALESCE(CONCAT(' character set ', character_set_name, ' collate ', collation_name), '')) AS CHAR) \
     FROM information_schema.columns WHERE table_schema = DATABASE()";
const MYSQL_INDEXES: &str = "SELECT CAST(s.table_name AS CHAR), CAST(s.column_name AS CHAR), s.non_unique = 0 AND NOT EXISTS \
     (SELECT 1 FROM information_schema.statistics m WHERE m.table_schema = s.table_schema AND m.table_name = s.table_name \
     AND m.index_name = s.index_name AND m.seq_in_index > 1) AND s.sub_part IS NULL \
     FROM information_schema.statistics s WHERE s.table_schema = DATABASE() AND s.seq_in_index = 1";

/// Table, index and column of each unique index without a condition.
const SQLITE_GROUPS: &str = "SELECT m.name, l.name, i.name FROM sqlite_master m, pragma_index_list(m.name) l, \
     pragma_index_info(l.name) i WHERE m.type = 'table' AND l.\"unique\" AND NOT l.partial";
const POSTGRES_GROUPS: &str = "SELECT c.relname::text, i.indexrelid::text, a.attname::text FROM pg_index i \
     JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey) \
     WHERE n.nspname = current_schema() AND i.indisunique AND i.indpred IS NULL";
const MYSQL_GROUPS: &str = "SELECT CAST(table_name AS CHAR), CAST(index_name AS CHAR), CAST(column_name AS CHAR) \
     FROM information_schema.statistics WHERE table_schema = DATABASE() AND non_unique = 0";

/// What was found. Names in SQLite are case-insensitive; names in PostgreSQL are not.
#[derive(Default)]
pub(super) struct Found {
    is_folded: bool,
    tables: HashSet<String>,
    /// The type of each column, as a statement that makes another such column writes it.
    columns: HashMap<(String, String), String>,
    indexes: HashSet<(String, String)>,
    unique_indexes: HashSet<(String, String)>,
    /// Table and columns of each unique index.
    groups: HashSet<(String, BTreeSet<String>)>,
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

    pub(super) fn has_index(&self, table: &str, column: &str) -> bool {
        self.indexes.contains(&(self.fold(table), self.fold(column)))
    }

    pub(super) fn has_unique_index(&self, table: &str, column: &str) -> bool {
        self.unique_indexes.contains(&(self.fold(table), self.fold(column)))
    }

    pub(super) fn has_unique_group(&self, table: &str, columns: &[&str]) -> bool {
        self.groups.contains(&(self.fold(table), columns.iter().map(|column| self.fold(column)).collect()))
    }

    /// As if the column had this name.
    pub(super) fn rename(&mut self, table: &str, from: &str, to: &str) {
        let (old, new) = ((self.fold(table), self.fold(from)), (self.fold(table), self.fold(to)));
        if let Some(kind) = self.columns.remove(&old) {
            self.columns.insert(new.clone(), kind);
        }
        for names in [&mut self.indexes, &mut self.unique_indexes] {
            if names.remove(&old) {
                names.insert(new.clone());
            }
        }
        let groups = std::mem::take(&mut self.groups);
        let renamed = groups.into_iter().map(|(of, columns)| {
            let is_it = |column: &String| of == old.0 && *column == old.1;
            let columns = columns.into_iter().map(|column| if is_it(&column) { new.1.clone() } else { column });
            let columns = columns.collect();
            (of, columns)
        });
        self.groups = renamed.collect();
    }

    pub(super) fn fold(&self, name: &str) -> String {
        if self.is_folded { name.to_ascii_lowercase() } else { name.to_owned() }
    }
}

/// Inspects `database`, which is the store or a transaction.
pub(super) async fn inspect(database: &dyn Database, backend: Backend) -> Result<Found, StoreError> {
    let (columns, indexes) = match backend {
        Backend::Sqlite => (SQLITE_COLUMNS, SQLITE_INDEXES),
        Backend::Postgres => (POSTGRES_COLUMNS, POSTGRES_INDEXES),
        Backend::Mysql => (MYSQL_COLUMNS, MYSQL_INDEXES),
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
    for row in database.run(Builder::read(indexes).build()?).await? {
        let pair = names(&found, &row);
        if matches!(row.get(2), Some(Value::Integer(1) | Value::Boolean(true))) {
            found.unique_indexes.insert(pair.clone());
        }
        found.indexes.insert(pair);
    }
    if database.schema().models().iter().any(|model| !model.unique.is_empty()) {
        found.groups = groups(database, backend, &found).await?;
    }
    Ok(found)
}

async fn groups(
    database: &dyn Database,
    backend: Backend,
    found: &Found,
) -> Result<HashSet<(String, BTreeSet<String>)>, StoreError> {
    let sql = match backend {
        Backend::Sqlite => SQLITE_GROUPS,
        Backend::Postgres => POSTGRES_GROUPS,
        Backend::Mysql => MYSQL_GROUPS,
    };
    let mut indexes: HashMap<(String, String), BTreeSet<String>> = HashMap::new();
    for row in database.run(Builder::read(sql).build()?).await? {
        let (table, index) = names(found, &row);
        let Some(Value::Text(column)) = row.get(2) else { continue };
        indexes.entry((table, index)).or_default().insert(found.fold(column));
    }
    Ok(indexes.into_iter().map(|((table, _), columns)| (table, columns)).collect())
}

fn names(found: &Found, row: &Row) -> (String, String) {
    let name = |index| match row.get(index) {
        Some(Value::Text(name)) => found.fold(name),
        _ => String::new(),
    };
    (name(0), name(1))
}
