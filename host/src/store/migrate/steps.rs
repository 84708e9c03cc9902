//! The steps of plugins that go through rows: in batches, each of which is kept, and from where the last one ended.

use async_trait::async_trait;

use super::journal::{UNFINISHED, note};
use super::place::{Fill, Place};
use crate::store::core_models::MIGRATION;
use crate::store::error::StoreError;
use crate::store::models::Models;
use crate::store::open::Store;
use crate::store::query::{Sort, eq, gt};
use crate::store::record::Record;
use crate::store::returning::Verb;
use crate::store::statement::Builder;
use crate::store::value::Value;
use crate::store::{Database, FieldType};

/// Rows of a batch that the database fills by itself.
const FILLED_AT_ONCE: i64 = 1000;
/// Rows that a plugin's function sees at once.
const SEEN_AT_ONCE: u32 = 100;

/// Asks plugins about rows of their tables.
#[async_trait]
pub trait Backfill: Send + Sync {
    /// What function `index` of the plugin sets in each of these rows, in their order.
    ///
    /// # Errors
    /// `Unmigratable` when the plugin fails or sets what it cannot.
    async fn fields(&self, plugin: &str, index: u32, rows: &[Record]) -> Result<Vec<Vec<(String, Value)>>, StoreError>;
}

/// Who is asked about which rows.
pub(super) struct Asked<'a> {
    pub plugins: &'a dyn Backfill,
    pub plugin: &'a str,
    pub index: u32,
    pub model: &'a str,
}

/// Fills the rows that have no value.
///
/// # Errors
/// Those of the database; what was filled stays so.
pub(super) async fn fill(store: &Store, place: &Place, fill: &Fill) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let transaction = store.begin().await?;
        let rows = transaction.run(empty_rows(place, fill, after)?).await?;
        let ids: Vec<Value> = rows.into_iter().filter_map(|row| row.into_iter().next()).collect();
        let Some(last) = ids.last() else { return transaction.rollback().await };
        after = Some(last.clone());
        transaction.run(filled(place, fill, ids)?).await?;
        transaction.commit().await?;
    }
}

fn empty_rows(place: &Place, fill: &Fill, after: Option<Value>) -> Result<crate::store::Statement, StoreError> {
    let mut out = Builder::write("SELECT ");
    out.name(&place.id).sql(" FROM ").name(&place.table).sql(" WHERE ").name(&place.column).sql(" IS NULL");
    if let Fill::From(source) = fill {
        out.sql(" AND ").name(source).sql(" IS NOT NULL");
    }
    if let Some(after) = after {
        out.sql(" AND ").name(&place.id).sql(" > ").bind(kind_of_id(&after), after);
    }
    out.sql(" ORDER BY ").name(&place.id).sql(" LIMIT ").bind(FieldType::Number, FILLED_AT_ONCE.into()).unlimited();
    out.build()
}

fn filled(place: &Place, fill: &Fill, ids: Vec<Value>) -> Result<crate::store::Statement, StoreError> {
    let mut out = Builder::write("UPDATE ");
    out.name(&place.table).sql(" SET ").name(&place.column).sql(" = ");
    match fill {
        Fill::From(source) => out.name(source),
        Fill::With(kind, value) => out.bind(*kind, value.clone()),
    };
    out.condition().sql(" WHERE ").name(&place.column).sql(" IS NULL AND ").name(&place.id).sql(" IN (");
    for (index, id) in ids.into_iter().enumerate() {
        out.sql(if index == 0 { "" } else { ", " }).bind(kind_of_id(&id), id);
    }
    out.sql(")").returning(Verb::Update, &place.table, std::iter::empty()).unlimited();
    out.build()
}

/// Ids are texts, or numbers that the database counts.
fn kind_of_id(id: &Value) -> FieldType {
    if matches!(id, Value::Integer(_)) { FieldType::Bigint } else { FieldType::String }
}

/// Asks the plugin about every row of its table that it has not seen yet.
///
/// # Errors
/// The plugin's, and those of the database; the batches before stay.
pub(super) async fn backfill(store: &Store, step: &str, asked: &Asked<'_>) -> Result<(), StoreError> {
    let model = asked.model;
    let recorded = store.find_one(MIGRATION, &[eq("id", step)]).await?;
    let mut after =
        recorded.map(|row| row.text("statement").trim_start_matches(UNFINISHED).to_owned()).unwrap_or_default();
    loop {
        let order = Some(Sort::ascending("id"));
        let rows = store.find_many(model, &[gt("id", after.as_str())], order, Some(SEEN_AT_ONCE), None).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        last.text("id").clone_into(&mut after);
        let answers = asked.plugins.fields(asked.plugin, asked.index, &rows).await?;
        let transaction = store.begin().await?;
        for (row, fields) in rows.iter().zip(answers) {
            let fields: Vec<(&str, Value)> =
                fields.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
            if !fields.is_empty() {
                transaction.update(model, &[eq("id", row.text("id"))], &fields).await?;
            }
        }
        note(&transaction, store.backend(), step, &format!("{UNFINISHED}{after}")).await?;
        transaction.commit().await?;
    }
}
