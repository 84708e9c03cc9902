//! What the description of the API says of each core endpoint: its sentence, what it reads, what it answers.
//!
//! Invariant: what is read is told by the functions that read, so it cannot differ from what is validated.

use doorward_contract::{ApiNote, InputNote};
use serde_json::{Value as Json, json};

use super::sign_in_email::Credentials;
use super::sign_up_email::Candidate;
use super::verify_email::Link;
use super::{
    change_email, change_password, delete_user, delete_user_callback, request_password_reset, reset_password,
    reset_password_link, revoke_session, send_verification_email, set_password, ssf, unlink_account, verify_password,
};
use crate::error::Code;
use crate::input::Input;

/// What an endpoint refuses with that needs a session.
const OF_SESSION: &[Code] = &[Code::UNAUTHORIZED];
/// What an endpoint refuses with that needs a fresh session.
const OF_FRESH: &[Code] = &[Code::UNAUTHORIZED, Code::SESSION_NOT_FRESH];
/// What an endpoint refuses with that takes a new password.
const OF_PASSWORD: &[Code] = &[Code::PASSWORD_TOO_SHORT, Code::PASSWORD_TOO_LONG];
/// What an endpoint refuses with that takes fields of the configuration.
const OF_FIELDS: &[Code] = &[Code::new(400, "FIELD_NOT_ALLOWED", "")];

/// What is said of the core's endpoint or function, when it is one.
pub fn of(path: &str) -> Option<ApiNote> {
    of_sign_in(path).or_else(|| of_user(path)).or_else(|| of_session(path)).or_else(|| of_function(path))
}

fn of_sign_in(path: &str) -> Option<ApiNote> {
    Some(match path {
        "/ok" => ApiNote::new("Tells that the server answers").answer(one("ok", boolean())),
        "/error" => ApiNote::new("Leads to the page of the application that shows errors")
            .query(texts(&["error", "error_description"]))
            .redirecting(),
        "/config" => {
            ApiNote::new("Tells what a sign-in page needs: methods, providers, rules of passwords").answer(object())
        }
        "/sign-up/email" => ApiNote::new("Makes a user with an email address and a password")
            .body(Input::note(Candidate::read))
            .taking_fields_of("user")
            .answer(json!({ "type": "object", "properties": { "token": text_or_null(), "user": user() } }))
            .refusing(OF_PASSWORD)
            .refusing(OF_FIELDS)
            .refusing(&[
                Code::new(400, "MISSING_FIELD", ""),
                Code::INVALID_EMAIL,
                Code::EMAIL_PASSWORD_SIGN_UP_DISABLED,
                Code::USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL,
                Code::FAILED_TO_CREATE_USER,
            ]),
        "/sign-in/email" => ApiNote::new("Signs in with an email address and a password")
            .body(Input::note(Credentials::read))
            .answer(signed_in())
            .refusing(&[
                Code::EMAIL_PASSWORD_DISABLED,
                Code::INVALID_EMAIL,
                Code::PASSWORD_TOO_LONG,
                Code::INVALID_EMAIL_OR_PASSWORD,
                Code::EMAIL_NOT_VERIFIED,
            ]),
        "/sign-out" => ApiNote::new("Ends the session").answer(one("success", boolean())),
        "/request-password-reset" => ApiNote::new("Mails a link that resets the password")
            .body(Input::note(request_password_reset::read))
            .answer(status_and_message())
            .refusing(&[Code::RESET_PASSWORD_DISABLED]),
        "/reset-password/:token" => {
            ApiNote::new("Leads from the link in the mail to the page that sets a new password")
                .query(Input::note(reset_password_link::read))
                .redirecting()
        }
        "/reset-password" => ApiNote::new("Sets a new password with the token of a mailed link")
            .body(Input::note(reset_password::read))
            .query(Input::note(reset_password::read_query))
            .answer(status())
            .refusing(OF_PASSWORD)
            .refusing(&[Code::INVALID_TOKEN, Code::USER_NOT_FOUND]),
        "/send-verification-email" => ApiNote::new("Mails a link that verifies an address")
            .body(Input::note(send_verification_email::read))
            .answer(status())
            .refusing(&[Code::VERIFICATION_EMAIL_NOT_ENABLED, Code::EMAIL_MISMATCH, Code::EMAIL_ALREADY_VERIFIED]),
        "/verify-email" => ApiNote::new("Verifies an address, or changes it, with the token of a mailed link")
            .query(Input::note(Link::read))
            .redirecting()
            .answer(json!({
                "type": "object",
                "properties": { "status": boolean(), "user": { "anyOf": [user(), { "type": "null" }] } },
                "required": ["status"],
            }))
            .refusing(&[
                Code::TOKEN_EXPIRED,
                Code::INVALID_TOKEN.with_status(401),
                Code::USER_NOT_FOUND.with_status(401),
                Code::INVALID_USER,
                Code::VERIFICATION_EMAIL_NOT_ENABLED,
            ]),
        _ => return None,
    })
}

