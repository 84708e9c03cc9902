//! The SQL that adds what a database lacks. `migrations/<backend>/` holds its output for the core's models.

use super::Backend;
use super::inspect::Found;
use crate::store::model::{Field, Model};
use crate::store::schema::Schema;
use doorward_contract::FieldType;

/// The statements that create the schema in an empty database: tables, then indexes, as the reference writes them.
pub fn create_schema(schema: &Schema, backend: Backend) -> Vec<String> {
    missing(schema, backend, &Found::default())
}

/// The statements that add what `found` lacks: tables and columns, then indexes.
pub(super) fn missing(schema: &Schema, backend: Backend, found: &Found) -> Vec<String> {
    let write = Writer { schema, backend };
    let mut tables = Vec::new();
    let mut indexes = Vec::new();
    for model in schema.models() {
        let is_new = !found.has_table(&model.table);
        if is_new {
            tables.push(write.table(model));
        }
        for field in &model.fields {
            let is_new_column = !is_new && !found.has_column(&model.table, &field.column);
            if is_new_column {
                tables.push(write.added_column(model, field));
            }
            // For a unique field, the constraint in `create table` creates the index.
            if field.unique && !is_new && !found.has_unique_index(&model.table, &field.column) {
                indexes.push(write.index("unique index", "uidx", model, field));
            } else if field.index && !field.unique && !found.has_index(&model.table, &field.column) {
                indexes.push(write.index("index", "idx", model, field));
            }
        }
    }
    [tables, indexes].concat()
}

/// Texts are compared byte by byte, trailing spaces included. The two databases call that by different names; each passes
/// over the comment that is for the other.
const MYSQL_TABLE: &str =
    " engine=InnoDB default charset=utf8mb4 /*M! collate=utf8mb4_nopad_bin */ /*!80017 collate=utf8mb4_0900_bin */";

/// Writes statements for one kind of database.
struct Writer<'a> {
    schema: &'a Schema,
    backend: Backend,
}

impl Writer<'_> {
    fn table(&self, model: &Model) -> String {
        let mut parts: Vec<String> = model.fields.iter().map(|field| self.column(field)).collect();
        let mut end = "";
        if self.backend == Backend::Mysql {
            // It passes over references that stand behind a column.
            parts.extend(model.fields.iter().filter_map(|field| self.foreign_key(field)));
            end = MYSQL_TABLE;
        }
        format!("create table {} ({}){end}", self.quote(&model.table), parts.join(", "))
    }

    fn index(&self, what: &str, suffix: &str, model: &Model, field: &Field) -> String {
        let name = self.quote(&format!("{}_{}_{suffix}", model.table, field.column));
        format!("create {what} {name} on {} ({})", self.quote(&model.table), self.quote(&field.column))
    }

    fn column(&self, field: &Field) -> String {
        let mut sql = format!("{} {}", self.quote(&field.column), column_type(field, self.backend));
        match self.backend {
            Backend::Postgres if field.default_now => sql.push_str(" default CURRENT_TIMESTAMP"),
            Backend::Mysql if field.default_now => sql.push_str(" default CURRENT_TIMESTAMP(3)"),
            Backend::Sqlite | Backend::Postgres | Backend::Mysql => {}
        }
        if field.required || field.name == "id" {
            sql.push_str(" not null");
        }
        if field.name == "id" {
            sql.push_str(" primary key");
        } else if field.unique {
            sql.push_str(" unique");
        }
        if self.backend != Backend::Mysql {
            sql.push_str(&self.references(field).unwrap_or_default());
        }
        sql
    }

    /// A column added to existing rows. It may be null, whatever the field says, because those rows have no value. The
    /// index of a unique field is created separately, because SQLite cannot add it here.
    fn added_column(&self, model: &Model, field: &Field) -> String {
        let (table, column) = (self.quote(&model.table), self.quote(&field.column));
        let end = match self.backend {
            Backend::Mysql => self.foreign_key(field).map(|key| format!(", add {key}")),
            Backend::Sqlite | Backend::Postgres => self.references(field),
        };
        format!(
            "alter table {table} add column {column} {}{}",
            column_type(field, self.backend),
            end.unwrap_or_default()
        )
    }

    fn foreign_key(&self, field: &Field) -> Option<String> {
        Some(format!("foreign key ({}){}", self.quote(&field.column), self.references(field)?))
    }

    fn references(&self, field: &Field) -> Option<String> {
        let model = field.references.as_deref().and_then(|name| self.schema.model(name).ok())?;
        let id = model.fields.first().map(|field| self.quote(&field.column)).unwrap_or_default();
        Some(format!(" references {} ({id}) on delete cascade", self.quote(&model.table)))
    }

    /// The schema has checked the names: they contain no quotes.
    fn quote(&self, name: &str) -> String {
        match self.backend {
            Backend::Mysql => format!("`{name}`"),
            Backend::Sqlite | Backend::Postgres => format!("\"{name}\""),
        }
    }
}

/// The type of the field's column.
pub(super) fn column_type(field: &Field, backend: Backend) -> &'static str {
    match (field.kind, backend) {
        // An index of MySQL needs a length, and not all of a long text fits into one.
        (FieldType::String, Backend::Mysql) if is_key(field) => "varchar(255)",
        (FieldType::String, Backend::Mysql) => "mediumtext",
        // Its `json` would sort the members.
        (FieldType::Strings | FieldType::Numbers | FieldType::Json, Backend::Mysql) => "longtext",
        (FieldType::Strings | FieldType::Numbers | FieldType::Json, Backend::Postgres) => "jsonb",
        (FieldType::String | FieldType::Strings | FieldType::Numbers | FieldType::Json, _) => "text",
        (FieldType::Bigint, _) => "bigint",
        (FieldType::Number, _) | (FieldType::Boolean, Backend::Sqlite) => "integer",
        (FieldType::Boolean, Backend::Postgres | Backend::Mysql) => "boolean",
        (FieldType::Date, Backend::Sqlite) => "date",
        (FieldType::Date, Backend::Postgres) => "timestamptz",
        (FieldType::Date, Backend::Mysql) => "datetime(3)",
    }
}

fn is_key(field: &Field) -> bool {
    field.name == "id" || field.unique || field.index || field.references.is_some()
}
