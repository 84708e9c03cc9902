//! The operations of every database, by names of models and fields.

use std::sync::Arc;

use async_trait::async_trait;

use super::Database;
use super::error::StoreError;
use super::model::{Field, Model};
use super::query::{Filter, Op, Sort, push_where};
use super::record::Record;
use super::returning::Verb;
use super::row::Row;
use super::statement::{Builder, RowLock};
use super::value::Value;
use doorward_contract::FieldType;

/// Maximum rows of a list without a limit, as in the reference.
pub const DEFAULT_LIMIT: u32 = 100;

/// Operations on models. Each fails with `InvalidInput` for an unknown model or field or a value of the wrong kind, and
/// with `Unavailable` when the database does not answer in time.
#[allow(clippy::too_many_arguments, reason = "find_many takes the parts of a query, each of its own type")]
#[async_trait]
pub trait Models: Database {
    /// One row that matches, if any.
    async fn find_one(&self, model: &str, filters: &[Filter]) -> Result<Option<Record>, StoreError> {
        Ok(self.find_many(model, filters, None, Some(1), None).await?.pop())
    }

    /// The rows that match, in the given order: at most `limit` after `offset`. Without a limit, that of
    /// `advanced.database.default_find_many_limit`.
    async fn find_many(
        &self,
        model: &str,
        filters: &[Filter],
        sort: Option<Sort>,
        limit: Option<u32>,
        offset: Option<u32>,
    ) -> Result<Vec<Record>, StoreError> {
        let model = self.schema().model(model)?;
        let mut out = Builder::read("SELECT ");
        push_columns(&mut out, model).sql(" FROM ").name(&model.table);
        push_where(&mut out, model, filters)?;
        if filters.iter().any(|filter| means_one_row(model, filter)) {
            out.point();
        }
        if let Some(sort) = sort {
            out.sql(" ORDER BY ").name(&model.field(&sort.field)?.column);
            out.sql(if sort.descending { " DESC" } else { " ASC" });
        }
        out.sql(" LIMIT ").bind(FieldType::Number, i64::from(limit.unwrap_or(self.schema().default_limit)).into());
        out.sql(" OFFSET ").bind(FieldType::Number, i64::from(offset.unwrap_or(0)).into());
        read_all(model, self.run(out.build()?).await?)
    }

    /// All rows that match, locked until this transaction ends. Waits for other transactions that changed them. Others can
    /// still insert rows that refer to them.
    async fn find_for_update(&self, model: &str, filters: &[Filter]) -> Result<Vec<Record>, StoreError> {
        find_locked(self, model, filters, RowLock::Update).await
    }

    /// As [`Models::find_for_update`], for rows that are deleted next: others cannot insert rows that refer to them.
    async fn find_for_delete(&self, model: &str, filters: &[Filter]) -> Result<Vec<Record>, StoreError> {
        find_locked(self, model, filters, RowLock::Delete).await
    }

    /// The number of rows that match.
    async fn count(&self, model: &str, filters: &[Filter]) -> Result<u64, StoreError> {
        let model = self.schema().model(model)?;
        let mut out = Builder::read("SELECT count(*) FROM ");
        out.name(&model.table);
        push_where(&mut out, model, filters)?;
        match self.run(out.build()?).await?.first().and_then(|row| row.first()) {
            Some(Value::Integer(count)) => Ok(u64::try_from(*count).unwrap_or(0)),
            _ => Err(StoreError::internal("counting rows")),
        }
    }

    /// Writes a new row and returns it as it was stored.
    ///
    /// # Errors
    /// `InvalidInput` when a required field is null, `UniqueViolation`.
    async fn insert(&self, record: Record) -> Result<Record, StoreError> {
        let model = Arc::clone(record.model());
        let pairs = || model.fields.iter().zip(record.values());
        let is_written = |(field, value): &(&Field, &Value)| !(field.made_by_database && value.is_null());
        let mut out = Builder::write("INSERT INTO ");
        let columns = pairs().filter(is_written).map(|(field, _)| field.column.as_str());
        out.name(&model.table).sql(" (").names("", columns).sql(") VALUES (");
        for (index, (field, value)) in pairs().filter(is_written).enumerate() {
            if field.required && value.is_null() {
                return Err(StoreError::invalid(&format!("{}.{}", model.name, field.name), "is required"));
            }
            let (kind, value) = field.written(value.clone())?;
            out.sql(if index == 0 { "" } else { ", " }).bind(kind, value);
        }
        push_returning(out.sql(")"), Verb::Insert, &model);
        if pairs().next().is_some_and(|id| !is_written(&id)) {
            out.counts_id();
        }
        read_one(&model, self.run(out.build()?).await?)?.ok_or_else(|| StoreError::internal("inserting a row"))
    }

