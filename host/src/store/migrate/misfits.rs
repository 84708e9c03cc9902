//! Finds what in a database's tables will not work with the models: types, NOT NULL, foreign keys. It changes nothing.

use std::collections::HashMap;

use doorward_contract::FieldType;

use super::Backend;
use super::render::column_type;
use crate::config::GenerateId;
use crate::store::Database;
use crate::store::error::StoreError;
use crate::store::model::{Field, Model};
use crate::store::open::Store;
use crate::store::row::Row;
use crate::store::schema::Schema;
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
/// Table, column, the table referred to, whether a deletion there is refused.
const SQLITE_KEYS: &str = "SELECT m.name, f.\"from\", f.\"table\", f.on_delete IN ('NO ACTION', 'RESTRICT') \
     FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'";
const POSTGRES_KEYS: &str = "SELECT c.relname::text, a.attname::text, r.relname::text, k.confdeltype IN ('a', 'r') \
     FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid \
     JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1] \
     WHERE k.contype = 'f' AND n.nspname = current_schema()";

const MYSQL_KEYS: &str = "SELECT CAST(k.table_name AS CHAR), CAST(k.column_name AS CHAR), \
     CAST(k.referenced_table_name AS CHAR), r.delete_rule IN ('NO ACTION', 'RESTRICT') \
     FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r \
     ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name \
     WHERE k.table_schema = DATABASE() AND k.ordinal_position = 1";

/// The shortest text column that holds an id, in characters.
const ID_LENGTH: i64 = 32;
/// The shortest that holds any other text: addresses, hashes, tokens.
const TEXT_LENGTH: i64 = 255;

/// What will not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Whether rows cannot be written or read because of it; else only some changes are refused.
    pub is_fatal: bool,
    /// Where and why, and what would mend it.
    pub text: String,
}

/// A column as the database has it.
struct Column {
    name: String,
    kind: String,
    is_not_null: bool,
    fills_itself: bool,
    longest: i64,
}

impl Store {
    /// What in the tables that are there will not work with ids of this form. What is missing is in the migration's plan.
    ///
    /// # Errors
    /// `Unavailable`, `Internal`.
    pub async fn misfits(&self, ids: GenerateId) -> Result<Vec<Misfit>, StoreError> {
        let (columns, keys) = match self.backend() {
            Backend::Sqlite => (SQLITE_COLUMNS, SQLITE_KEYS),
            Backend::Postgres => (POSTGRES_COLUMNS, POSTGRES_KEYS),
            Backend::Mysql => (MYSQL_COLUMNS, MYSQL_KEYS),
        };
        let judge = Judge { schema: self.schema(), backend: self.backend(), ids };
        let mut tables: HashMap<String, Vec<Column>> = HashMap::new();
        for row in self.run(Builder::read(columns).build()?).await? {
            tables.entry(judge.fold(&text(&row, 0))).or_default().push(column(&row));
        }
        let mut found = Vec::new();
        for model in self.schema().models() {
            for column in tables.get(&judge.fold(&model.table)).into_iter().flatten() {
                found.extend(judge.column(model, column));
            }
        }
        for row in self.run(Builder::read(keys).build()?).await? {
            found.extend(judge.key(&row));
        }
        Ok(found)
    }
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

fn text(row: &Row, index: usize) -> String {
    match row.get(index) {
        Some(Value::Text(text)) => text.clone(),
        _ => String::new(),
    }
}

fn is_true(row: &Row, index: usize) -> bool {
    matches!(row.get(index), Some(Value::Boolean(true) | Value::Integer(1)))
}

struct Judge<'a> {
    schema: &'a Schema,
    backend: Backend,
    ids: GenerateId,
}

