//! The error that an endpoint answers with: status, code and message on the wire, a source for the log.

use std::borrow::Cow;
use std::error::Error;

use doorward_contract::VALIDATION_ERROR;

/// A refusal of the wire contract: a status, a code and its message.
pub use doorward_contract::ErrorCode as Code;

type Source = Box<dyn Error + Send + Sync>;

/// What the body of an error carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorBody {
    /// `{"message", "code"}`.
    Coded {
        /// Machine-readable code, UPPER_SNAKE.
        code: Cow<'static, str>,
        /// Text for people.
        message: Cow<'static, str>,
    },
    /// `{"message"}` alone.
    Message(Cow<'static, str>),
    /// No bytes at all.
    Empty,
}

impl std::fmt::Display for ErrorBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Coded { code, message } => write!(f, "{code}: {message}"),
            Self::Message(message) => f.write_str(message),
            Self::Empty => f.write_str("without a text"),
        }
    }
}

/// An answer that refuses: what the client sees, and the cause that only the log sees.
#[derive(Debug, thiserror::Error)]
#[error("{status} {body}")]
pub struct ApiError {
    /// HTTP status.
    pub status: u16,
    /// What the body says.
    pub body: ErrorBody,
    /// Extra response headers, lower-case names.
    pub headers: Vec<(&'static str, String)>,
    /// The cause; logged once, never sent.
    #[source]
    pub source: Option<Source>,
}

impl ApiError {
    /// An error with a status, a code and a message.
    pub fn new(status: u16, code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::with_body(status, ErrorBody::Coded { code: code.into(), message: message.into() })
    }

    /// An error whose body has only a message.
    pub fn message(status: u16, message: impl Into<Cow<'static, str>>) -> Self {
        Self::with_body(status, ErrorBody::Message(message.into()))
    }

    /// An error without a body.
    pub fn empty(status: u16) -> Self {
        Self::with_body(status, ErrorBody::Empty)
    }

    /// `400 VALIDATION_ERROR` with the joined issues.
    pub fn validation(message: String) -> Self {
        Self::new(400, VALIDATION_ERROR, message)
    }

    /// `500 INTERNAL_SERVER_ERROR`; the source goes to the log.
    pub fn internal(source: impl Into<Source>) -> Self {
        Self::new(500, "INTERNAL_SERVER_ERROR", "Internal server error").caused_by(source)
    }

    /// `503 SERVER_BUSY`, to be tried again after a second.
    pub fn busy() -> Self {
        Self::from(Code::SERVER_BUSY).header("retry-after", "1".to_owned())
    }

    /// `429` with the seconds after which to retry, in the headers that clients read.
    pub fn too_many_requests(retry_secs: i64) -> Self {
        Self::message(429, "Too many requests. Please try again later.")
            .header("x-retry-after", retry_secs.to_string())
            .header("retry-after", retry_secs.to_string())
    }

    /// Adds a response header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Keeps the cause for the log.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The code, when the body has one.
    pub fn code(&self) -> Option<&str> {
        match &self.body {
            ErrorBody::Coded { code, .. } => Some(code),
            ErrorBody::Message(_) | ErrorBody::Empty => None,
        }
    }

    fn with_body(status: u16, body: ErrorBody) -> Self {
        Self { status, body, headers: Vec::new(), source: None }
    }
}

impl From<Code> for ApiError {
    fn from(code: Code) -> Self {
        Self::new(code.status, code.code, code.message)
    }
}
