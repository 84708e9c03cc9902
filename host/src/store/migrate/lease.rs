//! Who may migrate now: a row with a lease, which works behind poolers and on databases without advisory locks.

use std::time::Duration;

use tokio::task::JoinHandle;

use crate::store::error::StoreError;
use crate::store::open::Store;
use crate::store::returning::Verb;
use crate::store::statement::Builder;
use crate::store::{Backend, Database, FieldType};

/// A process that dies while it migrates holds the others up for so long.
const LEASE_MS: i64 = 30_000;
/// How often the lease is renewed, and how often the others look.
const RENEWAL: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(100);

const LOCK_TABLE: &str = "doorward_lock";

/// Milliseconds since 1970 by the database's clock, which all processes share.
fn now(backend: Backend) -> &'static str {
    match backend {
        Backend::Mysql => "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)",
        Backend::Postgres | Backend::Sqlite => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS bigint)",
    }
}

/// The right to migrate. It is renewed until it is ended or dropped.
pub(super) struct Lease {
    store: Store,
    holder: String,
    renewal: JoinHandle<()>,
}

impl Lease {
    /// Waits until nobody else migrates.
    ///
    /// # Errors
    /// `Unavailable`, `Internal`.
    pub(super) async fn take(store: &Store) -> Result<Self, StoreError> {
        make_table(store).await?;
        let holder = format!("{}-{:x}", std::process::id(), unique());
        while !is_taken(store, &holder).await? {
            tokio::time::sleep(LOOK).await;
        }
        let renewal = tokio::spawn(renew(store.clone(), holder.clone()));
        Ok(Self { store: store.clone(), holder, renewal })
    }

    /// Lets others migrate. If that fails, the lease runs out by itself.
    pub(super) async fn end(self) {
        self.renewal.abort();
        let mut out = Builder::write("DELETE FROM doorward_lock");
        out.condition()
            .sql(" WHERE id = 'migration' AND holder = ")
            .bind(FieldType::String, self.holder.as_str().into());
        out.returning(Verb::Delete, LOCK_TABLE, std::iter::empty());
        if let Ok(statement) = out.build()
            && let Err(error) = self.store.run(statement).await
        {
            tracing::warn!(%error, "the lease on migrations could not be ended and runs out by itself");
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

/// Several processes may make it at once. All but one of them fail, and look whether it is there.
async fn make_table(store: &Store) -> Result<(), StoreError> {
    const LOOK_FOR_IT: &str = "SELECT 1 FROM doorward_lock WHERE 1 = 0";
    if store.run(Builder::read(LOOK_FOR_IT).build()?).await.is_ok() {
        return Ok(());
    }
    let sql = "CREATE TABLE IF NOT EXISTS doorward_lock \
               (id varchar(255) NOT NULL PRIMARY KEY, holder varchar(255) NOT NULL, ends_at bigint NOT NULL)";
    let Err(error) = store.run(Builder::write(sql).build()?).await else { return Ok(()) };
    store.run(Builder::read(LOOK_FOR_IT).build()?).await.map(drop).map_err(|_| error)
}

async fn renew(store: Store, holder: String) {
    loop {
        tokio::time::sleep(RENEWAL).await;
        if let Err(error) = is_taken(&store, &holder).await {
            tracing::warn!(%error, "the lease on migrations could not be renewed");
        }
    }
}

/// Takes the lease if it is free, has run out or is the holder's own.
async fn is_taken(store: &Store, holder: &str) -> Result<bool, StoreError> {
    let now = now(store.backend());
    let mut out = Builder::write("UPDATE doorward_lock SET holder = ");
    out.bind(FieldType::String, holder.into()).sql(&format!(", ends_at = {now} + {LEASE_MS}")).condition();
    out.sql(&format!(" WHERE id = 'migration' AND (ends_at < {now} OR holder = "));
    out.bind(FieldType::String, holder.into()).sql(")").returning(Verb::Update, LOCK_TABLE, std::iter::empty());
    if !store.run(out.build()?).await?.is_empty() {
        return Ok(true);
    }
    let mut out = Builder::write("INSERT INTO doorward_lock (id, holder, ends_at) VALUES ('migration', ");
    out.bind(FieldType::String, holder.into()).sql(&format!(", {now} + {LEASE_MS})"));
    out.returning(Verb::Insert, LOCK_TABLE, std::iter::empty());
    match store.run(out.build()?).await {
        Ok(_) => Ok(true),
        Err(StoreError::UniqueViolation { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Differs for each lease of this machine and of others.
fn unique() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one("lease")
}
