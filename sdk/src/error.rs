//! What a handler returns when it does not answer: a refusal of its own, or what the host said.

use crate::bindings::doorward::plugin::types as raw;
pub use crate::bindings::doorward::plugin::types::{ApiError, HostError};
use doorward_contract::ErrorCode;

/// A handler's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a handler does not answer with what it was asked for.
#[derive(Debug)]
pub enum Error {
    /// A refusal for the client.
    Api(ApiError),
    /// The host did not do what it was asked. `refused` and `challenged` are passed on to the client as they are,
    /// everything else becomes 500 or 503.
    Host(HostError),
}

pub(crate) enum Failure {
    Refusal(raw::ApiError),
    Answer(raw::Response),
}

impl Error {
    /// A refusal: status 400 to 599, a code for programs and a message for people.
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Error {
        let (code, message) = (Some(code.into()), Some(message.into()));
        Error::Api(ApiError { status, code, message })
    }

    /// 500, for what only the log should know.
    pub fn internal() -> Error {
        Error::new(500, "INTERNAL_SERVER_ERROR", "Internal Server Error")
    }

    /// The same error, with one more header when it is a challenge.
    pub fn with_challenge_header(mut self, name: &str, value: impl Into<String>) -> Error {
        if let Error::Host(HostError::Challenged(response)) = &mut self {
            response.headers.push(raw::Header { name: name.to_owned(), value: value.into() });
        }
        self
    }

    pub(crate) fn into_failure(self) -> Failure {
        match self {
            Error::Api(error) | Error::Host(HostError::Refused(error)) => Failure::Refusal(error),
            Error::Host(HostError::Challenged(response)) => Failure::Answer(response),
            Error::Host(HostError::Unavailable) => {
                Failure::Refusal(Error::new(503, "SERVICE_UNAVAILABLE", "Service Unavailable").into_refusal())
            }
            Error::Host(error) => {
                crate::log::error(&format!("the host did not do it: {error:?}"));
                Failure::Refusal(Error::internal().into_refusal())
            }
        }
    }

    pub(crate) fn into_refusal(self) -> raw::ApiError {
        match self.into_failure() {
            Failure::Refusal(error) => error,
            Failure::Answer(_) => ApiError { status: 500, code: None, message: None },
        }
    }
}

impl From<HostError> for Error {
    fn from(error: HostError) -> Error {
        Error::Host(error)
    }
}

impl From<ErrorCode> for Error {
    fn from(error: ErrorCode) -> Error {
        Error::new(error.status, error.code, error.message)
    }
}

/// Text that should have been JSON. The log gets the reason, the client 500.
impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Error {
        crate::log::error(&format!("unreadable JSON: {error}"));
        Error::internal()
    }
}