    /// Sets fields of all rows that match and returns the changed rows.
    ///
    /// # Errors
    /// `InvalidInput` without filters, without values, or when a required field becomes null. `UniqueViolation`.
    async fn update(
        &self,
        model: &str,
        filters: &[Filter],
        values: &[(&str, Value)],
    ) -> Result<Vec<Record>, StoreError> {
        let model = self.schema().model(model)?;
        if values.is_empty() {
            return Err(StoreError::invalid(&model.name, "is updated without values"));
        }
        let mut out = Builder::write("UPDATE ");
        out.name(&model.table).sql(" SET ");
        for (index, (name, value)) in values.iter().enumerate() {
            let field = model.field(name)?;
            if field.required && value.is_null() {
                return Err(StoreError::invalid(&format!("{}.{name}", model.name), "is required"));
            }
            let (kind, value) = field.written(value.clone())?;
            out.sql(if index == 0 { "" } else { ", " }).name(&field.column).sql(" = ").bind(kind, value);
        }
        push_some(&mut out, model, filters)?;
        push_returning(&mut out, Verb::Update, model);
        read_all(model, self.run(out.build()?).await?)
    }

    /// Deletes all rows that match and returns their number.
    ///
    /// # Errors
    /// `InvalidInput` without filters.
    async fn delete(&self, model: &str, filters: &[Filter]) -> Result<u64, StoreError> {
        let model = self.schema().model(model)?;
        let mut out = Builder::write("DELETE FROM ");
        out.name(&model.table);
        push_some(&mut out, model, filters)?;
        out.returning(Verb::Delete, &model.table, std::iter::empty());
        Ok(self.run(out.build()?).await?.len() as u64)
    }

    /// Deletes all rows that match and returns the newest of them, in one atomic statement. Of several callers that
    /// race for a row, one gets it.
    ///
    /// # Errors
    /// `InvalidInput` without filters.
    async fn consume(&self, model: &str, filters: &[Filter]) -> Result<Option<Record>, StoreError> {
        let model = self.schema().model(model)?;
        let mut out = Builder::write("DELETE FROM ");
        out.name(&model.table);
        push_some(&mut out, model, filters)?;
        push_returning(&mut out, Verb::Delete, model);
        let records = read_all(model, self.run(out.build()?).await?)?;
        Ok(records.into_iter().max_by_key(|record| record.timestamp("createdAt")))
    }

    /// Adds `by` to a number field in all rows that match, atomically; null counts as 0. Returns one of the changed
    /// rows, or `None` when no row matched, so a filter can guard the change.
    ///
    /// # Errors
    /// `InvalidInput` without filters or when the field is no number.
    async fn increment(
        &self,
        model: &str,
        filters: &[Filter],
        field: &str,
        by: i64,
    ) -> Result<Option<Record>, StoreError> {
        let model = self.schema().model(model)?;
        let number = model.field(field)?;
        if !number.kind.is_integer() {
            return Err(StoreError::invalid(field, "is not a number"));
        }
        let mut out = Builder::write("UPDATE ");
        out.name(&model.table).sql(" SET ").name(&number.column).sql(" = COALESCE(").name(&number.column);
        out.sql(", 0) + ").bind(FieldType::Number, by.into());
        push_some(&mut out, model, filters)?;
        push_returning(&mut out, Verb::Update, model);
        read_one(model, self.run(out.build()?).await?)
    }
}

impl<D: Database + ?Sized> Models for D {}

/// Locks rows in the order of their ids, so that two transactions that lock the same rows do not deadlock.
async fn find_locked<D: Database + ?Sized>(
    database: &D,
    model: &str,
    filters: &[Filter],
    lock: RowLock,
) -> Result<Vec<Record>, StoreError> {
    let model = database.schema().model(model)?;
    // A "write" so that SQLite runs it on the writer, after the writes that wait.
    let mut out = Builder::write("SELECT ");
    push_columns(&mut out, model).sql(" FROM ").name(&model.table);
    push_where(&mut out, model, filters)?;
    out.sql(" ORDER BY ").name(&model.field("id")?.column).lock(lock);
    read_all(model, database.run(out.build()?).await?)
}

/// Whether at most one row has what the filter asks for, and an index finds it.
fn means_one_row(model: &Model, filter: &Filter) -> bool {
    let Filter::Field { field, op: Op::Eq, value } = filter else { return false };
    !value.is_null() && model.field(field).is_ok_and(|field| field.unique || field.name == "id")
}

pub(super) fn push_columns<'b>(out: &'b mut Builder, model: &Model) -> &'b mut Builder {
    out.names("", model.fields.iter().map(|field| field.column.as_str()))
}

fn push_returning(out: &mut Builder, verb: Verb, model: &Model) {
    out.returning(verb, &model.table, model.fields.iter().map(|field| field.column.as_str()));
}

/// Like `push_where`, but refuses to match the whole table.
fn push_some(out: &mut Builder, model: &Model, filters: &[Filter]) -> Result<(), StoreError> {
    if filters.is_empty() {
        return Err(StoreError::invalid(&model.name, "is changed without a filter"));
    }
    push_where(out.condition(), model, filters)
}

pub(super) fn read_one(model: &Arc<Model>, rows: Vec<Row>) -> Result<Option<Record>, StoreError> {
    rows.into_iter().next().map(|row| Record::read(model, &mut row.into_iter())).transpose()
}

fn read_all(model: &Arc<Model>, rows: Vec<Row>) -> Result<Vec<Record>, StoreError> {
    rows.into_iter().map(|row| Record::read(model, &mut row.into_iter())).collect()
}