fn of_user(path: &str) -> Option<ApiNote> {
    Some(match path {
        "/verify-password" => ApiNote::new("Compares a password with the user's")
            .body(Input::note(verify_password::read))
            .answer(status())
            .refusing(&[Code::UNAUTHORIZED, Code::PASSWORD_TOO_LONG, Code::INVALID_PASSWORD]),
        "/change-password" => ApiNote::new("Changes the password")
            .body(Input::note(change_password::read))
            .answer(json!({
                "type": "object",
                "properties": { "token": text_or_null(), "user": user() },
                "required": ["token", "user"],
            }))
            .refusing(OF_PASSWORD)
            .refusing(&[Code::UNAUTHORIZED, Code::CREDENTIAL_ACCOUNT_NOT_FOUND, Code::INVALID_PASSWORD]),
        "/update-user" => {
            let either = json!({ "type": ["string", "null"] });
            let mut body = texts(&["name"]);
            if let Some(Json::Object(properties)) = body.schema.get_mut("properties") {
                properties.insert("image".to_owned(), either);
            }
            ApiNote::new("Changes the user's own fields")
                .body(body)
                .taking_fields_of("user")
                .answer(status())
                .refusing(OF_SESSION)
                .refusing(OF_FIELDS)
                .refusing(&[Code::EMAIL_CAN_NOT_BE_UPDATED])
        }
        "/change-email" => ApiNote::new("Changes the address, or mails a link that does")
            .body(Input::note(change_email::read))
            .answer(status())
            .refusing(OF_FRESH)
            .refusing(&[Code::CHANGE_EMAIL_DISABLED, Code::INVALID_PASSWORD]),
        "/delete-user" => {
            let body = InputNote { may_be_absent: true, ..Input::note(delete_user::read) };
            ApiNote::new("Deletes the user, or mails a link that does")
                .body(body)
                .answer(success_and_message())
                .refusing(OF_SESSION)
                .refusing(&[
                    Code::PASSWORD_TOO_LONG,
                    Code::CREDENTIAL_ACCOUNT_NOT_FOUND,
                    Code::INVALID_PASSWORD,
                    Code::INVALID_TOKEN.with_status(404),
                    Code::SESSION_EXPIRED,
                ])
        }
        "/delete-user/callback" => ApiNote::new("Deletes the user with the token of a mailed link")
            .query(Input::note(delete_user_callback::read))
            .redirecting()
            .answer(success_and_message())
            .refusing(&[Code::FAILED_TO_GET_USER_INFO, Code::INVALID_TOKEN.with_status(404)]),
        "/list-accounts" => ApiNote::new("Lists the user's ways to sign in")
            .answer(list(json!({
                "type": "object",
                "properties": {
                    "id": text(), "accountId": text(), "providerId": text(), "userId": text(),
                    "scopes": list(text()), "createdAt": date(), "updatedAt": date(),
                },
                "required": ["id", "accountId", "providerId", "userId", "scopes", "createdAt", "updatedAt"],
            })))
            .refusing(OF_SESSION),
        "/unlink-account" => ApiNote::new("Removes one of the user's ways to sign in")
            .body(unlinking())
            .answer(status())
            .refusing(OF_FRESH)
            .refusing(&[Code::FAILED_TO_UNLINK_LAST_ACCOUNT, Code::ACCOUNT_NOT_FOUND]),
        _ => return None,
    })
}

