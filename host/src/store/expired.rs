//! The tables whose rows end by themselves, and the removal of rows that have.

use super::core_models::OUTBOX;
use super::error::StoreError;
use super::models::Models;
use super::query::{Filter, lte, one_of};
use super::{Database, counter, rate_limit, session, verification};
use crate::clock::Timestamp;
use doorward_contract::FieldType;

/// A table whose rows end.
#[derive(Clone, Copy, Debug)]
pub struct Expiring {
    /// The model.
    pub model: &'static str,
    /// The field that tells when.
    field: &'static str,
    /// How long after that moment a row ends, in seconds.
    life_secs: i64,
}

/// Nobody sends a mail that is two days old, and no window of a limit is longer than one.
const TABLES: [Expiring; 5] = [
    Expiring { model: session::MODEL, field: "expiresAt", life_secs: 0 },
    Expiring { model: verification::MODEL, field: "expiresAt", life_secs: 0 },
    Expiring { model: rate_limit::MODEL, field: "lastRequest", life_secs: 2 * 86_400 },
    Expiring { model: counter::MODEL, field: "endsAt", life_secs: 0 },
    Expiring { model: OUTBOX, field: "createdAt", life_secs: 2 * 86_400 },
];

impl Expiring {
    /// Those that this database has.
    pub fn all(database: &dyn Database) -> impl Iterator<Item = Self> {
        let schema = database.schema();
        let is_kept = |table: &Self| table.model == session::MODEL && schema.keeps_ended_sessions;
        TABLES.into_iter().filter(move |table| schema.model(table.model).is_ok() && !is_kept(table))
    }

    fn ended(self, database: &dyn Database, moment: Timestamp) -> Result<Filter, StoreError> {
        let latest = moment.plus_secs(-self.life_secs);
        let is_date = database.schema().model(self.model)?.field(self.field)?.kind == FieldType::Date;
        Ok(if is_date { lte(self.field, latest) } else { lte(self.field, latest.0) })
    }
}

/// Removes at most `limit` rows that had ended at `moment`, and returns how many it removed. A row that lives again
/// meanwhile stays.
///
/// # Errors
/// As `Models`.
pub async fn remove_some(
    database: &dyn Database,
    table: Expiring,
    moment: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let ended = table.ended(database, moment)?;
    let rows = database.find_many(table.model, std::slice::from_ref(&ended), None, Some(limit), None).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let ids = rows.iter().map(|row| row.text("id").into()).collect();
    database.delete(table.model, &[one_of("id", ids), ended]).await
}
