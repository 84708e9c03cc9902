//! The set of all models: those of the core, with configured names, and those of plugins.

use std::sync::{Arc, OnceLock};

use super::core_models;
use super::error::StoreError;
use super::model::{Field, IdForm, Model};
use super::models::DEFAULT_LIMIT;
use super::owner::Owner;
use super::statement::Shape;
use doorward_contract::{OnDelete, Step};

/// A step of a plugin: see [`Step`].
#[derive(Clone, Debug, PartialEq)]
pub struct PluginStep {
    /// Whose it is.
    pub plugin: String,
    /// What it does.
    pub step: Step<String>,
}

/// All models, in the order in which their tables are created.
#[derive(Clone, Debug)]
pub struct Schema {
    models: Vec<Arc<Model>>,
    /// What plugins do to rows of their tables, in order.
    steps: Vec<PluginStep>,
    /// Rows of a list that nobody limits.
    pub(super) default_limit: u32,
    /// Whether the rows of ended sessions stay.
    pub(super) keeps_ended_sessions: bool,
    /// The shape of the session look-up, made at its first use.
    pub(super) session_lookup: OnceLock<Arc<Shape>>,
}

impl Schema {
    /// True if it has every table and field of `other`, with the same properties.
    pub fn covers(&self, other: &Self) -> bool {
        let has = |model: &Model| {
            let own = self.models.iter().find(|own| own.name == model.name && own.table == model.table);
            own.is_some_and(|own| {
                let has_groups = model.unique.iter().all(|group| own.unique.contains(group));
                has_groups
                    && own.expires_at == model.expires_at
                    && model.fields.iter().all(|field| own.fields.contains(field))
            })
        };
        other.models.iter().all(|model| has(model)) && other.steps.iter().all(|step| self.steps.contains(step))
    }

    /// The reference's core tables and the server's own tables, without `rateLimit`.
    pub fn core() -> Self {
        let models = core_models::all().into_iter().map(Arc::new).collect();
        Self {
            models,
            steps: Vec::new(),
            default_limit: DEFAULT_LIMIT,
            keeps_ended_sessions: false,
            session_lookup: OnceLock::new(),
        }
    }

    /// Adds the table `rateLimit`, for rate limits that are counted in the database.
    ///
    /// # Errors
    /// `Clash` when its name is taken.
    pub fn add_rate_limit(&mut self) -> Result<(), StoreError> {
        self.add_model(core_models::rate_limit())
    }

    /// All models, in the order in which their tables are created.
    pub fn models(&self) -> &[Arc<Model>] {
        &self.models
    }

    /// Adds what a plugin does to the rows of one of its tables, after what was added before.
    pub fn add_step(&mut self, plugin: &str, step: Step<String>) {
        self.steps.push(PluginStep { plugin: plugin.to_owned(), step });
    }

    /// What plugins do to rows of their tables, in order.
    pub fn steps(&self) -> &[PluginStep] {
        &self.steps
    }

    /// The model with this name.
    ///
    /// # Errors
    /// `InvalidInput` when there is none.
    pub fn model(&self, name: &str) -> Result<&Arc<Model>, StoreError> {
        self.models.iter().find(|model| model.name == name).ok_or_else(|| StoreError::invalid(name, "is not a model"))
    }

    /// Renames the model's table.
    ///
    /// # Errors
    /// `InvalidInput` for an unknown model or an unusable name, `Clash` when the table is taken.
    pub fn rename_table(&mut self, model: &str, table: &str) -> Result<(), StoreError> {
        check_name(table)?;
        if let Some(other) = self.models.iter().find(|other| other.name != model && same(&other.table, table)) {
            return Err(clash(format!("the table {table}"), &other.owner, &Owner::Config));
        }
        table.clone_into(&mut self.model_mut(model)?.table);
        Ok(())
    }

    /// Renames the field's column.
    ///
    /// # Errors
    /// `InvalidInput` for an unknown model or field or an unusable name, `Clash` when the column is taken.
    pub fn rename_column(&mut self, model: &str, field: &str, column: &str) -> Result<(), StoreError> {
        check_name(column)?;
        let model = self.model_mut(model)?;
        model.field(field)?;
        let what = format!("the column {}.{column}", model.table);
        for candidate in &mut model.fields {
            if candidate.name == field {
                column.clone_into(&mut candidate.column);
            } else if same(&candidate.column, column) {
                return Err(clash(what, &candidate.owner, &Owner::Config));
            }
        }
        Ok(())
    }

    /// Adds a field to a model.
    ///
    /// # Errors
    /// `InvalidInput` for an unknown model or an unusable name, `Clash` when the name or the column is taken.
    pub fn add_field(&mut self, model: &str, field: Field) -> Result<(), StoreError> {
        check_name(&field.name)?;
        check_name(&field.column)?;
        self.check_reference(model, &field)?;
        let model = self.model_mut(model)?;
        let taken = model.fields.iter().find(|other| other.name == field.name || same(&other.column, &field.column));
        if let Some(other) = taken {
            return Err(clash(format!("the field {}.{}", model.name, field.name), &other.owner, &field.owner));
        }
        model.fields.push(field);
        Ok(())
    }

