//! `POST /delete-user`: deletes the caller, who proves it by password, by a fresh session, or by a token from a mail.

use serde_json::{Map, Value as Json, json};

use crate::auth::credential::{self, Check};
use crate::auth::verification::DELETE_ACCOUNT;
use crate::auth::{password, session, user_change, verification};
use crate::crypto::random::LOWER_ALPHANUMERIC;
use crate::error::{ApiError, Code};
use crate::exchange::{Exchange, LinkMail, SessionNeed};
use crate::http::{Response, encode_component};
use crate::input::Input;
use crate::mail::kind;
use crate::store::User;

const TOKEN_LENGTH: usize = 32;

/// Answers `{"success": true, "message"}`: the user is deleted, or a mail is on its way.
///
/// # Errors
/// `UNAUTHORIZED`, `404` when it is switched off, `PASSWORD_TOO_LONG`, `CREDENTIAL_ACCOUNT_NOT_FOUND`,
/// `INVALID_PASSWORD`, `INVALID_TOKEN`, `SESSION_EXPIRED`, `SERVER_BUSY`.
pub async fn delete_user(exchange: &mut Exchange) -> Result<Response, ApiError> {
    // Older clients send no body.
    let none = Json::Object(Map::new());
    let mut input = Input::body(exchange.request.body.as_ref().or(Some(&none)));
    let callback_url = input.optional_text("callbackURL").map(str::to_owned);
    let password = input.optional_text("password").map(str::to_owned);
    let token = input.optional_text("token").map(str::to_owned);
    input.finish()?;
    let active = exchange.require_session(SessionNeed::FROM_STORE).await?.clone();
    let auth = exchange.auth();
    if !auth.config.user.delete_user.enabled {
        return Err(ApiError::empty(404));
    }
    if let Some(password) = &password {
        check_password(exchange, &active.user, password).await?;
    }
    if let Some(token) = token {
        delete(exchange, &active.user, Some(&token)).await?;
    } else if auth.config.user.delete_user.send_delete_account_verification {
        mail_link(exchange, &active.user, callback_url.as_deref()).await?;
        return Ok(answer("Verification email sent"));
    } else if password.is_none() && !session::is_fresh(auth, &active.session) {
        return Err(Code::SESSION_EXPIRED.into());
    } else {
        delete(exchange, &active.user, None).await?;
    }
    Ok(answer("User deleted"))
}

/// The answer after a success.
pub(super) fn answer(message: &str) -> Response {
    Response::json(&json!({ "success": true, "message": message }))
}

/// Redeems the mailed token, if any, and deletes the user in the same transaction. Removes the cookies.
///
/// # Errors
/// `404 INVALID_TOKEN` for a token that is unknown, already used, or another user's. Another user's token stays valid.
pub(super) async fn delete(exchange: &mut Exchange, user: &User, token: Option<&str>) -> Result<(), ApiError> {
    let auth = exchange.auth();
    let unit = exchange.begin().await?;
    if let Some(token) = token {
        let user_id = verification::consume(auth, &unit, &format!("{DELETE_ACCOUNT}{token}")).await?;
        if user_id.as_deref() != Some(user.id()) {
            return Err(Code::INVALID_TOKEN.with_status(404).into());
        }
    }
    user_change::delete(auth, &unit, user.id()).await?;
    unit.commit().await?;
    exchange.forget_session();
    exchange.delete_session_cookies();
    Ok(())
}

async fn check_password(exchange: &Exchange, user: &User, given: &str) -> Result<(), ApiError> {
    let auth = exchange.auth();
    password::check_length(&auth.config.email_and_password, given)?;
    match credential::check(auth, &exchange.scope(), user.id(), given).await? {
        Check::Right(_) => Ok(()),
        Check::Wrong => Err(Code::INVALID_PASSWORD.into()),
        Check::Absent => Err(Code::CREDENTIAL_ACCOUNT_NOT_FOUND.into()),
    }
}

async fn mail_link(exchange: &mut Exchange, user: &User, callback_url: Option<&str>) -> Result<(), ApiError> {
    let auth = exchange.auth();
    let token = auth.random.string(LOWER_ALPHANUMERIC, TOKEN_LENGTH);
    let ttl_secs = auth.config.user.delete_user.delete_token_expires_in;
    let callback_url = encode_component(callback_url.filter(|url| !url.is_empty()).unwrap_or("/"));
    let base = auth.config.endpoint_base();
    let url = format!("{base}/delete-user/callback?token={token}&callbackURL={callback_url}");
    let unit = exchange.begin().await?;
    verification::create(auth, &unit, &format!("{DELETE_ACCOUNT}{token}"), user.id(), ttl_secs).await?;
    let mail = LinkMail { kind: kind::DELETE_ACCOUNT, user, url: &url, token: &token };
    exchange.queue_link(&unit, mail).await?;
    Ok(unit.commit().await?)
}
