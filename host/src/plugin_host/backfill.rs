//! Asks a plugin about rows of its own tables, while a migration goes through them.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value as Json};

use super::Plugins;
use super::bindings::doorward::plugin::types::ApiError;
use super::call::budget::Spent;
use super::call::guests::Guest;
use super::call::plugin::Plugin;
use super::error::reason;
use crate::store::{Backfill, Record, StoreError, Value};

#[async_trait]
impl Backfill for Plugins {
    async fn fields(&self, plugin: &str, index: u32, rows: &[Record]) -> Result<Vec<Vec<(String, Value)>>, StoreError> {
        let failed =
            |reason: String| StoreError::Unmigratable(format!("the plugin {plugin} fails at its rows: {reason}"));
        let Some(loaded) = self.plugin(plugin) else { return Err(failed("it is not loaded".to_owned())) };
        let texts = rows.iter().map(text).collect();
        let answers = loaded.backfill(index, texts).await.map_err(failed)?;
        if answers.len() != rows.len() {
            return Err(failed(format!("it answers {} of {} rows", answers.len(), rows.len())));
        }
        rows.iter().zip(&answers).map(|(row, answer)| fields(row, answer).map_err(failed)).collect()
    }
}

impl Plugin {
    /// What function `index` sets in these rows, as JSON text.
    async fn backfill(&self, index: u32, rows: Vec<String>) -> Result<Vec<String>, String> {
        let Some(exports) = &self.exports.data_steps else {
            return Err("the component has no export `data-steps`".to_owned());
        };
        let spent = Arc::<Spent>::default();
        let answered = self.in_time(&spent, async {
            let mut guest: Guest = self.start(Arc::clone(&spent)).await?;
            guest.store.data_mut().begin(None);
            let exports = exports.load(&mut guest.store, &guest.instance)?;
            exports.call_backfill(&mut guest.store, index, &rows).await
        });
        match answered.await {
            Ok(Ok(answers)) => Ok(answers),
            Ok(Err(ApiError { message, code, .. })) => Err(message.or(code).unwrap_or_else(|| "it refuses".to_owned())),
            Err(trap) => Err(reason(&trap)),
        }
    }
}

fn text(row: &Record) -> String {
    let fields = row.model().fields.iter().zip(row.values());
    Json::Object(fields.map(|(field, value)| (field.name.clone(), value.to_json())).collect()).to_string()
}

/// The fields in an answer about a row, each of its kind.
fn fields(row: &Record, answer: &str) -> Result<Vec<(String, Value)>, String> {
    let answer: Map<String, Json> = serde_json::from_str(answer).map_err(|error| format!("no object: {error}"))?;
    let value = |(name, json): (String, Json)| {
        let model = row.model();
        let field = model.field(&name).ok().filter(|field| field.name != "id");
        let field = field.ok_or_else(|| format!("{}.{name} is no field that it sets", model.name))?;
        let value = if json.is_null() { Some(Value::Null) } else { Value::from_json(&json, field.kind) };
        let value = value.ok_or_else(|| format!("{}.{name} is no {}", model.name, field.kind.name()))?;
        Ok((name, value))
    };
    answer.into_iter().map(value).collect()
}