    /// The other field must be there, say which row it is of, and hold the same kind of value.
    fn check_reference(&self, model: &str, field: &Field) -> Result<(), StoreError> {
        let Some(to) = &field.references else { return Ok(()) };
        let name = format!("{model}.{}", field.name);
        let unknown = |part: &str, problem| StoreError::invalid(&format!("{name} references {part}, which"), problem);
        let model = self.model(&to.model);
        let model =
            model.map_err(|_| unknown(&to.model, "is no table of Doorward or of a plugin that is switched on"))?;
        let target = model.field(&to.field);
        let target = target.map_err(|_| unknown(&format!("{}.{}", to.model, to.field), "is not a field"))?;
        let problem = match field.required && to.on_delete == OnDelete::SetNull {
            true => Some("is required, so that on_delete = \"set null\" cannot be"),
            false if target.name != "id" && !target.unique => Some("refers to a field that is not unique"),
            false if target.kind != field.kind => Some("is of another type than the field that it refers to"),
            false if field.default.is_some() && field.owner == Owner::Config => {
                Some("refers to a row, and cannot have a default")
            }
            false => None,
        };
        problem.map_or(Ok(()), |problem| Err(StoreError::invalid(&name, problem)))
    }

    /// Adds a model. The models that it refers to must exist already.
    ///
    /// # Errors
    /// `InvalidInput` for unusable names, a missing `id` or an unknown reference, `Clash` when a name is taken.
    pub fn add_model(&mut self, mut model: Model) -> Result<(), StoreError> {
        check_name(&model.name)?;
        check_name(&model.table)?;
        if model.fields.first().is_none_or(|first| first.name != "id") {
            return Err(StoreError::invalid(&model.name, "does not start with the field id"));
        }
        if let Some(other) =
            self.models.iter().find(|other| same(&other.name, &model.name) || same(&other.table, &model.table))
        {
            return Err(clash(format!("the model {}", model.name), &other.owner, &model.owner));
        }
        let fields = std::mem::take(&mut model.fields);
        let name = model.name.clone();
        self.models.push(Arc::new(model));
        for field in fields {
            self.add_field(&name, field).inspect_err(|_| {
                self.models.pop();
            })?;
        }
        Ok(())
    }

    /// How ids of rows are stored, those of references included, and whether the database makes them. The server's own tables
    /// keep their ids; what they refer to is stored as it is there.
    pub(super) fn set_ids(&mut self, form: IdForm, made_by_database: bool) {
        let is_own = |model: &Model| model.owner == Owner::Core && model.name.starts_with("doorward_");
        let own: Vec<String> =
            self.models.iter().filter(|model| is_own(model)).map(|model| model.name.clone()).collect();
        for model in &mut self.models {
            let is_own = own.contains(&model.name);
            for field in &mut Arc::make_mut(model).fields {
                let is_id = field.name == "id" && !is_own;
                let target = field.references.as_ref().filter(|target| target.field == "id");
                if is_id || target.is_some_and(|target| !own.contains(&target.model)) {
                    field.id_form = form;
                    field.made_by_database = is_id && made_by_database;
                }
            }
        }
    }

    fn model_mut(&mut self, name: &str) -> Result<&mut Model, StoreError> {
        self.session_lookup = OnceLock::new();
        let model = self.models.iter_mut().find(|model| model.name == name);
        model.map(Arc::make_mut).ok_or_else(|| StoreError::invalid(name, "is not a model"))
    }
}

/// Names in SQLite are case-insensitive, so two names that differ only in case are the same.
fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

fn clash(what: String, first: &Owner, second: &Owner) -> StoreError {
    StoreError::Clash { what, first: first.clone(), second: second.clone() }
}

/// A name has letters, digits and `_`, at most 63 characters (PostgreSQL cuts longer ones), and no prefix that a
/// database reserves.
fn check_name(name: &str) -> Result<(), StoreError> {
    let is_word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let is_first_fine = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let lower = name.to_ascii_lowercase();
    if is_word && is_first_fine && name.len() <= 63 && !lower.starts_with("sqlite_") && !lower.starts_with("pg_") {
        Ok(())
    } else {
        Err(StoreError::invalid(name, "cannot be the name of a table or column"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Reference;
    use doorward_contract::FieldType;

    fn field(name: &str, owner: Owner) -> Field {
        Field { owner, ..Field::new(name, FieldType::String) }
    }

    #[test]
    fn a_clash_names_both_owners() {
        let mut schema = Schema::core();
        schema.add_field("user", field("role", Owner::Plugin("admin".into()))).unwrap();
        let error = schema.add_field("user", field("role", Owner::Plugin("roles".into()))).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the field user.role belongs to the plugin admin and is claimed by the plugin roles"
        );
        let error = schema.add_field("user", field("EMAIL", Owner::Config)).unwrap_err();
        assert_eq!(error.to_string(), "the field user.EMAIL belongs to the core and is claimed by the configuration");
    }

    #[test]
    fn models_clash_on_name_and_on_table() {
        let mut schema = Schema::core();
        let model = |name: &str, table: &str| Model {
            table: table.into(),
            ..Model::new(name, vec![Field::new("id", FieldType::String)], Owner::Plugin("x".into()))
        };
        assert!(matches!(schema.add_model(model("other", "USER")), Err(StoreError::Clash { .. })));
        assert!(matches!(schema.add_model(model("user", "other")), Err(StoreError::Clash { .. })));
        schema.add_model(model("other", "other")).unwrap();
        assert!(matches!(schema.rename_table("other", "session"), Err(StoreError::Clash { .. })));
        assert!(matches!(schema.rename_column("user", "name", "email"), Err(StoreError::Clash { .. })));
    }

    #[test]
    fn names_that_no_database_takes_are_refused() {
        for name in ["", "1a", "a b", "a\"b", "sqlite_x", "PG_x", &"a".repeat(64), "naïve"] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_model_with_a_bad_field_is_not_half_added() {
        let mut schema = Schema::core();
        let mut bad = field("b", Owner::Core);
        bad.references = Some(Reference::to_id("nowhere"));
        let model = Model::new("m", vec![field("id", Owner::Core), bad], Owner::Core);
        assert!(schema.add_model(model).is_err());
        assert!(schema.model("m").is_err());
    }
}
