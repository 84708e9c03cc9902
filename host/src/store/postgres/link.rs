//! One connection to PostgreSQL: runs statements, prepared where the connection keeps them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::TryStreamExt;
use futures_util::future::join3;
use tokio::task::AbortHandle;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error, RowStream};

use super::errors;
use super::values::{Bound, Cell, sql_type};
use crate::store::error::StoreError;
use crate::store::remote::{Failure, Link, Remedy, Step};
use crate::store::row::Row;
use crate::store::statement::{RowLock, Statement};

/// Milliseconds behind the primary. A standby that has replayed all that it received, and goes on receiving, is not behind: where
/// nothing is written, the last transaction is old on the primary too.
const LAG: &str = "SELECT (CASE \
    WHEN NOT pg_catalog.pg_is_in_recovery() THEN NULL \
    WHEN pg_catalog.pg_last_wal_receive_lsn() = pg_catalog.pg_last_wal_replay_lsn() \
        AND EXISTS (SELECT FROM pg_catalog.pg_stat_wal_receiver) THEN 0 \
    ELSE 1000 * extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp()) \
    END)::bigint";

/// Statements that a connection keeps prepared at once.
const MAX_PREPARED: usize = 500;

/// One connection.
pub(in crate::store) struct PgLink {
    client: Client,
    /// What reads and writes for the client.
    task: AbortHandle,
    begin: String,
    /// `None` when nothing may stay prepared.
    prepared: Option<Mutex<HashMap<String, tokio_postgres::Statement>>>,
    is_in_transaction: bool,
}

impl PgLink {
    /// A connection whose transactions begin with the statements `begin`.
    pub(super) fn new(client: Client, task: AbortHandle, begin: String) -> Self {
        Self { client, task, begin, prepared: Some(Mutex::default()), is_in_transaction: false }
    }

    /// The same connection, on which nothing stays prepared.
    pub(super) fn without_prepared(self) -> Self {
        Self { prepared: None, ..self }
    }

    /// Ends the connection at once, whatever was asked and not answered yet.
    pub(super) fn cut(&self) {
        self.task.abort();
    }

    /// A setting in its own unit, empty when there is none.
    pub(super) async fn setting(&self, name: &str) -> Result<String, Error> {
        let sql = "SELECT setting FROM pg_catalog.pg_settings WHERE name = $1";
        let rows = self.client.query_typed(sql, &[(&name, Type::TEXT)]).await?;
        rows.first().map_or(Ok(String::new()), |row| row.try_get(0))
    }

    /// Runs one statement. Several may run at once; those that are prepared are sent in the order in which they are polled first.
    pub(super) async fn query(&self, statement: &Statement) -> Result<Vec<Row>, Error> {
        let sql = sql(statement);
        let types = || statement.binds().map(|(kind, _)| sql_type(kind));
        let values = || statement.binds().map(|(_, value)| Bound(value));
        let rows = match &self.prepared {
            Some(prepared) if statement.is_cacheable() => {
                let known = prepared.lock().unwrap_or_else(PoisonError::into_inner).get(&sql).cloned();
                let known = match known {
                    Some(known) => known,
                    None => self.prepare(prepared, sql, types().collect()).await?,
                };
                self.client.query_raw(&known, values().collect::<Vec<_>>()).await?
            }
            _ => {
                let values = values().zip(types()).collect::<Vec<_>>();
                if self.prepared.is_none() && statement.is_write() && !self.is_in_transaction {
                    return self.query_in_transaction(&sql, values).await;
                }
                self.client.query_typed_raw(&sql, values).await?
            }
        };
        read(rows).await
    }

    async fn prepare(
        &self,
        kept: &Mutex<HashMap<String, tokio_postgres::Statement>>,
        sql: String,
        types: Vec<Type>,
    ) -> Result<tokio_postgres::Statement, Error> {
        let new = self.client.prepare_typed(&sql, &types).await?;
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_PREPARED {
            kept.clear();
        }
        kept.insert(sql, new.clone());
        Ok(new)
    }

    /// The limits of time are set in transactions alone here, so a statement that may wait for a lock gets one of its own.
    /// All three are sent at once.
    async fn query_in_transaction(&self, sql: &str, values: Vec<(Bound<'_>, Type)>) -> Result<Vec<Row>, Error> {
        let query = async { read(self.client.query_typed_raw(sql, values).await?).await };
        let (begin, commit) = (self.client.batch_execute(&self.begin), self.client.batch_execute("COMMIT"));
        let (begun, rows, committed) = join3(begin, query, commit).await;
        begun?;
        let rows = rows?;
        committed?;
        Ok(rows)
    }

    /// What a failure means, given that statements may be prepared.
    pub(super) fn failure(&self, error: &Error) -> Failure {
        // The table has changed since, or somebody has forgotten the statement: another connection prepares it anew.
        let is_stale = [SqlState::FEATURE_NOT_SUPPORTED, SqlState::INVALID_SQL_STATEMENT_NAME];
        let mut failure = errors::failure(error);
        if self.prepared.is_some() && error.code().is_some_and(|code| is_stale.contains(code)) {
            failure.remedy = Remedy::Elsewhere;
        }
        failure
    }
}

async fn read(rows: RowStream) -> Result<Vec<Row>, Error> {
    let mut rows = std::pin::pin!(rows);
    let mut read = Vec::new();
    while let Some(row) = rows.try_next().await? {
        let cell = |index| row.try_get::<_, Cell>(index).map(|cell| cell.0);
        read.push((0..row.len()).map(cell).collect::<Result<Row, Error>>()?);
    }
    Ok(read)
}

fn sql(statement: &Statement) -> String {
    use std::fmt::Write as _;
    let mut sql = statement.text(|sql, number| {
        // Writing to a text cannot fail.
        let _ = write!(sql, "${number}");
    });
    sql.push_str(match statement.lock() {
        RowLock::None => "",
        // An insert of a row that refers to this one locks its key. `FOR UPDATE` would conflict with that lock, so two
        // transactions that inserted such rows would deadlock here.
        RowLock::Update => " FOR NO KEY UPDATE",
        RowLock::Delete => " FOR UPDATE",
    });
    sql
}

impl Link for PgLink {
    async fn run(&mut self, statement: &Statement) -> Result<Vec<Row>, Failure> {
        match self.query(statement).await {
            Ok(rows) => Ok(rows),
            Err(error) => Err(self.failure(&error)),
        }
    }

    async fn step(&mut self, step: Step) -> Result<(), Failure> {
        let sql = match step {
            Step::Begin => &self.begin,
            Step::Commit => "COMMIT",
            Step::Rollback => "ROLLBACK",
        };
        self.client.batch_execute(sql).await.map_err(|error| errors::failure(&error))?;
        self.is_in_transaction = step == Step::Begin;
        Ok(())
    }

    async fn lag(&mut self) -> Result<Option<Duration>, Failure> {
        let rows = self.client.query_typed(LAG, &[]).await.map_err(|error| errors::failure(&error))?;
        let millis = rows.first().map_or(Ok(None), |row| row.try_get::<_, Option<i64>>(0));
        let millis = millis.map_err(|error| errors::failure(&error))?;
        Ok(millis.map(|millis| Duration::from_millis(u64::try_from(millis).unwrap_or(0))))
    }

    fn is_open(&self) -> bool {
        !self.client.is_closed()
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        errors::failure(&error).error
    }
}
