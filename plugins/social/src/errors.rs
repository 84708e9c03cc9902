//! Refusals that more than one endpoint has, as the reference words them.

use crate::providers::{NO_ENDPOINT, SECRET_NEEDED};
use doorward_sdk::prelude::*;

/// Of who asks a provider who somebody is: by a sign-in there, or by an ID token of it.
pub const OF_PROVIDERS: &[ErrorCode] =
    &[PROVIDER_NOT_FOUND, NO_ENDPOINT, SECRET_NEEDED, ID_TOKEN_NOT_SUPPORTED, INVALID_TOKEN, NO_USER_INFO, NO_EMAIL];

pub const PROVIDER_NOT_FOUND: ErrorCode = ErrorCode::new(404, "PROVIDER_NOT_FOUND", "Provider not found");
pub const ID_TOKEN_NOT_SUPPORTED: ErrorCode = ErrorCode::new(404, "ID_TOKEN_NOT_SUPPORTED", "id_token not supported");
pub const INVALID_TOKEN: ErrorCode = ErrorCode::INVALID_TOKEN.with_status(401);
pub const NO_USER_INFO: ErrorCode = ErrorCode::FAILED_TO_GET_USER_INFO.with_status(401);
pub const NO_EMAIL: ErrorCode = ErrorCode::new(401, "USER_EMAIL_NOT_FOUND", "User email not found");
pub const EMAIL_NOT_VERIFIED: ErrorCode = ErrorCode::EMAIL_NOT_VERIFIED;
pub const ALREADY_LINKED: ErrorCode =
    ErrorCode::new(409, "SOCIAL_ACCOUNT_ALREADY_LINKED", "Social account already linked");
pub const LINKING_NOT_ALLOWED: ErrorCode =
    ErrorCode::new(401, "LINKING_NOT_ALLOWED", "Account not linked - linking not allowed");
pub const OTHER_EMAIL: ErrorCode =
    ErrorCode::new(401, "LINKING_DIFFERENT_EMAILS_NOT_ALLOWED", "Account not linked - different emails not allowed");
pub const LINKING_FAILED: ErrorCode =
    ErrorCode::new(417, "LINKING_FAILED", "Account not linked - unable to create account");
pub const ACCOUNT_NOT_FOUND: ErrorCode = ErrorCode::ACCOUNT_NOT_FOUND;
pub const REFRESH_NOT_FOUND: ErrorCode = ErrorCode::new(400, "REFRESH_TOKEN_NOT_FOUND", "Refresh token not found");
pub const REFRESH_FAILED: ErrorCode =
    ErrorCode::new(400, "FAILED_TO_REFRESH_ACCESS_TOKEN", "Failed to refresh access token");
pub const NO_VALID_TOKEN: ErrorCode =
    ErrorCode::new(400, "FAILED_TO_GET_ACCESS_TOKEN", "Failed to get a valid access token");
pub const ACCESS_NOT_FOUND: ErrorCode = ErrorCode::new(400, "ACCESS_TOKEN_NOT_FOUND", "Access token not found");
pub const PROVIDER_NOT_CONFIGURED: ErrorCode =
    ErrorCode::new(400, "PROVIDER_NOT_CONFIGURED", "Account is not associated with a configured social provider.");
/// Its message names the provider: [`not_supported`].
pub const PROVIDER_NOT_SUPPORTED: ErrorCode = ErrorCode::new(400, "PROVIDER_NOT_SUPPORTED", "");

/// The answer to who asks for tokens without a session: no body, as the reference has it.
pub fn unauthorized() -> Error {
    Error::Api(ApiError { status: 401, code: None, message: None })
}

/// The provider of an account that is none of this server's.
pub fn not_supported(provider_id: &str) -> Error {
    let message = format!("Provider {provider_id} is not supported.");
    Error::new(PROVIDER_NOT_SUPPORTED.status, PROVIDER_NOT_SUPPORTED.code(), message)
}
