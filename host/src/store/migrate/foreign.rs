//! Steps of plugins in tables of the core: they change what their own plugin has added, and nothing else.

use doorward_contract::{StepWork, name_now};

use super::claims::Claim;
use super::columns::Column;
use super::place::column_of;
use super::plan::{Change, Planner, Work};
use crate::store::core_models::MIGRATION;
use crate::store::error::StoreError;
use crate::store::model::{Field, Model};
use crate::store::owner::Owner;
use crate::store::schema::PluginStep;

impl Planner<'_> {
    /// Refuses a step that is not done yet and would touch what its plugin has not brought; `later` are those after it.
    ///
    /// # Errors
    /// `Unmigratable`.
    pub(super) fn refuse_foreign(
        &self,
        model: &Model,
        step: &PluginStep,
        later: &[doorward_contract::Step<String>],
    ) -> Result<(), StoreError> {
        let refused = |reason: String| Err(StoreError::Unmigratable(format!("{step}: {reason}")));
        let (names, source) = match &step.step.work {
            StepWork::Rename { from, to } => (vec![from, to], Some(from.as_str())),
            StepWork::Copy { from, to } => (vec![from, to], Some(name_now(later, &model.name, from))),
            StepWork::Fill { field, .. } => (vec![field], None),
            StepWork::Drop { field } => (vec![field], Some(field.as_str())),
            _ => return refused(format!("{} is no table of the plugin", model.name)),
        };
        let own = Owner::Plugin(step.plugin.clone());
        for name in names {
            let column = column_of(model, name);
            let is_it = |field: &&Field| field.name == *name || self.backend.is_same(&field.column, &column);
            if let Some(other) = model.fields.iter().find(is_it).filter(|field| field.owner != own) {
                return refused(format!(
                    "{}.{name} belongs to {}, and a step changes what its own plugin has added",
                    model.name, other.owner
                ));
            }
        }
        let Some(source) = source else { return Ok(()) };
        let column = column_of(model, source);
        if model.field(source).is_ok() || !self.found.has_column(&model.table, &column) {
            return Ok(());
        }
        match self.claims.plugin(&model.table, &column) {
            Some(plugin) if plugin == step.plugin => Ok(()),
            Some(other) => refused(format!("the plugin {other} has added the column {}.{column}", model.table)),
            None => refused(self.unknown(&model.table, &column, &step.plugin)),
        }
    }

    /// Nobody knows who has made the column.
    fn unknown(&self, table: &str, column: &str, plugin: &str) -> String {
        let journal = self.schema.model(MIGRATION).map_or(MIGRATION, |model| model.table.as_str());
        let statement = Claim::of(self.backend, table, column, plugin).by_hand(self.backend, journal);
        format!(
            "nothing records that the plugin {plugin} has added the column {table}.{column}, which may be the application's. If the \
             plugin has, say so by hand: {statement}. If not, no step may touch it"
        )
    }

    /// What the journal says of columns of the core's tables after the renames and with what is added.
    pub(super) fn added_claims(&self) -> Vec<Change> {
        let fields = self.of_core().flat_map(|model| model.fields.iter().map(move |field| (model, field)));
        let added = fields.filter_map(|(model, field)| match &field.owner {
            Owner::Plugin(plugin) if !self.found.has_column(&model.table, &field.column) => {
                Some(Change::claim(Claim::of(self.backend, &model.table, &field.column, plugin)))
            }
            _ => None,
        });
        added.collect()
    }

    /// Columns of the core's tables that a plugin has added, with what that plugin or another one has of each now.
    pub(super) fn claimed(&self) -> impl Iterator<Item = (&Model, &Column, Option<&Field>)> {
        let columns =
            self.of_core().flat_map(|model| self.columns.of(&model.table).iter().map(move |one| (model, one)));
        let claimed = columns.filter(|(model, column)| self.claims.plugin(&model.table, &column.name).is_some());
        let known = claimed.map(|(model, column)| {
            let is_it = |field: &&Field| self.backend.is_same(&field.column, &column.name);
            (model, column, model.fields.iter().find(is_it))
        });
        known.filter(|(_, _, field)| field.is_none_or(|field| matches!(field.owner, Owner::Plugin(_))))
    }

    fn of_core(&self) -> impl Iterator<Item = &Model> {
        self.schema.models().iter().map(|model| &**model).filter(|model| !matches!(model.owner, Owner::Plugin(_)))
    }
}

impl Change {
    /// A record of the journal, which nobody asks about.
    pub(super) fn claim(claim: Claim) -> Self {
        Self { text: String::new(), part: String::new(), step: None, work: Work::Claim(claim) }
    }
}
