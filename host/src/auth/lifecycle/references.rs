//! Rows that refer to others by additional fields: what they refer to must be there, and what is referred to may have to stay.

use crate::auth::AuthError;
use crate::error::ApiError;
use crate::store::{Field, Model, Models, Owner, Record, StoreError, Value, eq};

use super::Scope;

/// Refuses a new row that refers to nothing.
///
/// # Errors
/// `REFERENCE_NOT_FOUND`, or as `Models::find_one`.
pub(super) async fn check_row(scope: &Scope, row: &Record) -> Result<(), AuthError> {
    for (field, value) in row.model().fields.iter().zip(row.values()) {
        check(scope, field, value).await?;
    }
    Ok(())
}

/// Refuses values that refer to nothing.
///
/// # Errors
/// As [`check_row`].
pub(super) async fn check_values(scope: &Scope, model: &Model, values: &[(&str, Value)]) -> Result<(), AuthError> {
    for (name, value) in values {
        check(scope, model.field(name)?, value).await?;
    }
    Ok(())
}

/// The core's own fields hold what the core has read; the database keeps whoever deletes that meanwhile from leaving a row behind.
async fn check(scope: &Scope, field: &Field, value: &Value) -> Result<(), AuthError> {
    let Some(to) = field.references.as_ref().filter(|_| field.owner != Owner::Core && !value.is_null()) else {
        return Ok(());
    };
    if scope.find_one(&to.model, &[eq(to.field.clone(), value.clone())]).await?.is_some() {
        return Ok(());
    }
    let message = format!("{} refers to nothing that is there", field.name);
    Err(AuthError::Refused(ApiError::new(400, "REFERENCE_NOT_FOUND", message)))
}

/// The answer to a deletion of a row that others refer to, which must not go.
pub(super) fn in_use(error: AuthError) -> AuthError {
    match error {
        AuthError::Store(StoreError::ForeignKeyViolation { .. }) => AuthError::Refused(ApiError::new(
            409,
            "STILL_REFERENCED",
            "It cannot be deleted, because something else refers to it",
        )),
        error => error,
    }
}
