//! The refusals of this plugin.

use doorward_sdk::ErrorCode;

pub const CHALLENGE_NOT_FOUND: ErrorCode = ErrorCode::new(400, "CHALLENGE_NOT_FOUND", "Challenge not found");
pub const NOT_ALLOWED: ErrorCode =
    ErrorCode::new(401, "YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY", "You are not allowed to register this passkey");
pub const FAILED_TO_VERIFY_REGISTRATION: ErrorCode =
    ErrorCode::new(400, "FAILED_TO_VERIFY_REGISTRATION", "Failed to verify registration");
pub const PREVIOUSLY_REGISTERED: ErrorCode = ErrorCode::new(400, "PREVIOUSLY_REGISTERED", "Previously registered");
/// To who signs in; [`NO_SUCH_PASSKEY`] to who is signed in.
pub const PASSKEY_NOT_FOUND: ErrorCode = ErrorCode::new(401, "PASSKEY_NOT_FOUND", "Passkey not found");
pub const NO_SUCH_PASSKEY: ErrorCode = ErrorCode::new(404, "PASSKEY_NOT_FOUND", "Passkey not found");
/// The signature is not the credential's; [`AUTHENTICATION_FAILED`] for every other fault.
pub const WRONG_SIGNATURE: ErrorCode = ErrorCode::new(401, "AUTHENTICATION_FAILED", "Authentication failed");
pub const AUTHENTICATION_FAILED: ErrorCode = ErrorCode::new(400, "AUTHENTICATION_FAILED", "Authentication failed");
pub const LAST_PASSKEY: ErrorCode = ErrorCode::new(
    400,
    "FAILED_TO_DELETE_LAST_PASSKEY",
    "You can't delete your last passkey without another way to sign in",
);
pub const RESOLVE_USER_REQUIRED: ErrorCode = ErrorCode::new(
    400,
    "RESOLVE_USER_REQUIRED",
    "Passkey registration requires either an authenticated session or a resolveUser callback when requireSession is false",
);

/// Every code, for the manifest.
pub const ALL: [ErrorCode; 8] = [
    CHALLENGE_NOT_FOUND,
    NOT_ALLOWED,
    FAILED_TO_VERIFY_REGISTRATION,
    PREVIOUSLY_REGISTERED,
    PASSKEY_NOT_FOUND,
    AUTHENTICATION_FAILED,
    LAST_PASSKEY,
    RESOLVE_USER_REQUIRED,
];
