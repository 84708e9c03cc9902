//! What the errors of MySQL and MariaDB mean, told by their numbers: messages are in the server's language.

use std::error::Error as _;
use std::sync::Arc;

use mysql_async::{DriverError, Error, ServerError};

use crate::store::error::StoreError;
use crate::store::remote::{Failure, Remedy};

/// What a failed statement on this table means.
pub(super) fn failure(error: &Error, table: &str) -> Failure {
    match error {
        Error::Server(told) => told_by(told, table),
        Error::Driver(DriverError::FromValue { .. } | DriverError::FromRow { .. }) => {
            Failure::new(internal("a value", error.to_string()), Remedy::Nothing)
        }
        _ => Failure::new(StoreError::Unavailable("the connection was lost".to_owned()), Remedy::Unknown),
    }
}

/// Why no connection came about. The server's own words name users and databases, never a password.
pub(super) fn cannot_connect(error: &Error) -> StoreError {
    let why = match error {
        Error::Server(told) => format!("{} ({})", told.message, told.code),
        other => other.source().map_or_else(|| other.to_string(), ToString::to_string),
    };
    StoreError::Unavailable(why)
}

fn told_by(told: &ServerError, table: &str) -> Failure {
    use Remedy::{Again, ElsewhereAfresh, Nothing, Unknown};
    let unavailable = |why: &str| StoreError::Unavailable(format!("{why} ({})", told.code));
    let message = || format!("{} ({})", told.message, told.code);
    let named = || format!("{table}: {}", last_name(&told.message));
    let (error, remedy) = match told.code {
        // ER_DUP_ENTRY and its kin
        1062 | 1586 | 1859 => (StoreError::UniqueViolation { constraint: unique(&told.message, table) }, Nothing),
        // A row that is referred to is missing, or still needed.
        1216 | 1217 | 1451 | 1452 | 1761 | 1762 => (StoreError::ForeignKeyViolation { constraint: named() }, Nothing),
        // Not null, no default, and checks of MySQL and of MariaDB
        1048 | 1364 | 3819 | 4025 => (StoreError::RowRefused { constraint: named() }, Nothing),
        1406 => (StoreError::invalid("a text", "is longer than its column"), Nothing),
        1264 | 1265 | 1292 | 1366 | 3140 => (StoreError::invalid("a value", "does not fit its column"), Nothing),
        // A deadlock, which undoes the whole transaction; a row that has changed since it was read
        1213 | 1020 => (StoreError::Conflict, Again),
        // A lock that was not given up in time
        1205 | 3572 => (StoreError::Conflict, Nothing),
        // The server, or the transaction, can only read.
        1290 | 1792 | 1836 => (unavailable("it can only be read"), ElsewhereAfresh),
        // The server goes down, or somebody ended the connection.
        1053 | 1927 | 3169 | 4031 => (unavailable("the server ended the connection"), Unknown),
        // Interrupted, or longer than the server lets statements take
        1317 | 1969 | 3024 => (unavailable("a statement took too long"), Nothing),
        // Disk, memory, connections, tables and files
        1021 | 1026 | 1030 | 1037 | 1038 | 1040 | 1041 | 1114 | 1203 | 1226 => {
            (unavailable("the server lacks room or connections"), Nothing)
        }
        // Tables, columns and rights
        1044 | 1054 | 1064 | 1142 | 1143 | 1146 => {
            (internal("a statement does not fit the database's tables", message()), Nothing)
        }
        _ => (internal("a statement", message()), Nothing),
    };
    Failure::new(error, remedy)
}

fn internal(what: &str, message: String) -> StoreError {
    let source = Box::<dyn std::error::Error + Send + Sync>::from(message);
    StoreError::Internal { what: what.to_owned(), source: Some(Arc::from(source)) }
}

/// `table.column`. The key is the last name in the message, in any language; it is the column's, or has this server's form,
/// and MySQL writes the table before it.
fn unique(message: &str, table: &str) -> String {
    let key = last_name(message);
    let key = key.strip_prefix(table).and_then(|key| key.strip_prefix('.')).unwrap_or(key);
    let own = key.strip_prefix(table).and_then(|key| key.strip_prefix('_')).and_then(|key| key.strip_suffix("_uidx"));
    let column = if key == "PRIMARY" { "id" } else { own.unwrap_or(key) };
    format!("{table}.{column}")
}

/// The last text in quotes.
fn last_name(message: &str) -> &str {
    let Some((rest, _)) = message.rsplit_once(['\'', '`']) else { return message };
    rest.rsplit_once(['\'', '`']).map_or(rest, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_column_is_found_in_any_form() {
        for (message, constraint) in [
            ("Duplicate entry 'a@b.c' for key 'email'", "user.email"),
            ("Duplicate entry 'it's' for key 'user.email'", "user.email"),
            ("Doppelter Eintrag 'a' für Schlüssel 'user_userName_uidx'", "user.userName"),
            ("Duplicate entry 'u1' for key 'user.PRIMARY'", "user.id"),
        ] {
            assert_eq!(unique(message, "user"), constraint, "{message}");
        }
    }
}
