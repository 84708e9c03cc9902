//! The SQL that adds what a database lacks. `migrations/<backend>/` holds its output for the core's models.

use super::Backend;
use super::inspect::Found;
use crate::store::model::{Field, IdForm, Model};
use crate::store::schema::Schema;
use crate::store::value::Value;
use doorward_contract::{FieldType, OnDelete};

/// The statements that create the schema in an empty database: tables, then indexes, as the reference writes them.
pub fn create_schema(schema: &Schema, backend: Backend) -> Vec<String> {
    missing(schema, backend, &Found::default())
}

/// The statements that add what `found` lacks: tables and columns, then indexes.
pub(super) fn missing(schema: &Schema, backend: Backend, found: &Found) -> Vec<String> {
    let write = Writer { schema, backend, found };
    let (mut tables, mut keys, mut indexes) = (Vec::new(), Vec::new(), Vec::new());
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
            if (is_new || is_new_column) && write.is_ahead(model, field) {
                keys.extend(write.added_key(model, field));
            }
            // For a unique field, the constraint in `create table` creates the index.
            if field.unique && !is_new && !found.has_unique(&model.table, &[&field.column]) {
                indexes.push(write.index("unique index", "uidx", model, field));
            } else if field.index && !field.unique && !found.has_index(&model.table, &field.column) {
                indexes.push(write.index("index", "idx", model, field));
            }
        }
        for group in &model.unique {
            let columns: Vec<&str> =
                group.iter().filter_map(|name| Some(model.field(name).ok()?.column.as_str())).collect();
            if !found.has_unique(&model.table, &columns) {
                indexes.push(write.group(model, &columns));
            }
        }
    }
    [tables, keys, indexes].concat()
}

/// Texts are compared byte by byte, trailing spaces included. The two databases call that by different names; each passes
/// over the comment that is for the other.
const MYSQL_TABLE: &str =
    " engine=InnoDB default charset=utf8mb4 /*M! collate=utf8mb4_nopad_bin */ /*!80017 collate=utf8mb4_0900_bin */";

/// Writes statements for one kind of database.
struct Writer<'a> {
    schema: &'a Schema,
    backend: Backend,
    found: &'a Found,
}

