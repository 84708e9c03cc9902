//! What a migration does, in order: renames, what is missing, what is no longer declared, and the other steps of plugins.

use std::collections::HashSet;

use doorward_contract::{StepWork, name_now};

use super::Backend;
use super::claims::{Claim, Claims};
use super::columns::{Column, Columns, fits};
use super::inspect::{Found, inspect};
use super::journal::finished;
use super::keys;
use super::misfits::changed_type;
use super::place::{Fill, Place, column_of};
use super::render::{is_key, missing};
use crate::store::core_models::MIGRATION;
use crate::store::error::StoreError;
use crate::store::model::{Field, Model};
use crate::store::owner::Owner;
use crate::store::schema::{PluginStep, Schema};
use crate::store::value::Value;
use crate::store::{Database, FieldType};

/// One thing that a migration does.
pub(super) struct Change {
    /// What `migrate --plan` prints.
    pub text: String,
    /// What the database lacks without it, in words.
    pub part: String,
    /// The step of a plugin that is done with it, by the id of its record.
    pub step: Option<String>,
    pub work: Work,
}

/// How it is done.
pub(super) enum Work {
    /// By this statement.
    Sql(String),
    /// The column becomes nullable.
    Relax(Place),
    /// SQLite: values of these columns may repeat; the index is part of the table.
    Loosen { table: String, columns: Vec<String> },
    /// MySQL: the column gets a type that an index takes.
    Shorten(Place),
    /// The column goes.
    Drop(Place),
    /// Rows without a value get one.
    Fill(Place, Fill),
    /// The plugin's own function sees every row.
    Backfill { plugin: String, index: u32, model: String },
    /// The journal says this of a column.
    Claim(Claim),
    /// A step has nothing to do here.
    Nothing,
}

impl Change {
    /// Whether values are lost.
    pub(super) fn loses(&self) -> bool {
        matches!(self.work, Work::Drop(_))
    }

    /// Whether it is more than a note.
    pub(super) fn is_real(&self) -> bool {
        !matches!(self.work, Work::Nothing | Work::Claim(_))
    }

    /// Whether it belongs to the first part of a migration, which is one transaction: tables and columns as plugins now
    /// declare them.
    pub(super) fn is_first(&self) -> bool {
        !matches!(self.work, Work::Drop(_) | Work::Fill(..) | Work::Backfill { .. })
    }
}

/// What `migrate` would do to `database`, which is the store or a transaction.
///
/// # Errors
/// `Unmigratable` when a column has another type than its plugin now declares, or is referred to and need not be unique any
/// more, and those of the database.
pub(super) async fn plan(database: &dyn Database, backend: Backend) -> Result<Vec<Change>, StoreError> {
    let schema = database.schema();
    let mut found = inspect(database, backend).await?;
    let mut columns = Columns::find(database, backend).await?;
    let done = if schema.steps().is_empty() { HashSet::new() } else { finished(database, &found).await? };
    let claims = Claims::find(database, backend, &found).await?;
    let mut planner = Planner { schema, backend, found: &mut found, columns: &mut columns, claims };
    let (renames, steps) = planner.steps(&done)?;
    let claims = planner.added_claims();
    let repeats = planner.repeats(&steps);
    let keys = if repeats.is_empty() { Vec::new() } else { keys::find(database, backend, planner.found).await? };
    let added = missing(schema, backend, planner.found).into_iter().map(Change::sql);
    let loosened = planner.loosened(repeats, &keys)?;
    let relaxed = planner.relaxed(&steps);
    let shortened = planner.shortened();
    planner.refuse_types()?;
    // MySQL keeps each change by itself: what is recorded first cannot be forgotten.
    let has_journal = planner.found.has_table(&schema.model(MIGRATION)?.table);
    let (before, after) = if has_journal { (claims, Vec::new()) } else { (Vec::new(), claims) };
    let first = renames.into_iter().chain(shortened).chain(before).chain(added).chain(after);
    Ok(first.chain(loosened).chain(relaxed).chain(steps).collect())
}

impl Change {
    fn sql(sql: String) -> Self {
        let names: Vec<&str> = sql.split(['"', '`']).skip(1).step_by(2).collect();
        let part = match names.as_slice() {
            [table, ..] if sql.starts_with("create table") => format!("the table {table}"),
            [table, column, ..] if sql.starts_with("alter table") => format!("the column {table}.{column}"),
            [_, table, column, ..] => format!("an index on {table}.{column}"),
            _ => "a change".to_owned(),
        };
        Self { text: sql.clone(), part, step: None, work: Work::Sql(sql) }
    }
}

/// Compares the models with what was found.
pub(super) struct Planner<'a> {
    pub schema: &'a Schema,
    pub backend: Backend,
    /// As the database will be after the renames.
    pub found: &'a mut Found,
    pub columns: &'a mut Columns,
    /// Who has added columns to tables of the core.
    pub claims: Claims,
}

