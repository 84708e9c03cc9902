//! The tables whose rows end by themselves, and the removal of rows that have.

use std::borrow::Cow;

use super::core_models::OUTBOX;
use super::error::StoreError;
use super::models::Models;
use super::query::{Filter, lte, one_of};
use super::{Database, counter, rate_limit, session, verification};
use crate::clock::Timestamp;
use doorward_contract::FieldType;

/// A table whose rows end.
#[derive(Clone, Debug)]
pub struct Expiring {
    /// The model.
    pub model: Cow<'static, str>,
    /// The field that tells when.
    field: Cow<'static, str>,
    /// How long after that moment a row ends, in seconds.
    life_secs: i64,
}

/// Nobody sends a mail that is two days old, and no window of a limit is longer than one.
const TABLES: [Expiring; 5] = [
    Expiring::of(session::MODEL, "expiresAt", 0),
    Expiring::of(verification::MODEL, "expiresAt", 0),
    Expiring::of(rate_limit::MODEL, "lastRequest", 2 * 86_400),
    Expiring::of(counter::MODEL, "endsAt", 0),
    Expiring::of(OUTBOX, "createdAt", 2 * 86_400),
];

impl Expiring {
    const fn of(model: &'static str, field: &'static str, life_secs: i64) -> Self {
        Self { model: Cow::Borrowed(model), field: Cow::Borrowed(field), life_secs }
    }

    /// Those that this database has, and those of plugins whose rows say when they are over.
    pub fn all(database: &dyn Database) -> Vec<Self> {
        let schema = database.schema();
        let is_kept = |table: &Self| table.model == session::MODEL && schema.keeps_ended_sessions;
        let own = TABLES.into_iter().filter(|table| schema.model(&table.model).is_ok() && !is_kept(table));
        let of_plugins = schema.models().iter().filter_map(|model| {
            let field = model.expires_at.clone()?;
            Some(Self { model: model.name.clone().into(), field: field.into(), life_secs: 0 })
        });
        own.chain(of_plugins).collect()
    }

    fn ended(&self, database: &dyn Database, moment: Timestamp) -> Result<Filter, StoreError> {
        let latest = moment.plus_secs(-self.life_secs);
        let is_date = database.schema().model(&self.model)?.field(&self.field)?.kind == FieldType::Date;
        let field = self.field.clone();
        Ok(if is_date { lte(field, latest) } else { lte(field, latest.0) })
    }
}

/// Removes at most `limit` rows that had ended at `moment`, and returns how many it removed. A row that lives again
/// meanwhile stays.
///
/// # Errors
/// As `Models`.
pub async fn remove_some(
    database: &dyn Database,
    table: &Expiring,
    moment: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let ended = table.ended(database, moment)?;
    let rows = database.find_many(&table.model, std::slice::from_ref(&ended), None, Some(limit), None).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let ids = rows.iter().map(|row| row.text("id").into()).collect();
    database.delete(&table.model, &[one_of("id", ids), ended]).await
}
