//! What can go wrong while deciding, and how it is answered.

use crate::error::ApiError;
use crate::store::StoreError;

/// An error of the `auth` layer.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// Too many passwords wait to be hashed.
    #[error("too many passwords wait to be hashed")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An observer of the change refused it.
    #[error("a change was refused: {0}")]
    Refused(#[source] ApiError),
    /// A defect or a failure of the machine.
    #[error("{0}")]
    Internal(String),
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Busy => ApiError::busy().caused_by(AuthError::Busy),
            AuthError::Store(error) => error.into(),
            AuthError::Refused(error) => error,
            internal @ AuthError::Internal(_) => ApiError::internal(internal),
        }
    }
}