impl Writer<'_> {
    fn table(&self, model: &Model) -> String {
        let mut parts: Vec<String> = model.fields.iter().map(|field| self.column(model, field)).collect();
        let mut end = "";
        if self.backend == Backend::Mysql {
            // It passes over references that stand behind a column.
            let there = model.fields.iter().filter(|field| !self.is_ahead(model, field));
            parts.extend(there.filter_map(|field| self.foreign_key(field)));
            end = MYSQL_TABLE;
        }
        format!("create table {} ({}){end}", self.quote(&model.table), parts.join(", "))
    }

    fn index(&self, what: &str, suffix: &str, model: &Model, field: &Field) -> String {
        let name = self.quote(&format!("{}_{}_{suffix}", model.table, field.column));
        format!("create {what} {name} on {} ({})", self.quote(&model.table), self.quote(&field.column))
    }

    fn group(&self, model: &Model, columns: &[&str]) -> String {
        let mut name = format!("{}_{}_uidx", model.table, columns.join("_"));
        // PostgreSQL cuts longer names.
        name.truncate(63);
        let columns: Vec<String> = columns.iter().map(|column| self.quote(column)).collect();
        format!("create unique index {} on {} ({})", self.quote(&name), self.quote(&model.table), columns.join(", "))
    }

    fn column(&self, model: &Model, field: &Field) -> String {
        let mut sql = format!("{} {}", self.quote(&field.column), self.column_type(field));
        sql.push_str(self.maker(field).unwrap_or_default());
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
            if field.made_by_database && field.id_form == IdForm::Number {
                sql.push_str(match self.backend {
                    Backend::Sqlite => " autoincrement",
                    Backend::Postgres => "",
                    Backend::Mysql => " auto_increment",
                });
            }
        } else if field.unique {
            sql.push_str(" unique");
        }
        if self.backend != Backend::Mysql && !self.is_ahead(model, field) {
            sql.push_str(&self.references(field).unwrap_or_default());
        }
        sql
    }

    /// A column added to existing rows, which get the field's default. It may be null, whatever the field says, because
    /// those rows may have no value. The index of a unique field is created separately, because SQLite cannot add it here.
    fn added_column(&self, model: &Model, field: &Field) -> String {
        let (table, column) = (self.quote(&model.table), self.quote(&field.column));
        let end = match self.backend {
            _ if self.is_ahead(model, field) => None,
            Backend::Mysql => self.foreign_key(field).map(|key| format!(", add {key}")),
            Backend::Sqlite | Backend::Postgres => self.references(field),
        };
        format!(
            "alter table {table} add column {column} {}{}{}",
            self.column_type(field),
            self.default(field).map(|value| format!(" default {value}")).unwrap_or_default(),
            end.unwrap_or_default()
        )
    }

    /// Whether the field refers to a table that is made after its own. Then its key is added when both are there; SQLite alone
    /// takes a reference to a table that is not there yet.
    fn is_ahead(&self, model: &Model, field: &Field) -> bool {
        let place = |name: &str| self.schema.models().iter().position(|model| model.name == name);
        let is_new = |table: &str| !self.found.has_table(table);
        self.backend != Backend::Sqlite
            && self
                .target(field)
                .is_some_and(|(target, _)| is_new(&target.table) && place(&target.name) > place(&model.name))
    }

    fn added_key(&self, model: &Model, field: &Field) -> Option<String> {
        Some(format!("alter table {} add {}", self.quote(&model.table), self.foreign_key(field)?))
    }

    /// The model and the field that this one refers to.
    fn target(&self, field: &Field) -> Option<(&Model, &Field)> {
        let to = field.references.as_ref()?;
        let model = self.schema.model(&to.model).ok()?;
        Some((model, model.field(&to.field).ok()?))
    }

    /// The type of the field's column. One that refers to a table that is there has the type of the column there.
    fn column_type(&self, field: &Field) -> String {
        let found = self.target(field).and_then(|(model, to)| self.found.column_type(&model.table, &to.column));
        let found = found.filter(|_| self.backend != Backend::Sqlite);
        found.map_or_else(|| column_type(field, self.backend).to_owned(), str::to_owned)
    }

    /// What lets the database make the ids of a new table.
    fn maker(&self, field: &Field) -> Option<&'static str> {
        if field.name != "id" {
            return None;
        }
        match (self.backend, field.id_form) {
            (Backend::Postgres, IdForm::Number) => Some(" generated by default as identity"),
            (Backend::Postgres, IdForm::Uuid) => Some(" default pg_catalog.gen_random_uuid()"),
            (Backend::Sqlite, IdForm::Text) if field.made_by_database => Some(" default (lower(hex(randomblob(16))))"),
            _ => None,
        }
    }

    /// The field's default, as a literal.
    fn default(&self, field: &Field) -> Option<String> {
        let quoted = |text: &str| {
            // A backslash is a letter, in MySQL too: its connections set `NO_BACKSLASH_ESCAPES`.
            let text = text.replace('\'', "''");
            // A long text of MySQL has no default but an expression.
            let is_long = self.backend == Backend::Mysql && column_type(field, self.backend).ends_with("text");
            if is_long { format!("('{text}')") } else { format!("'{text}'") }
        };
        match field.default.as_ref()? {
            Value::Null => None,
            Value::Text(text) => Some(quoted(text)),
            Value::Integer(number) => Some(number.to_string()),
            Value::Boolean(is_true) if self.backend == Backend::Sqlite => Some(i32::from(*is_true).to_string()),
            Value::Boolean(is_true) => Some(is_true.to_string()),
            Value::Timestamp(at) if self.backend == Backend::Mysql => {
                Some(quoted(&at.to_iso().replace('T', " ").replace('Z', "")))
            }
            Value::Timestamp(at) => Some(quoted(&at.to_iso())),
            Value::Json(json) => Some(quoted(&json.to_string())),
        }
    }

    fn foreign_key(&self, field: &Field) -> Option<String> {
        Some(format!("foreign key ({}){}", self.quote(&field.column), self.references(field)?))
    }

    fn references(&self, field: &Field) -> Option<String> {
        let (model, to) = self.target(field)?;
        let on_delete = match field.references.as_ref()?.on_delete {
            // SQLite reports the first as the failure of a trigger. Nothing is deferred here, so both are the same.
            OnDelete::Restrict if self.backend == Backend::Sqlite => OnDelete::NoAction.name(),
            other => other.name(),
        };
        Some(format!(" references {} ({}) on delete {on_delete}", self.quote(&model.table), self.quote(&to.column)))
    }

    fn quote(&self, name: &str) -> String {
        self.backend.quote(name)
    }
}

/// The type of the field's column.
pub(super) fn column_type(field: &Field, backend: Backend) -> &'static str {
    match (field.kind, backend) {
        (_, Backend::Sqlite) if field.id_form == IdForm::Number => "integer",
        (_, Backend::Postgres | Backend::Mysql) if field.id_form == IdForm::Number => "bigint",
        (_, Backend::Postgres) if field.id_form == IdForm::Uuid => "uuid",
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

pub(super) fn is_key(field: &Field) -> bool {
    field.name == "id" || field.unique || field.in_group || field.index || field.references.is_some()
}
