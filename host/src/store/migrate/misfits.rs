//! Finds what in a database's tables will not work with the models: types, NOT NULL, foreign keys. It changes nothing.

use super::Backend;
use super::columns::{Column, Columns, fits, fold, is_true, text};
use super::render::column_type;
use crate::config::GenerateId;
use crate::store::error::StoreError;
use crate::store::model::{Field, IdForm, Model};
use crate::store::open::Store;
use crate::store::row::Row;
use crate::store::schema::Schema;
use crate::store::statement::Builder;
use crate::store::{Database, Owner};

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

impl Store {
    /// What in the tables that are there will not work with ids of this form. What is missing is in the migration's plan.
    ///
    /// # Errors
    /// `Unavailable`, `Internal`.
    pub async fn misfits(&self, ids: GenerateId) -> Result<Vec<Misfit>, StoreError> {
        let keys = match self.backend() {
            Backend::Sqlite => SQLITE_KEYS,
            Backend::Postgres => POSTGRES_KEYS,
            Backend::Mysql => MYSQL_KEYS,
        };
        let judge = Judge { schema: self.schema(), backend: self.backend(), ids };
        let tables = Columns::find(self, self.backend()).await?;
        let mut found = Vec::new();
        for model in self.schema().models() {
            found.extend(tables.of(&model.table).iter().filter_map(|column| judge.column(model, column)));
        }
        for row in self.run(Builder::read(keys).build()?).await? {
            found.extend(judge.key(&row));
        }
        Ok(found)
    }
}

fn as_number(field: &Field) -> Field {
    Field { id_form: IdForm::Number, ..field.clone() }
}

/// What is wrong with a column of a plugin's table that has kept the type of an older version, and what its author does.
pub(super) fn changed_type(field: &Field, found: &str, plugin: &str) -> String {
    format!(
        "is {found}, and the plugin `{plugin}` now declares a {}. A column keeps its type: declare a field of another name, \
         fill it from this one in a step (`Plugin::backfill`), and drop this one in a later version",
        field.kind.name()
    )
}

struct Judge<'a> {
    schema: &'a Schema,
    backend: Backend,
    ids: GenerateId,
}

impl Judge<'_> {
    fn fold(&self, name: &str) -> String {
        fold(self.backend, name)
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
        let is_id = field.holds_id();
        if is_id && let Some(problem) = self.id_column(field, column) {
            return fatal(problem);
        }
        if !fits(field, &column.kind, self.backend) {
            let (found, wanted) = (&column.kind, column_type(field, self.backend));
            let found = if found.is_empty() { "without a type" } else { found };
            return fatal(match &field.owner {
                Owner::Plugin(plugin) if model.owner == field.owner => changed_type(field, found, plugin),
                _ => format!("is {found} and cannot hold what Doorward writes. Make it {wanted}"),
            });
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

    /// What is wrong with a column of ids, which differ by who makes them.
    fn id_column(&self, field: &Field, column: &Column) -> Option<String> {
        let is_uuid = column.kind == "uuid" && self.backend == Backend::Postgres;
        let is_number = match self.backend {
            Backend::Sqlite => column.kind.contains("int"),
            Backend::Postgres | Backend::Mysql => fits(&as_number(field), &column.kind, self.backend),
        };
        if is_uuid && !matches!(self.ids, GenerateId::Uuid | GenerateId::Column) {
            let problem =
                "is uuid, and Doorward writes other ids. Make it text, or set advanced.database.generate_id = \"uuid\"";
            return Some(problem.to_owned());
        }
        if is_number && field.id_form == IdForm::Text {
            let problem = format!(
                "is {}, and Doorward writes ids that are no numbers. Set advanced.database.generate_id = \"serial\"",
                column.kind
            );
            return Some(problem);
        }
        if field.made_by_database && !column.fills_itself {
            return Some(
                "has no default, and advanced.database.generate_id leaves ids to the database. Give it one".to_owned(),
            );
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
            let expected = field.references.as_ref().and_then(|to| self.schema.model(&to.model).ok());
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
}
