//! What PostgreSQL's errors mean, told by their SQLSTATE: messages are in the server's language.

use std::error::Error as _;
use std::sync::Arc;

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

use crate::store::error::StoreError;
use crate::store::remote::{Failure, Remedy};

/// How the driver says that it has none to send.
const NO_PASSWORD: &str = "password missing";

/// What a failed statement means.
pub(super) fn failure(error: &Error) -> Failure {
    match error.as_db_error() {
        Some(told) => told_by(told),
        None if is_our_fault(error) => Failure::new(internal("a value", error.to_string()), Remedy::Nothing),
        None => Failure::new(StoreError::Unavailable("the connection was lost".to_owned()), Remedy::Unknown),
    }
}

/// Why no connection came about. The server's own words name users and databases, never a password.
pub(super) fn cannot_connect(error: Error) -> StoreError {
    let why = match error.as_db_error() {
        Some(told) => format!("{} ({})", told.message(), told.code().code()),
        None => error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}")),
    };
    if why.ends_with(NO_PASSWORD) {
        return StoreError::Unavailable("the server asks for a password: write it as database.password".to_owned());
    }
    StoreError::Unavailable(why)
}

/// A value that cannot be sent, or a column that cannot be read: the connection is sound.
fn is_our_fault(error: &Error) -> bool {
    let has_connection_failed = error.is_closed() || error.source().is_some_and(|source| source.is::<std::io::Error>());
    // The driver does not tell the kind of an error, but a value that does not fit always comes with a cause.
    !has_connection_failed && error.source().is_some_and(|source| !source.is::<rustls::Error>())
}

fn told_by(told: &DbError) -> Failure {
    use Remedy::{Again, Elsewhere, ElsewhereAfresh, Nothing, Unknown};
    let unavailable = |why: &str| StoreError::Unavailable(why.to_owned());
    let (error, remedy) = match *told.code() {
        SqlState::UNIQUE_VIOLATION => (StoreError::UniqueViolation { constraint: unique(told) }, Nothing),
        SqlState::FOREIGN_KEY_VIOLATION | SqlState::RESTRICT_VIOLATION => {
            (StoreError::ForeignKeyViolation { constraint: place(told) }, Nothing)
        }
        SqlState::NOT_NULL_VIOLATION | SqlState::CHECK_VIOLATION | SqlState::EXCLUSION_VIOLATION => {
            (StoreError::RowRefused { constraint: place(told) }, Nothing)
        }
        SqlState::STRING_DATA_RIGHT_TRUNCATION => (StoreError::invalid("a text", "is longer than its column"), Nothing),
        SqlState::INVALID_TEXT_REPRESENTATION
        | SqlState::NUMERIC_VALUE_OUT_OF_RANGE
        | SqlState::DATETIME_FIELD_OVERFLOW
        | SqlState::INVALID_DATETIME_FORMAT
        | SqlState::CHARACTER_NOT_IN_REPERTOIRE
        | SqlState::UNTRANSLATABLE_CHARACTER => (StoreError::invalid("a value", "does not fit its column"), Nothing),
        SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED => (StoreError::Conflict, Again),
        SqlState::LOCK_NOT_AVAILABLE => (StoreError::Conflict, Nothing),
        SqlState::QUERY_CANCELED => (unavailable("a statement took too long"), Nothing),
        SqlState::READ_ONLY_SQL_TRANSACTION => (unavailable("it can only be read"), ElsewhereAfresh),
        SqlState::ADMIN_SHUTDOWN | SqlState::CANNOT_CONNECT_NOW | SqlState::DATABASE_DROPPED => {
            (unavailable("the server ended the connection"), ElsewhereAfresh)
        }
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => (unavailable("a transaction idled"), Elsewhere),
        SqlState::CRASH_SHUTDOWN => (unavailable("the server has crashed"), Unknown),
        ref code => return by_class(code, told),
    };
    Failure::new(error, remedy)
}

/// The first two characters of a code are its class.
fn by_class(code: &SqlState, told: &DbError) -> Failure {
    let unavailable = |why: &str| StoreError::Unavailable(why.to_owned());
    let message = || format!("{} ({})", told.message(), code.code());
    match code.code().get(..2).unwrap_or_default() {
        "08" => Failure::new(unavailable("the connection was lost"), Remedy::Unknown),
        "53" => Failure::new(
            unavailable(&format!("the server lacks room or connections ({})", code.code())),
            Remedy::Nothing,
        ),
        "57" => Failure::new(unavailable("the server ended the connection"), Remedy::Unknown),
        "58" => Failure::new(unavailable(&format!("the server's system fails ({})", code.code())), Remedy::Nothing),
        // Tables, columns, types and rights.
        "42" => Failure::new(internal("a statement does not fit the database's tables", message()), Remedy::Nothing),
        _ => Failure::new(internal("a statement", message()), Remedy::Nothing),
    }
}

fn internal(what: &str, message: String) -> StoreError {
    StoreError::Internal {
        what: what.to_owned(),
        source: Some(Arc::from(Box::<dyn std::error::Error + Send + Sync>::from(message))),
    }
}

/// `table.column`, or the constraint's name when it covers several columns.
fn unique(told: &DbError) -> String {
    let column = told.detail().and_then(key_column).or_else(|| column_of_name(told)).zip(told.table());
    column
        .map_or_else(|| told.constraint().unwrap_or_default().to_owned(), |(column, table)| format!("{table}.{column}"))
}

/// The column in `Key (column)=(value) already exists.`, in any language of the text around it.
fn key_column(details: &str) -> Option<String> {
    let (column, _) = details.split_once('(')?.1.split_once(")=(")?;
    let column = column.strip_prefix('"').and_then(|column| column.strip_suffix('"')).unwrap_or(column);
    (!column.contains([',', '(', '"'])).then(|| column.to_owned())
}

/// The column in the name that PostgreSQL, or this server, gives to a constraint. A user who may not read the column gets
/// no details.
fn column_of_name(told: &DbError) -> Option<String> {
    let of_table = told.constraint()?.strip_prefix(told.table()?)?.strip_prefix('_')?;
    let column = ["_key", "_uidx"].iter().find_map(|suffix| of_table.strip_suffix(suffix))?;
    Some(column.to_owned())
}

/// `table.column`, or `table` and the constraint's name.
fn place(told: &DbError) -> String {
    let table = told.table().unwrap_or("a table");
    match (told.column(), told.constraint()) {
        (Some(column), _) => format!("{table}.{column}"),
        (None, Some(constraint)) => format!("{table}: {constraint}"),
        (None, None) => table.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_column_is_found_in_any_language() {
        for (details, column) in [
            ("Key (email)=(a@b.c) already exists.", Some("email")),
            ("Schlüssel »(\"userName\")=(a)« existiert bereits.", Some("userName")),
            ("キー (email)=(a)は既に存在します。", Some("email")),
            ("Key (a, b)=(1, 2) already exists.", None),
            ("Key (lower(email))=(a) already exists.", None),
        ] {
            assert_eq!(key_column(details).as_deref(), column, "{details}");
        }
    }
}