fn of_session(path: &str) -> Option<ApiNote> {
    Some(match path {
        "/get-session" => ApiNote::new("Tells who is signed in")
            .query(texts(&["disableCookieCache", "disableRefresh"]))
            .answer(json!({
                "type": ["object", "null"],
                "properties": { "session": session(), "user": user(), "needsRefresh": boolean() },
                "required": ["session", "user"],
            }))
            .refusing(&[Code::METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED]),
        "/list-sessions" => ApiNote::new("Lists the user's sessions").answer(list(session())).refusing(OF_FRESH),
        "/revoke-session" => ApiNote::new("Ends one of the user's sessions")
            .body(Input::note(revoke_session::read))
            .answer(status())
            .refusing(OF_SESSION),
        "/revoke-sessions" => ApiNote::new("Ends all of the user's sessions").answer(status()).refusing(OF_SESSION),
        "/revoke-other-sessions" => {
            ApiNote::new("Ends all of the user's sessions but this one").answer(status()).refusing(OF_SESSION)
        }
        "/update-session" => ApiNote::new("Changes additional fields of the session")
            .body(texts(&[]))
            .taking_fields_of("session")
            .answer(json!({ "type": "object", "properties": { "session": session() }, "required": ["session"] }))
            .refusing(OF_SESSION)
            .refusing(OF_FIELDS)
            .refusing(&[Code::FAILED_TO_GET_SESSION]),
        _ => return None,
    })
}

fn of_function(path: &str) -> Option<ApiNote> {
    Some(match path {
        "/set-password" => ApiNote::new("Sets the first password of the user whose session the headers carry")
            .body(Input::note(set_password::read))
            .answer(status())
            .refusing(OF_PASSWORD)
            .refusing(&[Code::UNAUTHORIZED, Code::PASSWORD_ALREADY_SET]),
        _ => return None,
    })
}

/// What is said of the routes for receivers of security event tokens.
pub fn of_streams(path: &str) -> Option<ApiNote> {
    Some(match path {
        ssf::CONFIGURATION => {
            ApiNote::new("Tells receivers of security event tokens what this server sends").answer(object())
        }
        ssf::JWKS => ApiNote::new("Tells the public keys that security event tokens are signed with")
            .answer(one("keys", list(object()))),
        _ => return None,
    })
}

/// Older clients name the provider; then the account need not be named.
fn unlinking() -> InputNote {
    let mut body = Input::note(|input| unlink_account::read(input, true));
    body.schema.shift_remove("required");
    body
}

/// What every sign-in answers. One that a second factor holds up has other fields, so none is promised.
pub fn signed_in() -> Json {
    let url = json!({ "type": ["string", "null"] });
    let properties = json!({ "redirect": boolean(), "token": text_or_null(), "url": url, "user": user() });
    json!({ "type": "object", "properties": properties })
}

fn user() -> Json {
    json!({ "$ref": "#/components/schemas/User" })
}

fn session() -> Json {
    json!({ "$ref": "#/components/schemas/Session" })
}

pub(super) fn object() -> Json {
    json!({ "type": "object" })
}

pub(super) fn boolean() -> Json {
    json!({ "type": "boolean" })
}

pub(super) fn text() -> Json {
    json!({ "type": "string" })
}

pub(super) fn date() -> Json {
    json!({ "type": "string", "format": "date-time" })
}

pub(super) fn text_or_null() -> Json {
    json!({ "type": ["string", "null"] })
}

pub(super) fn list(items: Json) -> Json {
    json!({ "type": "array", "items": items })
}

fn one(name: &str, schema: Json) -> Json {
    json!({ "type": "object", "properties": { name: schema }, "required": [name] })
}

fn status() -> Json {
    one("status", boolean())
}

fn status_and_message() -> Json {
    json!({
        "type": "object",
        "properties": { "status": boolean(), "message": text() },
        "required": ["status", "message"],
    })
}

fn success_and_message() -> Json {
    json!({
        "type": "object",
        "properties": { "success": boolean(), "message": text() },
        "required": ["success", "message"],
    })
}

/// Texts that may be missing.
fn texts(names: &[&str]) -> InputNote {
    Input::note(|input| names.iter().for_each(|name| _ = input.optional_text(name)))
}
