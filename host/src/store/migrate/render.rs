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
    let mut tables = Vec::new();
    let mut indexes = Vec::new();
    for model in schema.models() {
        let is_new = !found.has_table(&model.table);
        if is_new {
            tables.push(create_table(schema, model, backend));
        }
        for field in &model.fields {
            let is_new_column = !is_new && !found.has_column(&model.table, &field.column);
            if is_new_column {
                let table = quote(&model.table);
                tables.push(format!("alter table {table} add column {}", added_column(schema, field, backend)));
            }
            // For a unique field, the constraint in `create table` creates the index.
            if field.unique && !is_new && !found.has_unique_index(&model.table, &field.column) {
                indexes.push(create_index("unique index", "uidx", model, field));
            } else if field.index && !field.unique && !found.has_index(&model.table, &field.column) {
                indexes.push(create_index("index", "idx", model, field));
            }
        }
    }
    [tables, indexes].concat()
}

fn create_table(schema: &Schema, model: &Model, backend: Backend) -> String {
    let columns: Vec<String> = model.fields.iter().map(|field| column(schema, field, backend)).collect();
    format!("create table {} ({})", quote(&model.table), columns.join(", "))
}

fn create_index(what: &str, suffix: &str, model: &Model, field: &Field) -> String {
    let name = quote(&format!("{}_{}_{suffix}", model.table, field.column));
    format!("create {what} {name} on {} ({})", quote(&model.table), quote(&field.column))
}

fn column(schema: &Schema, field: &Field, backend: Backend) -> String {
    let mut sql = format!("{} {}", quote(&field.column), column_type(field, backend));
    if field.default_now && backend == Backend::Postgres {
        sql.push_str(" default CURRENT_TIMESTAMP");
    }
    if field.required || field.name == "id" {
        sql.push_str(" not null");
    }
    if field.name == "id" {
        sql.push_str(" primary key");
    } else if field.unique {
        sql.push_str(" unique");
    }
    sql + references(schema, field).as_str()
}

/// A column added to existing rows. It may be null, whatever the field says, because those rows have no value. The
/// index of a unique field is created separately, because SQLite cannot add it here.
fn added_column(schema: &Schema, field: &Field, backend: Backend) -> String {
    format!("{} {}{}", quote(&field.column), column_type(field, backend), references(schema, field))
}

fn references(schema: &Schema, field: &Field) -> String {
    let target = field.references.as_deref().and_then(|name| schema.model(name).ok());
    let id = |model: &Model| model.fields.first().map(|field| quote(&field.column)).unwrap_or_default();
    target
        .map(|model| format!(" references {} ({}) on delete cascade", quote(&model.table), id(model)))
        .unwrap_or_default()
}

pub(super) fn column_type(field: &Field, backend: Backend) -> &'static str {
    match (field.kind, backend) {
        (FieldType::String, _) | (FieldType::Strings | FieldType::Numbers | FieldType::Json, Backend::Sqlite) => "text",
        (FieldType::Bigint, _) => "bigint",
        (FieldType::Number, _) | (FieldType::Boolean, Backend::Sqlite) => "integer",
        (FieldType::Boolean, Backend::Postgres) => "boolean",
        (FieldType::Date, Backend::Sqlite) => "date",
        (FieldType::Date, Backend::Postgres) => "timestamptz",
        (FieldType::Strings | FieldType::Numbers | FieldType::Json, Backend::Postgres) => "jsonb",
    }
}

/// The schema has checked the names: they contain no quotes.
fn quote(name: &str) -> String {
    format!("\"{name}\"")
}
