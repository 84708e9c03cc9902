//! A refusal with a fixed text, and those of the core, which plugins may share.

use serde::{Deserialize, Serialize};

/// The code of what [`Issues`](crate::Issues) report.
///
/// ```
/// # use doorward_contract as doorward_sdk;
/// use doorward_sdk::{ErrorCode, VALIDATION_ERROR};
/// // What cannot be said of one field alone is answered with the same code.
/// let refusal = ErrorCode::new(400, VALIDATION_ERROR, "The end is before the beginning");
/// assert_eq!(refusal.code(), "VALIDATION_ERROR");
/// ```
pub const VALIDATION_ERROR: &str = "VALIDATION_ERROR";

/// A refusal with a fixed text: a status of 400 to 599, a code for programs and a message for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct ErrorCode<S = &'static str> {
    /// HTTP status.
    pub status: u16,
    /// For programs, UPPER_SNAKE.
    pub code: S,
    /// For people.
    pub message: S,
}

impl ErrorCode {
    /// `status` is 400 to 599, `code` is for programs, `message` for people.
    pub const fn new(status: u16, code: &'static str, message: &'static str) -> Self {
        Self { status, code, message }
    }

    /// The same refusal with another status.
    #[must_use]
    pub const fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The code alone, to refuse with other words.
    pub const fn code(self) -> &'static str {
        self.code
    }
}

macro_rules! codes {
    ($($code:ident = $status:literal $message:literal;)*) => {
        impl ErrorCode {
            /// All refusals of the core.
            pub const OF_CORE: &'static [Self] = &[$(Self::$code),*];
            $(#[doc = $message] pub const $code: Self = Self::new($status, stringify!($code), $message);)*
        }
    };
}

// Source: the reference's core codes with the status that each is answered with.
codes! {
    ACCOUNT_NOT_FOUND = 400 "Account not found";
    BODY_TOO_COMPLEX = 413 "Request body has too many values or is nested too deeply";
    CHANGE_EMAIL_DISABLED = 400 "Change email is disabled";
    CREDENTIAL_ACCOUNT_NOT_FOUND = 400 "Credential account not found";
    CROSS_SITE_NAVIGATION_LOGIN_BLOCKED = 403 "Cross-site navigation login blocked. This request appears to be a CSRF attack.";
    EMAIL_ALREADY_VERIFIED = 400 "Email is already verified";
    EMAIL_CAN_NOT_BE_UPDATED = 400 "Email can not be updated";
    EMAIL_MISMATCH = 400 "Email mismatch";
    EMAIL_NOT_VERIFIED = 403 "Email not verified";
    EMAIL_PASSWORD_DISABLED = 400 "Email and password is not enabled";
    EMAIL_PASSWORD_SIGN_UP_DISABLED = 400 "Email and password sign up is not enabled";
    FACTOR_REQUIRED = 403 "Sign in with your second factor or passkey";
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
    JOB_NOT_FOUND = 404 "No such job waits or has failed";
    MAIL_NOT_FOUND = 404 "No such mail waits to be delivered";
    MISSING_OR_NULL_ORIGIN = 403 "Missing or null Origin";
    NOT_ALLOWED_WHILE_IMPERSONATING = 403 "You cannot do this while you impersonate someone";
    NOT_FOUND = 404 "Not found";
    PASSWORD_ALREADY_SET = 400 "User already has a password set";
    PASSWORD_TOO_LONG = 400 "Password too long";
    PASSWORD_TOO_SHORT = 400 "Password too short";
    PAYLOAD_TOO_LARGE = 413 "Request body is too large";
    PERMISSION_REQUIRED = 403 "You are not allowed to do this";
    REQUEST_TOO_COSTLY = 422 "The request takes more work than it may";
    RESET_PASSWORD_DISABLED = 400 "Reset password isn't enabled";
    SERVER_BUSY = 503 "The server is busy. Please try again later.";
    SESSION_EXPIRED = 400 "Session expired. Re-authenticate to perform this action.";
    SESSION_NOT_FRESH = 403 "Session is not fresh";
    SETTINGS_CHANGED_MEANWHILE = 409 "Somebody else has changed settings meanwhile";
    SETTING_REFUSED = 400 "The setting cannot be changed so";
    TOKEN_EXPIRED = 401 "Token expired";
    UNAUTHORIZED = 401 "Unauthorized";
    USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL = 422 "User already exists. Use another email.";
    USER_NOT_FOUND = 400 "User not found";
    VERIFICATION_EMAIL_NOT_ENABLED = 400 "Verification email isn't enabled";
}
