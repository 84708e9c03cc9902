//! The columns that a database's tables have, with their types, and whether a type holds a field's values.

use std::collections::HashMap;

use doorward_contract::FieldType;

use super::Backend;
use crate::store::Database;
use crate::store::error::StoreError;
use crate::store::model::{Field, IdForm};
use crate::store::row::Row;
use crate::store::statement::Builder;
use crate::store::value::Value;

/// Table, column, type, NOT NULL, whether the database fills it by itself, longest text (0: any).
const SQLITE_COLUMNS: &str = "SELECT m.name, c.name, lower(c.type), c.\"notnull\", \
     c.dflt_value IS NOT NULL OR (c.pk > 0 AND lower(c.type) = 'integer'), 0 \
     FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'";
const POSTGRES_COLUMNS: &str = "SELECT table_name::text, column_name::text, CASE WHEN EXISTS (SELECT 1 FROM pg_type t \
     JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typname = udt_name AND n.nspname = udt_schema AND t.typtype = 'e') \
     THEN 'enum' ELSE udt_name::text END, is_nullable = 'NO', \
     column_default IS NOT NULL OR is_identity = 'YES' OR is_generated = 'ALWAYS', coalesce(character_maximum_length, 0)::int8 \
     FROM information_schema.columns WHERE table_schema = current_schema()";
const MYSQL_COLUMNS: &str = "SELECT CAST(table_name AS CHAR), CAST(column_name AS CHAR), CAST(lower(data_type) AS CHAR), \
     is_nullable = 'NO', column_default IS NOT NULL OR extra LIKE '%auto_increment%' OR extra LIKE '%GENERATED%', \
     CAST(coalesce(CASE WHEN data_type IN ('char', 'varchar') THEN character_maximum_length END, 0) AS SIGNED) \
     FROM information_schema.columns WHERE table_schema = DATABASE()";
/// A column as the database has it.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub name: String,
    pub kind: String,
    pub is_not_null: bool,
    pub fills_itself: bool,
    pub longest: i64,
}

/// The columns of every table.
#[derive(Default)]
pub(super) struct Columns {
    backend: Option<Backend>,
    tables: HashMap<String, Vec<Column>>,
}

impl Columns {
    /// Looks at `database`, which is the store or a transaction.
    pub(super) async fn find(database: &dyn Database, backend: Backend) -> Result<Self, StoreError> {
        let sql = match backend {
            Backend::Sqlite => SQLITE_COLUMNS,
            Backend::Postgres => POSTGRES_COLUMNS,
            Backend::Mysql => MYSQL_COLUMNS,
        };
        let mut found = Self { backend: Some(backend), ..Self::default() };
        for row in database.run(Builder::read(sql).build()?).await? {
            found.tables.entry(fold(backend, &text(&row, 0))).or_default().push(column(&row));
        }
        Ok(found)
    }

    /// Those of a table; none when there is no such table.
    pub(super) fn of(&self, table: &str) -> &[Column] {
        let table = self.backend.map(|backend| fold(backend, table));
        table.and_then(|table| self.tables.get(&table)).map_or(&[], Vec::as_slice)
    }

    /// The column of a table.
    pub(super) fn get(&self, table: &str, column: &str) -> Option<&Column> {
        let backend = self.backend?;
        self.of(table).iter().find(|candidate| fold(backend, &candidate.name) == fold(backend, column))
    }

    /// As if the column had this name.
    pub(super) fn rename(&mut self, table: &str, from: &str, to: &str) {
        let Some(backend) = self.backend else { return };
        let columns = self.tables.get_mut(&fold(backend, table)).into_iter().flatten();
        for column in columns.filter(|column| fold(backend, &column.name) == fold(backend, from)) {
            to.clone_into(&mut column.name);
        }
    }
}

/// A name as it is compared: SQLite does not tell capitals from small letters.
pub(super) fn fold(backend: Backend, name: &str) -> String {
    if backend == Backend::Sqlite { name.to_ascii_lowercase() } else { name.to_owned() }
}

fn column(row: &Row) -> Column {
    let longest = match row.get(5) {
        Some(Value::Integer(longest)) => *longest,
        _ => 0,
    };
    Column {
        name: text(row, 1),
        kind: text(row, 2),
        is_not_null: is_true(row, 3),
        fills_itself: is_true(row, 4),
        longest,
    }
}

pub(super) fn text(row: &Row, index: usize) -> String {
    match row.get(index) {
        Some(Value::Text(text)) => text.clone(),
        _ => String::new(),
    }
}

pub(super) fn is_true(row: &Row, index: usize) -> bool {
    matches!(row.get(index), Some(Value::Boolean(true) | Value::Integer(1)))
}

/// Whether a column of this type takes and gives back a field's values as they are.
pub(super) fn fits(field: &Field, kind: &str, backend: Backend) -> bool {
    holds(if field.id_form == IdForm::Number { FieldType::Number } else { field.kind }, kind, backend)
}

fn holds(field: FieldType, kind: &str, backend: Backend) -> bool {
    match backend {
        Backend::Sqlite => {
            let affinity = Affinity::of(kind);
            match field {
                FieldType::String => matches!(affinity, Affinity::Text | Affinity::None),
                FieldType::Number | FieldType::Bigint | FieldType::Boolean => affinity != Affinity::Text,
                FieldType::Date => matches!(affinity, Affinity::Text | Affinity::Numeric | Affinity::None),
                FieldType::Strings | FieldType::Numbers | FieldType::Json => {
                    matches!(affinity, Affinity::Text | Affinity::Numeric | Affinity::None)
                }
            }
        }
        Backend::Postgres => {
            let kinds: &[&str] = match field {
                FieldType::String => &["text", "varchar", "name", "uuid", "enum", "citext", "inet", "cidr"],
                FieldType::Number => &["int2", "int4", "int8", "float4", "float8", "numeric"],
                FieldType::Bigint => &["int8", "float8", "numeric"],
                FieldType::Boolean => &["bool"],
                FieldType::Date => &["timestamptz", "timestamp", "date"],
                FieldType::Strings => &["jsonb", "json", "text", "varchar", "_text", "_varchar"],
                FieldType::Numbers | FieldType::Json => &["jsonb", "json", "text", "varchar"],
            };
            kinds.contains(&kind)
        }
        Backend::Mysql => {
            const TEXTS: &[&str] = &["varchar", "char", "text", "mediumtext", "longtext", "enum"];
            const NUMBERS: &[&str] = &["int", "bigint", "smallint", "mediumint", "tinyint", "double", "decimal"];
            match field {
                FieldType::String => TEXTS.contains(&kind),
                FieldType::Number | FieldType::Boolean => NUMBERS.contains(&kind),
                FieldType::Bigint => matches!(kind, "bigint" | "double" | "decimal"),
                FieldType::Date => matches!(kind, "datetime" | "timestamp"),
                FieldType::Strings | FieldType::Numbers | FieldType::Json => kind == "json" || TEXTS.contains(&kind),
            }
        }
    }
}

/// What SQLite makes of values in a column. Source: section 3.1 of its page on data types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Affinity {
    Integer,
    Text,
    None,
    Real,
    Numeric,
}

impl Affinity {
    fn of(kind: &str) -> Self {
        let has = |parts: &[&str]| parts.iter().any(|part| kind.contains(part));
        match kind {
            _ if has(&["int"]) => Self::Integer,
            _ if has(&["char", "clob", "text"]) => Self::Text,
            _ if kind.is_empty() || has(&["blob"]) => Self::None,
            _ if has(&["real", "floa", "doub"]) => Self::Real,
            _ => Self::Numeric,
        }
    }
}
