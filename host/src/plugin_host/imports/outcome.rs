//! Turns the host's errors into those that a plugin gets, and keeps for the log what it must not learn.

use doorward_contract::NotNow;

use super::interfaces::types::{self as wit, HostError};
use crate::auth::AuthError;
use crate::error::{ApiError, ErrorBody};
use crate::http::Response;
use crate::plugin_host::call::running;
use crate::store::StoreError;

/// The host's answer to a data call.
pub(super) type Answer<T> = Result<T, HostError>;

impl From<NotNow> for HostError {
    fn from(fault: NotNow) -> Self {
        if fault.is_for_transaction { Self::Invalid(fault.to_string()) } else { Self::Denied(fault.to_string()) }
    }
}

impl From<StoreError> for HostError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::Conflict => Self::Unavailable,
            StoreError::UniqueViolation { constraint } => Self::Conflict(constraint),
            StoreError::InvalidInput { field, problem } => Self::Invalid(format!("{field} {problem}")),
            // As the core says it: a row that it refers to was removed meanwhile.
            error @ StoreError::ForeignKeyViolation { .. } => Self::Refused(refusal(&ApiError::from(error))),
            error => failed(&error),
        }
    }
}

impl From<AuthError> for HostError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Store(error) => error.into(),
            AuthError::Refused(error) => error.into(),
            AuthError::Busy => Self::Unavailable,
            error @ AuthError::Internal(_) => failed(&error),
        }
    }
}

impl From<ApiError> for HostError {
    fn from(error: ApiError) -> Self {
        match (&error.source, error.status) {
            (Some(_), 503) => Self::Unavailable,
            (Some(source), 500..) => failed(source.as_ref()),
            _ => Self::Refused(refusal(&error)),
        }
    }
}

/// The core's refusal in the plugin's words.
pub(super) fn refusal(error: &ApiError) -> wit::ApiError {
    let (code, message) = match &error.body {
        ErrorBody::Coded { code, message } => (Some(code.to_string()), Some(message.to_string())),
        ErrorBody::Message(message) => (None, Some(message.to_string())),
        ErrorBody::Empty => (None, None),
    };
    wit::ApiError { status: error.status, code, message }
}

/// A gate's answer in the plugin's words.
pub(super) fn challenge(response: &Response) -> HostError {
    let headers = response.headers.iter();
    let headers = headers.map(|(name, value)| wit::Header { name: name.to_owned(), value: value.to_owned() }).collect();
    let body = (!response.body.is_empty()).then(|| String::from_utf8_lossy(&response.body).into_owned());
    HostError::Challenged(wit::Response { status: response.status, headers, body })
}

/// Keeps the cause for the log.
pub(super) fn failed(error: &dyn std::error::Error) -> HostError {
    let mut causes = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !causes.ends_with(&text) {
            causes = format!("{causes}: {text}");
        }
        source = cause.source();
    }
    let (plugin, at) = running::now();
    tracing::error!(plugin, at, error = causes, "a plugin's call of the host failed");
    HostError::Failed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_store_says_is_a_fault_of_the_server_only_when_it_is_one() {
        let told = |error: StoreError| HostError::from(error);
        let constraint = || "note.text".to_owned();
        assert!(matches!(told(StoreError::Unavailable(String::new())), HostError::Unavailable));
        assert!(matches!(told(StoreError::Conflict), HostError::Unavailable));
        assert!(matches!(told(StoreError::UniqueViolation { constraint: constraint() }), HostError::Conflict(_)));
        let gone = told(StoreError::ForeignKeyViolation { constraint: constraint() });
        let HostError::Refused(gone) = gone else { panic!("{gone:?}") };
        assert_eq!((gone.status, gone.code.as_deref()), (409, Some("CONFLICT")));
        assert!(matches!(told(StoreError::internal("x")), HostError::Failed));
        assert!(matches!(HostError::from(AuthError::Busy), HostError::Unavailable));
        assert!(matches!(HostError::from(ApiError::busy().caused_by("x")), HostError::Unavailable));
        assert!(matches!(HostError::from(ApiError::internal("x")), HostError::Failed));
    }
}