impl Judge<'_> {
    /// A name as it is compared: SQLite does not tell capitals from small letters.
    fn fold(&self, name: &str) -> String {
        if self.backend == Backend::Sqlite { name.to_ascii_lowercase() } else { name.to_owned() }
    }

    fn field<'m>(&self, model: &'m Model, column: &str) -> Option<&'m Field> {
        model.fields.iter().find(|field| self.fold(&field.column) == self.fold(column))
    }

    /// What is wrong with a column of a model's table, if anything is.
    fn column(&self, model: &Model, column: &Column) -> Option<Misfit> {
        let place = format!("{}.{}", model.table, column.name);
        let fatal = |text: String| Some(Misfit { is_fatal: true, text: format!("{place} {text}") });
        let Some(field) = self.field(model, &column.name) else {
            let is_in_the_way = column.is_not_null && !column.fills_itself;
            return is_in_the_way.then(|| fatal(format!(
                "is NOT NULL without a default, and Doorward, which does not know it, could write no row. Give it a default{}",
                self.way_to_declare(model)
            )))?;
        };
        let is_id = field.name == "id" || field.references.is_some();
        if is_id && column.kind == "uuid" && self.backend == Backend::Postgres {
            let refused =
                "is uuid, and Doorward writes other ids. Make it text, or set advanced.database.generate_id = \"uuid\"";
            return if self.ids == GenerateId::Uuid { None } else { fatal(refused.to_owned()) };
        }
        if !self.holds(field, &column.kind) {
            let (found, wanted) = (&column.kind, column_type(field, self.backend));
            let found = if found.is_empty() { "without a type" } else { found };
            return fatal(format!("is {found} and cannot hold what Doorward writes. Make it {wanted}"));
        }
        let least = if is_id { ID_LENGTH } else { TEXT_LENGTH };
        if column.longest > 0 && column.longest < least {
            return fatal(format!("holds {} characters, and {least} are needed. Make it text", column.longest));
        }
        if column.is_not_null && !field.required && field.default.is_none() && field.name != "id" {
            return fatal("is NOT NULL, and Doorward writes rows without a value. Drop NOT NULL".to_owned());
        }
        None
    }

    fn way_to_declare(&self, model: &Model) -> String {
        match model.name.as_str() {
            name @ ("user" | "session" | "account") => format!(", or declare it in {name}.additional_fields"),
            _ => String::new(),
        }
    }

    /// What is wrong with a foreign key, if anything is.
    fn key(&self, row: &Row) -> Option<Misfit> {
        let (table, column, target) = (text(row, 0), text(row, 1), text(row, 2));
        let model_of =
            |table: &str| self.schema.models().iter().find(|model| self.fold(&model.table) == self.fold(table));
        let place = format!("{table}.{column}");
        if let Some(field) = model_of(&table).and_then(|model| self.field(model, &column)) {
            let expected = field.references.as_deref().and_then(|name| self.schema.model(name).ok());
            return match expected {
                Some(model) if self.fold(&model.table) == self.fold(&target) => None,
                Some(model) => Some(Misfit {
                    is_fatal: true,
                    text: format!(
                        "{place} refers to {target}, and Doorward writes ids of {}. Drop the foreign key",
                        model.table
                    ),
                }),
                None => Some(Misfit {
                    is_fatal: true,
                    text: format!("{place} refers to {target}, which Doorward does not know of. Drop the foreign key"),
                }),
            };
        }
        let refuses = model_of(&target).is_some() && is_true(row, 3);
        refuses.then(|| Misfit {
            is_fatal: false,
            text: format!(
                "{place} refers to {target} without ON DELETE: rows of {target} that it names cannot be deleted. \
                 Add ON DELETE CASCADE or SET NULL, unless that is meant"
            ),
        })
    }

    /// Whether a column of this type takes and gives back a field's values as they are.
    fn holds(&self, field: &Field, kind: &str) -> bool {
        match self.backend {
            Backend::Sqlite => {
                let affinity = Affinity::of(kind);
                match field.kind {
                    FieldType::String => matches!(affinity, Affinity::Text | Affinity::None),
                    FieldType::Number | FieldType::Bigint | FieldType::Boolean => affinity != Affinity::Text,
                    FieldType::Date => matches!(affinity, Affinity::Text | Affinity::Numeric | Affinity::None),
                    FieldType::Strings | FieldType::Numbers | FieldType::Json => {
                        matches!(affinity, Affinity::Text | Affinity::Numeric | Affinity::None)
                    }
                }
            }
            Backend::Postgres => {
                let kinds: &[&str] = match field.kind {
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
                match field.kind {
                    FieldType::String => TEXTS.contains(&kind),
                    FieldType::Number | FieldType::Boolean => NUMBERS.contains(&kind),
                    FieldType::Bigint => matches!(kind, "bigint" | "double" | "decimal"),
                    FieldType::Date => matches!(kind, "datetime" | "timestamp"),
                    FieldType::Strings | FieldType::Numbers | FieldType::Json => {
                        kind == "json" || TEXTS.contains(&kind)
                    }
                }
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
