//! Adds rows to the end of the chain and removes them from its beginning, each in one short transaction.
//!
//! Several nodes write one chain. Who adds to it moves the head from where it was; of two that saw the same head, one finds it
//! moved, and begins anew.

use super::chain::{GENESIS, Keys};
use super::event::AuditEvent;
use crate::clock::Timestamp;
use crate::store::core_models::AUDIT_HEAD;
use crate::store::{Database, Record, Store, StoreError, audit};

/// The event of a chain that somebody else has touched at its end.
pub(super) const BROKEN: &str = "audit-chain-broken";
/// How often a transaction that met another one is tried.
const MOST_TRIES: u32 = 20;

/// Where the chain begins and ends.
#[derive(Clone, Debug)]
pub(super) struct Head {
    /// The number of its first row; behind `last` when it is empty.
    pub first: i64,
    /// The number of its last row; 0 when there never was one.
    pub last: i64,
    /// The code that the first row follows.
    pub anchor: String,
    /// The code of the last row, or the anchor.
    pub tip: String,
    /// Whether the server itself wrote this.
    pub is_sound: bool,
}

impl Head {
    /// As it is stored; none before the first event.
    pub(super) async fn read(database: &dyn Database, keys: &Keys) -> Result<Option<Self>, StoreError> {
        Ok(audit::find_head(database).await?.map(|row| Self::of(&row, keys)))
    }

    /// As it is stored, for a transaction that moves it. Whoever else does so waits: without that, two who write much would
    /// find it moved again and again.
    async fn lock(database: &dyn Database, keys: &Keys) -> Result<Option<Self>, StoreError> {
        Ok(audit::lock_head(database).await?.map(|row| Self::of(&row, keys)))
    }

    fn of(row: &Record, keys: &Keys) -> Self {
        Self {
            first: row.integer("first").unwrap_or(1),
            last: row.integer("last").unwrap_or(0),
            anchor: row.text("anchor").to_owned(),
            tip: row.text("tip").to_owned(),
            is_sound: keys.verify(GENESIS, row).is_ok(),
        }
    }

    fn record(&self, database: &dyn Database, keys: &Keys) -> Result<Record, StoreError> {
        let mut record = Record::new(database.schema().model(AUDIT_HEAD)?);
        record.set("id", audit::MAIN)?;
        record.set("first", self.first)?;
        record.set("last", self.last)?;
        record.set("anchor", self.anchor.as_str())?;
        record.set("tip", self.tip.as_str())?;
        let mac = keys.authenticate(GENESIS, &record)?;
        record.set("mac", mac)?;
        Ok(record)
    }

    /// Puts this head in the place of `seen`.
    ///
    /// # Errors
    /// `Conflict` when another node was faster.
    async fn replace(&self, database: &dyn Database, keys: &Keys, seen: Option<&Self>) -> Result<(), StoreError> {
        let record = self.record(database, keys)?;
        match seen {
            None => audit::add_head(database, record).await,
            Some(seen) => audit::move_head(database, (seen.first, seen.last, &seen.tip), &record).await,
        }
    }
}

/// Adds events in the transaction `database`.
///
/// # Errors
/// `Conflict` when another node was faster: then the transaction must be done again.
pub async fn append_within(database: &dyn Database, keys: &Keys, events: &[AuditEvent]) -> Result<(), StoreError> {
    let Some(first) = events.first() else { return Ok(()) };
    let seen = Head::lock(database, keys).await?;
    let mut head = seen.clone().unwrap_or(Head {
        first: 1,
        last: 0,
        anchor: GENESIS.to_owned(),
        tip: GENESIS.to_owned(),
        is_sound: true,
    });
    // Whoever moved the head by hand would be covered by the rows that follow.
    let alarm = (!head.is_sound).then(|| AuditEvent::new(BROKEN, first.at));
    let mut rows = Vec::with_capacity(events.len() + 1);
    for event in alarm.iter().chain(events) {
        let mut row = event.record(database, head.last + 1)?;
        let mac = keys.authenticate(&head.tip, &row)?;
        row.set("mac", mac.as_str())?;
        head.last += 1;
        head.tip = mac;
        rows.push(row);
    }
    head.replace(database, keys, seen.as_ref()).await?;
    for row in rows {
        audit::add(database, row).await?;
    }
    Ok(())
}

/// Adds events and returns when they are stored.
///
/// # Errors
/// As `Models`; `Conflict` when the others were faster again and again.
pub async fn write_now(store: &Store, keys: &Keys, events: &[AuditEvent]) -> Result<(), StoreError> {
    let mut tries = 0;
    loop {
        let transaction = store.begin().await?;
        let written = match append_within(&transaction, keys, events).await {
            Ok(()) => transaction.commit().await,
            Err(error) => {
                drop(transaction.rollback().await);
                Err(error)
            }
        };
        tries += 1;
        match written {
            Err(StoreError::Conflict) if tries < MOST_TRIES => {}
            written => return written,
        }
    }
}

/// Removes at most `limit` rows from the beginning that are older than `cutoff`, and returns how many it removed. The rest of
/// the chain holds from its new beginning.
///
/// # Errors
/// As `Models`; `Conflict` when another node changed the chain meanwhile.
pub async fn remove_some(store: &Store, keys: &Keys, cutoff: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let transaction = store.begin().await?;
    let Some(seen) = Head::lock(&transaction, keys).await?.filter(|head| head.is_sound) else { return Ok(0) };
    let oldest = audit::between(&transaction, (seen.first, seen.last), limit).await?;
    let is_old = |row: &&Record| row.timestamp("createdAt").is_some_and(|at| at < cutoff);
    let Some(newest) = oldest.iter().take_while(is_old).last() else { return Ok(0) };
    let end = newest.integer("seq").unwrap_or(0);
    let head = Head { first: end + 1, anchor: newest.text("mac").to_owned(), ..seen.clone() };
    head.replace(&transaction, keys, Some(&seen)).await?;
    let removed = audit::remove_until(&transaction, end).await?;
    transaction.commit().await?;
    Ok(removed)
}