impl Planner<'_> {
    /// The steps that are not done yet: renames first, since all else goes by the new names.
    fn steps(&mut self, done: &HashSet<String>) -> Result<(Vec<Change>, Vec<Change>), StoreError> {
        let (mut renames, mut others) = (Vec::new(), Vec::new());
        for (place, step) in self.schema.steps().iter().enumerate() {
            if done.contains(&step.record_id()) {
                continue;
            }
            let model = self.schema.model(&step.step.table)?;
            let later = self.schema.steps().iter().skip(place + 1).filter(|later| later.plugin == step.plugin);
            let later: Vec<_> = later.map(|later| later.step.clone()).collect();
            if model.owner != Owner::Plugin(step.plugin.clone()) {
                self.refuse_foreign(model, step, &later)?;
            }
            let (work, text) = match &step.step.work {
                _ if !self.found.has_table(&model.table) => (Work::Nothing, String::new()),
                StepWork::Rename { from, to } => self.rename(model, from, to, name_now(&later, &model.name, to)),
                StepWork::Copy { from, to } => {
                    self.copy(model, name_now(&later, &model.name, from), name_now(&later, &model.name, to))?
                }
                StepWork::Fill { field, value } => self.fill(model, name_now(&later, &model.name, field), value)?,
                StepWork::Drop { field } => self.drop(model, field),
                StepWork::Backfill { index } => {
                    let (plugin, model) = (step.plugin.clone(), model.name.clone());
                    (Work::Backfill { plugin, index: *index, model }, String::new())
                }
                _ => return Err(StoreError::Unmigratable(format!("{step}: this server does not know such steps"))),
            };
            let text = if text.is_empty() { format!("-- {step}") } else { format!("{text} -- {step}") };
            let change = Change { text, part: step.to_string(), step: Some(step.record_id()), work };
            let part = if change.is_first() { &mut renames } else { &mut others };
            part.push(change);
            match &step.step.work {
                StepWork::Rename { from, to } => renames.extend(self.renamed_claims(model, from, to)),
                StepWork::Drop { field } => renames.extend(self.dropped_claim(model, field)),
                _ => {}
            }
        }
        Ok((renames, others))
    }

    fn rename(&mut self, model: &Model, from: &str, to: &str, now: &str) -> (Work, String) {
        let (from, to) = (column_of(model, from), column_of(model, to));
        let place = Place::of(model, column_of(model, now));
        if !self.found.has_column(&model.table, &from) {
            return (Work::Nothing, String::new());
        }
        if self.found.has_column(&model.table, &to) {
            // A version without this step added the new column beside the old one.
            let text = format!("fill {} from {from}", place.shown());
            return (Work::Fill(place, Fill::From(from)), text);
        }
        self.found.rename(&model.table, &from, &to);
        self.columns.rename(&model.table, &from, &to);
        let quote = |name: &str| self.backend.quote(name);
        let sql = format!("alter table {} rename column {} to {}", quote(&model.table), quote(&from), quote(&to));
        (Work::Sql(sql.clone()), sql)
    }

    /// What the journal says of the column from now on. An earlier migration may have renamed it and gone no further.
    fn renamed_claims(&mut self, model: &Model, from: &str, to: &str) -> Vec<Change> {
        let (from, to) = (column_of(model, from), column_of(model, to));
        if self.found.has_column(&model.table, &from) || !self.found.has_column(&model.table, &to) {
            return Vec::new();
        }
        self.claims.rename(&model.table, &from, &to).into_iter().map(Change::claim).collect()
    }

    /// As [`Self::renamed_claims`], of a column that is gone already.
    fn dropped_claim(&mut self, model: &Model, field: &str) -> Option<Change> {
        let column = column_of(model, field);
        let is_there = self.found.has_column(&model.table, &column);
        if is_there { None } else { self.claims.forget(&model.table, &column).map(Change::claim) }
    }

    fn copy(&self, model: &Model, from: &str, to: &str) -> Result<(Work, String), StoreError> {
        let from = column_of(model, from);
        let Some(source) = self.columns.get(&model.table, &from) else { return Ok((Work::Nothing, String::new())) };
        let Ok(field) = model.field(to) else { return Ok((Work::Nothing, String::new())) };
        if !fits(field, &source.kind, self.backend) {
            return Err(StoreError::Unmigratable(format!(
                "{}.{from} is {}, and a step of the plugin copies it to {to}, a {}: what has to be converted is work for \
                 `Plugin::backfill`",
                model.table,
                source.kind,
                field.kind.name()
            )));
        }
        let place = Place::of(model, field.column.clone());
        let text = format!("fill {} from {from}", place.shown());
        Ok((Work::Fill(place, Fill::From(from)), text))
    }

    fn fill(&self, model: &Model, field: &str, value: &serde_json::Value) -> Result<(Work, String), StoreError> {
        // A later step drops the field, and it is gone already.
        let Ok(field) = model.field(field) else { return Ok((Work::Nothing, String::new())) };
        let value = Value::from_json(value, field.kind).ok_or_else(|| {
            StoreError::invalid(&format!("{}.{}", model.name, field.name), "is filled with another type")
        })?;
        let place = Place::of(model, field.column.clone());
        let text = format!("fill {}", place.shown());
        Ok((Work::Fill(place, Fill::With(field.kind, value)), text))
    }

    fn drop(&self, model: &Model, field: &str) -> (Work, String) {
        let column = column_of(model, field);
        if !self.found.has_column(&model.table, &column) {
            return (Work::Nothing, String::new());
        }
        let quote = |name: &str| self.backend.quote(name);
        let text = format!("alter table {} drop column {}", quote(&model.table), quote(&column));
        (Work::Drop(Place::of(model, column)), text)
    }

    /// The tables of plugins with what they have of each.
    fn of_plugins(&self) -> impl Iterator<Item = (&Model, &Column, Option<&Field>)> {
        let models = self.schema.models().iter().filter(|model| matches!(model.owner, Owner::Plugin(_)));
        models.flat_map(|model| {
            let field =
                |column: &Column| model.fields.iter().find(|field| self.backend.is_same(&field.column, &column.name));
            self.columns.of(&model.table).iter().map(move |column| (&**model, column, field(column)))
        })
    }

    /// Columns that must have a value though their plugin writes rows without.
    fn relaxed(&self, steps: &[Change]) -> Vec<Change> {
        let is_going = |model: &Model, column: &Column| is_going(steps, self.backend, &model.table, &column.name);
        let strict = self.of_plugins().chain(self.claimed()).filter(|(model, column, field)| match field {
            None => column.is_not_null && !column.fills_itself && !is_going(model, column),
            Some(field) => column.is_not_null && !field.required && field.name != "id",
        });
        let relaxed = strict.map(|(model, column, _)| {
            let place = Place::of(model, column.name.clone());
            let quote = |name: &str| self.backend.quote(name);
            let text =
                format!("alter table {} alter column {} drop not null", quote(&place.table), quote(&place.column));
            Change {
                text,
                part: format!("{} as an optional column", place.shown()),
                step: None,
                work: Work::Relax(place),
            }
        });
        relaxed.collect()
    }

    /// MySQL: long texts that an index is wanted for now.
    fn shortened(&self) -> Vec<Change> {
        if self.backend != Backend::Mysql {
            return Vec::new();
        }
        let long = self.of_plugins().filter(|(_, column, field)| {
            let is_long = matches!(column.kind.as_str(), "text" | "mediumtext" | "longtext");
            is_long && field.is_some_and(|field| field.kind == FieldType::String && is_key(field))
        });
        let shortened = long.map(|(model, column, _)| {
            let place = Place::of(model, column.name.clone());
            let text = format!("alter table `{}` modify `{}` varchar(255)", place.table, place.column);
            Change { text, part: format!("an index on {}", place.shown()), step: None, work: Work::Shorten(place) }
        });
        shortened.collect()
    }

    fn refuse_types(&self) -> Result<(), StoreError> {
        let wrong = self.of_plugins().find_map(|(model, column, field)| {
            let field = field?;
            let is_id = field.holds_id();
            let Owner::Plugin(plugin) = &model.owner else { return None };
            let fits = (is_id && column.kind == "uuid") || fits(field, &column.kind, self.backend);
            (!fits).then(|| format!("{}.{} {}", model.table, column.name, changed_type(field, &column.kind, plugin)))
        });
        wrong.map_or(Ok(()), |text| Err(StoreError::Unmigratable(text)))
    }
}

