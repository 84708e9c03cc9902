//! What the endpoints refuse with, beside faults of the input.

use doorward_sdk::prelude::*;

const fn forbidden(code: &'static str, message: &'static str) -> ErrorCode {
    ErrorCode::new(403, code, message)
}

const fn bad(code: &'static str, message: &'static str) -> ErrorCode {
    ErrorCode::new(400, code, message)
}

pub const MAY_NOT_CHANGE_ROLE: ErrorCode =
    forbidden("YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE", "You are not allowed to change users role");
pub const MAY_NOT_CREATE: ErrorCode =
    forbidden("YOU_ARE_NOT_ALLOWED_TO_CREATE_USERS", "You are not allowed to create users");
pub const MAY_NOT_LIST: ErrorCode = forbidden("YOU_ARE_NOT_ALLOWED_TO_LIST_USERS", "You are not allowed to list users");
pub const MAY_NOT_LIST_SESSIONS: ErrorCode =
    forbidden("YOU_ARE_NOT_ALLOWED_TO_LIST_USERS_SESSIONS", "You are not allowed to list users sessions");
pub const MAY_NOT_BAN: ErrorCode = forbidden("YOU_ARE_NOT_ALLOWED_TO_BAN_USERS", "You are not allowed to ban users");
pub const MAY_NOT_IMPERSONATE: ErrorCode =
    forbidden("YOU_ARE_NOT_ALLOWED_TO_IMPERSONATE_USERS", "You are not allowed to impersonate users");
pub const MAY_NOT_REVOKE: ErrorCode =
    forbidden("YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS", "You are not allowed to revoke users sessions");
pub const MAY_NOT_DELETE: ErrorCode =
    forbidden("YOU_ARE_NOT_ALLOWED_TO_DELETE_USERS", "You are not allowed to delete users");
pub const MAY_NOT_SET_PASSWORD: ErrorCode =
    forbidden("YOU_ARE_NOT_ALLOWED_TO_SET_USERS_PASSWORD", "You are not allowed to set users password");
pub const MAY_NOT_GET: ErrorCode = forbidden("YOU_ARE_NOT_ALLOWED_TO_GET_USER", "You are not allowed to get user");
pub const MAY_NOT_UPDATE: ErrorCode =
    forbidden("YOU_ARE_NOT_ALLOWED_TO_UPDATE_USERS", "You are not allowed to update users");
pub const MAY_NOT_SET_EMAIL: ErrorCode =
    forbidden("YOU_ARE_NOT_ALLOWED_TO_SET_USERS_EMAIL", "You are not allowed to update users email");
pub const MAY_NOT_SET_PHONE: ErrorCode =
    forbidden("YOU_ARE_NOT_ALLOWED_TO_SET_USERS_PHONE_NUMBER", "You are not allowed to update users phone number");
pub const MAY_NOT_SET_USERNAME: ErrorCode =
    forbidden("YOU_ARE_NOT_ALLOWED_TO_SET_USERS_USERNAME", "You are not allowed to update users username");
pub const MAY_NOT_SET_OTHERS_FIELDS: ErrorCode =
    forbidden("YOU_ARE_NOT_ALLOWED_TO_SET_FIELDS_OF_PLUGINS", "You are not allowed to change what other plugins keep");
pub const NO_ADMINS: ErrorCode = forbidden("YOU_CANNOT_IMPERSONATE_ADMINS", "You cannot impersonate admins");
pub const IMPERSONATED: ErrorCode =
    forbidden("NOT_ALLOWED_WHILE_IMPERSONATING", "You cannot do this while you impersonate someone");

pub const MORE_PERMISSIONS: ErrorCode =
    forbidden("USER_HAS_MORE_PERMISSIONS", "This user has permissions that you do not have");
pub const ROLE_TOO_HIGH: ErrorCode =
    forbidden("ROLE_HAS_MORE_PERMISSIONS", "This role has permissions that you do not have");
pub const NOT_FOUND: ErrorCode = ErrorCode::USER_NOT_FOUND.with_status(404);

pub const USER_EXISTS: ErrorCode = ErrorCode::USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL.with_status(400);
pub const NOT_YOURSELF: ErrorCode = bad("YOU_CANNOT_BAN_YOURSELF", "You cannot ban yourself");
pub const NOT_REMOVE_YOURSELF: ErrorCode = bad("YOU_CANNOT_REMOVE_YOURSELF", "You cannot remove yourself");
pub const NOTHING_TO_UPDATE: ErrorCode = bad("NO_DATA_TO_UPDATE", "No data to update");
pub const NO_SUCH_ROLE: ErrorCode =
    bad("YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE", "You are not allowed to set a non-existent role value");
pub const ROLE_TYPE: ErrorCode = bad("INVALID_ROLE_TYPE", "Invalid role type");
pub const PASSWORD_ELSEWHERE: ErrorCode = bad(
    "PASSWORD_CANNOT_BE_UPDATED_VIA_UPDATE_USER",
    "Password cannot be updated through update-user. Use the set-user-password endpoint instead",
);
pub const ID_STAYS: ErrorCode = bad("USER_ID_CANNOT_BE_UPDATED", "User id cannot be updated");
pub const INVALID_EMAIL: ErrorCode = bad("INVALID_EMAIL", "Invalid email");

/// All of them, for the manifest.
pub const ALL: [ErrorCode; 29] = [
    MAY_NOT_CHANGE_ROLE,
    MAY_NOT_CREATE,
    MAY_NOT_LIST,
    MAY_NOT_LIST_SESSIONS,
    MAY_NOT_BAN,
    MAY_NOT_IMPERSONATE,
    MAY_NOT_REVOKE,
    MAY_NOT_DELETE,
    MAY_NOT_SET_PASSWORD,
    MAY_NOT_GET,
    MAY_NOT_UPDATE,
    MAY_NOT_SET_EMAIL,
    MAY_NOT_SET_PHONE,
    MAY_NOT_SET_USERNAME,
    NO_ADMINS,
    IMPERSONATED,
    MORE_PERMISSIONS,
    ROLE_TOO_HIGH,
    NOT_FOUND,
    USER_EXISTS,
    NOT_YOURSELF,
    NOT_REMOVE_YOURSELF,
    NOTHING_TO_UPDATE,
    NO_SUCH_ROLE,
    ROLE_TYPE,
    PASSWORD_ELSEWHERE,
    ID_STAYS,
    INVALID_EMAIL,
    BANNED,
];

/// Refused with the operator's words.
pub const BANNED: ErrorCode = forbidden("BANNED_USER", "You have been banned from this application");

/// A refusal of which only the status or the words are the reference's.
pub fn bare(status: u16, message: Option<&str>) -> Error {
    Error::Api(ApiError { status, code: None, message: message.map(str::to_owned) })
}
