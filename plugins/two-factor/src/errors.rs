//! The refusals of this plugin.

use doorward_sdk::ErrorCode;

const fn code(status: u16, code: &'static str, message: &'static str) -> ErrorCode {
    ErrorCode::new(status, code, message)
}

pub const INVALID_PASSWORD: ErrorCode = ErrorCode::INVALID_PASSWORD;
pub const FAILED_TO_CREATE_SESSION: ErrorCode = code(400, "FAILED_TO_CREATE_SESSION", "Failed to create session");
pub const OTP_NOT_ENABLED: ErrorCode = code(400, "OTP_NOT_ENABLED", "OTP not enabled");
/// Where the way is chosen; [`OTP_SWITCHED_OFF`] where it is used.
pub const OTP_NOT_CONFIGURED: ErrorCode = code(400, "OTP_NOT_CONFIGURED", "OTP is not available");
pub const OTP_SWITCHED_OFF: ErrorCode = code(400, "OTP_NOT_CONFIGURED", "otp isn't configured");
pub const OTP_HAS_EXPIRED: ErrorCode = code(400, "OTP_HAS_EXPIRED", "OTP has expired");
pub const TOTP_NOT_ENABLED: ErrorCode = code(400, "TOTP_NOT_ENABLED", "TOTP not enabled");
pub const TOTP_ALREADY_ENABLED: ErrorCode = code(400, "TOTP_ALREADY_ENABLED", "TOTP is already enabled");
/// Where the way is chosen; [`TOTP_SWITCHED_OFF`] where it is used.
pub const TOTP_NOT_CONFIGURED: ErrorCode = code(400, "TOTP_NOT_CONFIGURED", "TOTP is not available");
pub const TOTP_SWITCHED_OFF: ErrorCode = code(400, "TOTP_NOT_CONFIGURED", "totp isn't configured");
pub const TWO_FACTOR_NOT_ENABLED: ErrorCode = code(400, "TWO_FACTOR_NOT_ENABLED", "Two factor isn't enabled");
pub const BACKUP_CODES_NOT_ENABLED: ErrorCode = code(400, "BACKUP_CODES_NOT_ENABLED", "Backup codes aren't enabled");
pub const BACKUP_CODES_HASHED: ErrorCode = code(
    400,
    "BACKUP_CODES_HASHED",
    "The backup codes are stored as hashes and cannot be shown: see backup_code_options.store_backup_codes",
);
pub const INVALID_BACKUP_CODE: ErrorCode = code(401, "INVALID_BACKUP_CODE", "Invalid backup code");
pub const INVALID_CODE: ErrorCode = code(401, "INVALID_CODE", "Invalid code");
pub const TOO_MANY_ATTEMPTS: ErrorCode =
    code(400, "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE", "Too many attempts. Please request a new code.");
pub const LOCKED: ErrorCode = code(
    429,
    "ACCOUNT_TEMPORARILY_LOCKED",
    "Too many failed verification attempts. Your account is temporarily locked. Please try again later.",
);
pub const INVALID_TWO_FACTOR_COOKIE: ErrorCode = code(401, "INVALID_TWO_FACTOR_COOKIE", "Invalid two factor cookie");
/// The operator changed the server's secret and kept no copy of the old one.
pub const AUTHENTICATOR_UNREADABLE: ErrorCode = code(
    409,
    "AUTHENTICATOR_UNREADABLE",
    "The server can no longer check codes of this authenticator app. Use another way, and set the app up again.",
);

/// Every code, for the manifest.
pub const ALL: [ErrorCode; 17] = [
    INVALID_PASSWORD,
    FAILED_TO_CREATE_SESSION,
    OTP_NOT_ENABLED,
    OTP_NOT_CONFIGURED,
    OTP_HAS_EXPIRED,
    TOTP_NOT_ENABLED,
    TOTP_ALREADY_ENABLED,
    TOTP_NOT_CONFIGURED,
    TWO_FACTOR_NOT_ENABLED,
    BACKUP_CODES_NOT_ENABLED,
    BACKUP_CODES_HASHED,
    INVALID_BACKUP_CODE,
    INVALID_CODE,
    TOO_MANY_ATTEMPTS,
    LOCKED,
    INVALID_TWO_FACTOR_COOKIE,
    AUTHENTICATOR_UNREADABLE,
];
