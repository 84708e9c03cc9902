//! Sets up connections to PostgreSQL and translates their errors.

use std::sync::Arc;

use diesel::ConnectionError;
use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::pooled_connection::{ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use futures_util::FutureExt;

use crate::store::error::StoreError;
use crate::store::options::StoreOptions;

/// Connections use UTC. Time limits are set on the database's side too, so that they hold when this process hangs.
pub(super) fn config(options: &StoreOptions) -> ManagerConfig<AsyncPgConnection> {
    let settings = format!(
        "SET TIME ZONE 'UTC'; SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {}",
        options.statement_timeout.as_millis(),
        options.acquire_timeout.as_millis(),
        options.idle_transaction_timeout.as_millis() * 2,
    );
    let mut config = ManagerConfig::default();
    // A closed connection is noticed without a query. A check before each use would double the round trips.
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |url| {
        let (url, settings) = (url.to_owned(), settings.clone());
        async move {
            let mut connection = AsyncPgConnection::establish(&url).await?;
            connection.batch_execute(&settings).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
            Ok(connection)
        }
        .boxed()
    });
    config
}

/// The text of `Unavailable` for a lost connection. Another connection may work.
const LOST: &str = "the connection was lost";

/// Is the connection lost, so that another one may work?
pub(super) fn is_lost(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(why) if why == LOST)
}

pub(super) fn store_error(error: Error) -> StoreError {
    let Error::DatabaseError(kind, information) = &error else {
        return StoreError::Internal { what: "a statement".to_owned(), source: Some(Arc::new(error)) };
    };
    let message = information.message();
    match kind {
        DatabaseErrorKind::UniqueViolation => {
            let column = information.details().and_then(key_column).zip(information.table_name());
            let named = || information.constraint_name().unwrap_or_default().to_owned();
            let constraint = column.map_or_else(named, |(column, table)| format!("{table}.{column}"));
            StoreError::UniqueViolation { constraint }
        }
        DatabaseErrorKind::SerializationFailure => StoreError::Conflict,
        DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
            StoreError::Unavailable(LOST.to_owned())
        }
        // For other errors, diesel does not pass on the SQLSTATE.
        _ if message.contains("deadlock") || message.contains("lock timeout") => StoreError::Conflict,
        _ if message.contains("terminating connection") || message.contains("shutting down") => {
            StoreError::Unavailable(LOST.to_owned())
        }
        _ if message.contains("statement timeout") => StoreError::Unavailable("a statement took too long".to_owned()),
        _ => StoreError::Internal { what: "a statement".to_owned(), source: Some(Arc::new(error)) },
    }
}

/// The column in `Key (column)=(value) already exists.`, in any language of the text around it.
fn key_column(details: &str) -> Option<String> {
    let (column, _) = details.split_once('(')?.1.split_once(")=(")?;
    let column = column.strip_prefix('"').and_then(|column| column.strip_suffix('"')).unwrap_or(column);
    (!column.contains([',', '(', '"'])).then(|| column.to_owned())
}