/// Whether one of the steps drops the column.
pub(super) fn is_going(steps: &[Change], backend: Backend, table: &str, column: &str) -> bool {
    let drops = |step: &Change| match &step.work {
        Work::Drop(place) => place.table == table && backend.is_same(&place.column, column),
        _ => false,
    };
    steps.iter().any(drops)
}

impl PluginStep {
    /// The id of its record.
    pub(super) fn record_id(&self) -> String {
        format!("step:{}:{}", self.plugin, self.step.name)
    }
}

impl std::fmt::Display for PluginStep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the step `{}` of the plugin {} ({})", self.step.name, self.plugin, self.step)
    }
}

impl Backend {
    /// The schema has checked the names: they contain no quotes.
    pub(super) fn quote(self, name: &str) -> String {
        match self {
            Self::Mysql => format!("`{name}`"),
            Self::Sqlite | Self::Postgres => format!("\"{name}\""),
        }
    }

    /// A name that the database has, whoever gave it.
    pub(super) fn quote_found(self, name: &str) -> String {
        let mark = if self == Self::Mysql { "`" } else { "\"" };
        self.quote(&name.replace(mark, &mark.repeat(2)))
    }

    /// Whether two names are one: SQLite does not tell capitals from small letters.
    pub(super) fn is_same(self, a: &str, b: &str) -> bool {
        if self == Self::Sqlite { a.eq_ignore_ascii_case(b) } else { a == b }
    }
}
