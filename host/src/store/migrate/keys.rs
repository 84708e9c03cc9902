//! Finds the foreign keys of a database, with their columns in order.

use super::Backend;
use super::columns::{fold, text};
use super::inspect::Found;
use crate::store::Database;
use crate::store::error::StoreError;
use crate::store::statement::Builder;

/// Table, key, column, the table referred to, the column there. A row for each column, in order.
const SQLITE_KEYS: &str = "SELECT m.name, CAST(f.id AS TEXT), f.\"from\", f.\"table\", f.\"to\" \
     FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' ORDER BY m.name, f.id, f.seq";
const POSTGRES_KEYS: &str = "SELECT c.relname::text, k.conname::text, a.attname::text, r.relname::text, b.attname::text \
     FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid \
     JOIN pg_namespace n ON n.oid = r.relnamespace CROSS JOIN LATERAL generate_series(1, cardinality(k.conkey)) AS s(place) \
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[s.place] \
     JOIN pg_attribute b ON b.attrelid = r.oid AND b.attnum = k.confkey[s.place] \
     WHERE k.contype = 'f' AND n.nspname = current_schema() ORDER BY c.relname, k.conname, s.place";
const MYSQL_KEYS: &str = "SELECT CAST(table_name AS CHAR), CAST(constraint_name AS CHAR), CAST(column_name AS CHAR), \
     CAST(referenced_table_name AS CHAR), CAST(referenced_column_name AS CHAR) FROM information_schema.key_column_usage \
     WHERE table_schema = DATABASE() AND referenced_table_name IS NOT NULL \
     ORDER BY table_name, constraint_name, ordinal_position";

/// A foreign key. Names are as they are compared.
#[derive(Clone, Debug, Default)]
pub(super) struct Key {
    pub table: String,
    pub columns: Vec<String>,
    /// The table that it refers to.
    pub to: String,
    /// Its columns there; an empty name stands for what the table has as its key.
    pub to_columns: Vec<String>,
    name: String,
}

/// The foreign keys of all tables, by the names that columns have after the renames.
///
/// # Errors
/// Those of the database.
pub(super) async fn find(database: &dyn Database, backend: Backend, names: &Found) -> Result<Vec<Key>, StoreError> {
    let sql = match backend {
        Backend::Sqlite => SQLITE_KEYS,
        Backend::Postgres => POSTGRES_KEYS,
        Backend::Mysql => MYSQL_KEYS,
    };
    let mut found: Vec<Key> = Vec::new();
    for row in database.run(Builder::read(sql).build()?).await? {
        let name = |place| fold(backend, &text(&row, place));
        let is_new = found.last().is_none_or(|last| last.table != name(0) || last.name != text(&row, 1));
        if is_new {
            found.push(Key { table: name(0), to: name(3), name: text(&row, 1), ..Key::default() });
        }
        if let Some(key) = found.last_mut() {
            key.columns.push(names.renamed(&key.table, &name(2)));
            key.to_columns.push(names.renamed(&key.to, &name(4)));
        }
    }
    Ok(found)
}
