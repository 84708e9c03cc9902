//! What the endpoints and hooks refuse with.

use doorward_sdk::prelude::*;

pub const WRONG: ErrorCode = ErrorCode::new(401, "INVALID_USERNAME_OR_PASSWORD", "Invalid username or password");
pub const NOT_VERIFIED: ErrorCode = ErrorCode::EMAIL_NOT_VERIFIED;
pub const TAKEN: ErrorCode =
    ErrorCode::new(400, "USERNAME_IS_ALREADY_TAKEN", "Username is already taken. Please try another.");
pub const TOO_SHORT: ErrorCode = ErrorCode::new(400, "USERNAME_TOO_SHORT", "Username is too short");
pub const TOO_LONG: ErrorCode = ErrorCode::new(400, "USERNAME_TOO_LONG", "Username is too long");
pub const INVALID: ErrorCode = ErrorCode::new(400, "INVALID_USERNAME", "Username is invalid");
pub const INVALID_DISPLAY: ErrorCode = ErrorCode::new(400, "INVALID_DISPLAY_USERNAME", "Display username is invalid");
pub const IMMUTABLE: ErrorCode = ErrorCode::new(400, "USERNAME_IS_IMMUTABLE", "Username cannot be updated");

/// All of them, for the manifest.
pub const ALL: [ErrorCode; 8] = [WRONG, NOT_VERIFIED, TAKEN, TOO_SHORT, TOO_LONG, INVALID, INVALID_DISPLAY, IMMUTABLE];
