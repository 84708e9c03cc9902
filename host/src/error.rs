//! The error that an endpoint answers with: status, code and message on the wire, a source for the log.

use std::borrow::Cow;
use std::error::Error;

type Source = Box<dyn Error + Send + Sync>;

/// One entry of the wire contract: a status, a code and its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// HTTP status.
    pub status: u16,
    /// Machine-readable code, UPPER_SNAKE.
    pub code: &'static str,
    /// Text for people.
    pub message: &'static str,
}

macro_rules! codes {
    ($($code:ident = $status:literal $message:literal;)*) => {
        impl Code {
            $(#[doc = $message] pub const $code: Code = Code { status: $status, code: stringify!($code), message: $message };)*
        }
    };
}

// Source: the reference's core codes with the status that each is answered with.
codes! {
    ACCOUNT_NOT_FOUND = 400 "Account not found";
    CHANGE_EMAIL_DISABLED = 400 "Change email is disabled";
    CREDENTIAL_ACCOUNT_NOT_FOUND = 400 "Credential account not found";
    CROSS_SITE_NAVIGATION_LOGIN_BLOCKED = 403 "Cross-site navigation login blocked. This request appears to be a CSRF attack.";
    EMAIL_ALREADY_VERIFIED = 400 "Email is already verified";
    EMAIL_CAN_NOT_BE_UPDATED = 400 "Email can not be updated";
    EMAIL_MISMATCH = 400 "Email mismatch";
    EMAIL_NOT_VERIFIED = 403 "Email not verified";
    EMAIL_PASSWORD_DISABLED = 400 "Email and password is not enabled";
    EMAIL_PASSWORD_SIGN_UP_DISABLED = 400 "Email and password sign up is not enabled";
    FAILED_TO_CREATE_USER = 422 "Failed to create user";
    FAILED_TO_GET_SESSION = 401 "Failed to get session";
    FAILED_TO_GET_USER_INFO = 404 "Failed to get user info";
    FAILED_TO_UNLINK_LAST_ACCOUNT = 400 "You can't unlink your last account";
    FUNCTION_NOT_FOUND = 404 "There is no such function";
    INSUFFICIENT_SCOPE = 403 "The key may not call this function";
    INVALID_CALLBACK_URL = 403 "Invalid callbackURL";
    INVALID_EMAIL = 400 "Invalid email";
    INVALID_EMAIL_OR_PASSWORD = 401 "Invalid email or password";
    INVALID_ERROR_CALLBACK_URL = 403 "Invalid errorCallbackURL";
    INVALID_NEW_USER_CALLBACK_URL = 403 "Invalid newUserCallbackURL";
    INVALID_ORIGIN = 403 "Invalid origin";
    INVALID_PASSWORD = 400 "Invalid password";
    INVALID_REDIRECT_URL = 403 "Invalid redirectURL";
    INVALID_TOKEN = 400 "Invalid token";
    INVALID_USER = 401 "Invalid user";
    METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED = 405 "POST method requires deferSessionRefresh to be enabled in session config";
    MISSING_OR_NULL_ORIGIN = 403 "Missing or null Origin";
    NOT_FOUND = 404 "Not found";
    PASSWORD_ALREADY_SET = 400 "User already has a password set";
    PASSWORD_TOO_LONG = 400 "Password too long";
    PASSWORD_TOO_SHORT = 400 "Password too short";
    PAYLOAD_TOO_LARGE = 413 "Request body is too large";
    RESET_PASSWORD_DISABLED = 400 "Reset password isn't enabled";
    SERVER_BUSY = 503 "The server is busy. Please try again later.";
    SESSION_EXPIRED = 400 "Session expired. Re-authenticate to perform this action.";
    SESSION_NOT_FRESH = 403 "Session is not fresh";
    TOKEN_EXPIRED = 401 "Token expired";
    UNAUTHORIZED = 401 "Unauthorized";
    USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL = 422 "User already exists. Use another email.";
    USER_NOT_FOUND = 400 "User not found";
    VERIFICATION_EMAIL_NOT_ENABLED = 400 "Verification email isn't enabled";
}

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

/// An answer that refuses: what the client sees, and the cause that only the log sees.
#[derive(Debug, thiserror::Error)]
#[error("{status} {body:?}")]
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
        Self::new(400, "VALIDATION_ERROR", message)
    }

    /// `500 INTERNAL_SERVER_ERROR`; the source goes to the log.
    pub fn internal(source: impl Into<Source>) -> Self {
        Self::new(500, "INTERNAL_SERVER_ERROR", "Internal server error").caused_by(source)
    }

    /// `503 SERVER_BUSY` with `Retry-After` in seconds.
    pub fn busy(retry_after_secs: u32) -> Self {
        Self::from(Code::SERVER_BUSY).header("retry-after", retry_after_secs.to_string())
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

impl Code {
    /// The same code with the status that an endpoint answers it with.
    #[must_use]
    pub const fn at(self, status: u16) -> Self {
        Self { status, ..self }
    }
}

impl From<Code> for ApiError {
    fn from(code: Code) -> Self {
        Self::new(code.status, code.code, code.message)
    }
}
