//! Capability `models`: the plugin's own tables, which its manifest declares, and no others.

use std::sync::Arc;

use super::interfaces::models::{Condition, Host, Query};
use super::interfaces::types::HostError;
use super::outcome::Answer;
use super::values;
use crate::outbox::events::{plugin_row, tells_of};
use crate::plugin_host::call::state::{Data, State};
use crate::store::{Model, Models, Record, Value};

impl State {
    /// Where the rows are, and the model, when it is the plugin's own.
    fn own_table(&mut self, name: &str) -> wasmtime::Result<Answer<(Data<'_>, Arc<Model>)>> {
        let is_own = self.shared.rights.tables.iter().any(|table| table == name);
        let data = self.data()?;
        if !is_own {
            return Ok(Err(HostError::Denied(format!("the manifest declares no table `{name}`"))));
        }
        Ok(match data.auth.schema().model(name) {
            Ok(model) => {
                let model = Arc::clone(model);
                Ok((data, model))
            }
            Err(error) => Err(error.into()),
        })
    }
}

/// Runs `work` on the plugin's own table of that name.
macro_rules! on_table {
    ($state:ident, $name:expr, |$data:ident, $model:ident| $work:expr) => {
        match $state.own_table(&$name)? {
            Err(error) => Ok(Err(error)),
            Ok(($data, $model)) => Ok(async { $work }.await),
        }
    };
}

fn text(row: &Record) -> String {
    values::row(row, |_| true)
}

fn texts(rows: &[Record], most_bytes: usize) -> Answer<Vec<String>> {
    values::bounded(rows.iter().map(text).collect(), most_bytes)
}

impl Host for State {
    async fn find(&mut self, model: String, query: Query) -> wasmtime::Result<Answer<Vec<String>>> {
        at_its_time!(self, "models", "find");
        let most_bytes = self.shared.limits.result_bytes;
        on_table!(self, model, |data, table| {
            let query = values::query(query, &table, |_| true)?;
            let values::Checked { filters, sort, limit, offset } = query;
            texts(&data.scope.find_many(&table.name, &filters, sort, Some(limit), offset).await?, most_bytes)
        })
    }

    async fn count(&mut self, model: String, conditions: Vec<Condition>) -> wasmtime::Result<Answer<u64>> {
        at_its_time!(self, "models", "count");
        on_table!(self, model, |data, table| {
            Ok(data.scope.count(&table.name, &values::filters(conditions, &table, |_| true)?).await?)
        })
    }

    async fn insert(&mut self, model: String, row: String) -> wasmtime::Result<Answer<String>> {
        at_its_time!(self, "models", "insert");
        on_table!(self, model, |data, table| {
            let mut record = Record::new(&table);
            record.set_new_id(data.auth.new_id())?;
            for (name, value) in values::fields(&row, &table, |_| Ok(()))? {
                let keeps_own = name == "id" && value.is_null();
                if !keeps_own {
                    record.set(&name, value)?;
                }
            }
            if !tells_of(data.auth, &table.name) {
                return Ok(text(&data.scope.insert(record).await?));
            }
            let unit = data.scope.begin(data.auth).await?;
            let row = unit.insert(record).await?;
            plugin_row(data.auth, &unit, &row, true).await?;
            unit.commit().await?;
            Ok(text(&row))
        })
    }

    async fn update(
        &mut self,
        model: String,
        conditions: Vec<Condition>,
        fields: String,
    ) -> wasmtime::Result<Answer<Vec<String>>> {
        at_its_time!(self, "models", "update");
        let most_bytes = self.shared.limits.result_bytes;
        on_table!(self, model, |data, table| {
            let filters = values::some_filters(conditions, &table)?;
            let fields = values::fields(&fields, &table, |name| match name {
                "id" => Err(HostError::Invalid("the id of a row cannot be changed".to_owned())),
                _ => Ok(()),
            })?;
            let fields: Vec<(&str, Value)> =
                fields.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
            texts(&data.scope.update(&table.name, &filters, &fields).await?, most_bytes)
        })
    }

    async fn delete(&mut self, model: String, conditions: Vec<Condition>) -> wasmtime::Result<Answer<u64>> {
        at_its_time!(self, "models", "delete");
        on_table!(self, model, |data, table| {
            let filters = values::some_filters(conditions, &table)?;
            if !tells_of(data.auth, &table.name) {
                return Ok(data.scope.delete(&table.name, &filters).await?);
            }
            let unit = data.scope.begin(data.auth).await?;
            for row in unit.find_for_delete(&table.name, &filters).await? {
                plugin_row(data.auth, &unit, &row, false).await?;
            }
            let deleted = unit.delete(&table.name, &filters).await?;
            unit.commit().await?;
            Ok(deleted)
        })
    }

    async fn consume(&mut self, model: String, conditions: Vec<Condition>) -> wasmtime::Result<Answer<Option<String>>> {
        at_its_time!(self, "models", "consume");
        on_table!(self, model, |data, table| {
            let filters = values::some_filters(conditions, &table)?;
            Ok(data.scope.consume(&table.name, &filters).await?.as_ref().map(text))
        })
    }

    async fn increment(
        &mut self,
        model: String,
        conditions: Vec<Condition>,
        field: String,
        by: i64,
    ) -> wasmtime::Result<Answer<Option<String>>> {
        at_its_time!(self, "models", "increment");
        on_table!(self, model, |data, table| {
            let filters = values::some_filters(conditions, &table)?;
            Ok(data.scope.increment(&table.name, &filters, &field, by).await?.as_ref().map(text))
        })
    }
}
