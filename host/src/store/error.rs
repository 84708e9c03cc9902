//! What can go wrong in the store, without SQL and without values.

use std::error::Error;
use std::sync::Arc;

use super::owner::Owner;
use crate::error::ApiError;

type Source = Arc<dyn Error + Send + Sync>;

/// An error of the store. Its text contains names of tables, fields and owners, never SQL or a value.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The database or the secondary storage did not answer in time. The caller may try again later.
    #[error("storage is unavailable: {0}")]
    Unavailable(String),
    /// A unique field already holds this value.
    #[error("a value must be unique: {constraint}")]
    UniqueViolation {
        /// `table.column`, as the database names them. The constraint's name when it covers several columns.
        constraint: String,
    },
    /// It refers to a row that does not exist, or another row refers to it.
    #[error("a row that it refers to is missing, or one that refers to it is there: {constraint}")]
    ForeignKeyViolation {
        /// The table and the constraint, as the database names them.
        constraint: String,
    },
    /// A column that must have a value has none, or a rule of the table forbids the row.
    #[error("the database refuses the row: {constraint}")]
    RowRefused {
        /// The table and the column or rule, as the database names them.
        constraint: String,
    },
    /// A conflict with another transaction. The same transaction may succeed when it runs again.
    #[error("the transaction conflicts with another one")]
    Conflict,
    /// A mistake of the caller that no database could accept.
    #[error("{field} {problem}")]
    InvalidInput {
        /// Name of the model or field.
        field: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Two owners claim the same model, field, table or column.
    #[error("{what} belongs to {first} and is claimed by {second}")]
    Clash {
        /// The contested name.
        what: String,
        /// The owner that has it.
        first: Owner,
        /// The owner that claims it too.
        second: Owner,
    },
    /// Tables cannot become what a plugin declares. The text says why, and what to write instead.
    #[error("{0}")]
    Unmigratable(String),
    /// A bug, or a database without the expected tables and columns.
    #[error("the store failed: {what}")]
    Internal {
        /// The operation.
        what: String,
        /// The message of the database.
        #[source]
        source: Option<Source>,
    },
}

impl StoreError {
    pub(super) fn invalid(field: &str, problem: &'static str) -> Self {
        Self::InvalidInput { field: field.to_owned(), problem }
    }

    /// A failure inside the server, in the words of the log.
    pub fn internal(what: &str) -> Self {
        Self::Internal { what: what.to_owned(), source: None }
    }

    /// Is it the same failure, as far as a caller can tell?
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::UniqueViolation { constraint: a }, Self::UniqueViolation { constraint: b })
            | (Self::ForeignKeyViolation { constraint: a }, Self::ForeignKeyViolation { constraint: b })
            | (Self::RowRefused { constraint: a }, Self::RowRefused { constraint: b }) => a == b,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }

    pub(super) fn unreadable(field: &str) -> Self {
        Self::Internal { what: format!("the column of {field} holds a value of another kind"), source: None }
    }
}

impl From<StoreError> for ApiError {
    /// An unavailable store is 503, so that no client takes it for a wrong password, and so is work that was tried again
    /// and again in vain: the client may try once more. What refers to a row that somebody has deleted is 409.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::Conflict => Self::busy().caused_by(error),
            StoreError::ForeignKeyViolation { .. } => {
                Self::new(409, "CONFLICT", "The change collided with another. Try again.").caused_by(error)
            }
            StoreError::InvalidInput { .. } => Self::new(400, "BAD_REQUEST", "Invalid input").caused_by(error),
            other => Self::internal(other),
        }
    }
}
