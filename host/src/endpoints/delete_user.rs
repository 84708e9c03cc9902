//! `POST /delete-user`: deletes the caller, who proves it by password, by a fresh session, or by a token from a mail.

use serde_json::{Map, Value as Json, json};

use crate::auth::credential::Check;
use crate::auth::verification::DELETE_ACCOUNT;
use crate::auth::version::{self, Holder};
use crate::auth::{session, user_change, verification};
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
/// `INVALID_PASSWORD`, `INVALID_TOKEN`, `SESSION_EXPIRED`, `SERVER_BUSY`, 429 after too many wrong passwords.
pub async fn delete_user(exchange: &mut Exchange) -> Result<Response, ApiError> {
    // Older clients send no body.
    let none = Json::Object(Map::new());
    let mut input = Input::body(exchange.request.body.as_ref().or(Some(&none)));
    let [callback_url, password, token] = read(&mut input);
    input.finish()?;
    let active = exchange.require_session(SessionNeed::FROM_STORE).await?.clone();
    if !exchange.auth().config.user.delete_user.enabled {
        return Err(ApiError::empty(404));
    }
    if let Some(password) = &password {
        check_password(exchange, &active.user, password).await?;
    }
    let auth = exchange.auth();
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

/// Where to go then, the password, and the token of a mailed link.
pub(super) fn read(input: &mut Input<'_>) -> [Option<String>; 3] {
    ["callbackURL", "password", "token"].map(|name| input.optional_text(name).map(str::to_owned))
}

/// The answer after a success.
pub(super) fn answer(message: &str) -> Response {
    Response::json(&json!({ "success": true, "message": message }))
}

/// Redeems the mailed token, if any, and deletes the user in the same transaction. Removes the cookies.
///
/// # Errors
/// `404 INVALID_TOKEN` for a token that is unknown, already used, another user's, or from before the credentials changed. Another
/// user's token stays valid.
pub(super) async fn delete(exchange: &mut Exchange, user: &User, token: Option<&str>) -> Result<(), ApiError> {
    let auth = exchange.auth();
    let unit = exchange.begin().await?;
    if let Some(token) = token {
        let stamp = verification::consume(auth, &unit, &format!("{DELETE_ACCOUNT}{token}")).await?;
        let holder = version::redeem(auth, &*unit, &stamp.unwrap_or_default()).await?;
        if !matches!(holder, Holder::Current(holder) if holder.id() == user.id()) {
            return Err(Code::INVALID_TOKEN.with_status(404).into());
        }
    }
    user_change::delete(auth, &unit, user.id()).await?;
    unit.commit().await?;
    exchange.forget_session();
    exchange.delete_session_cookies();
    Ok(())
}

async fn check_password(exchange: &mut Exchange, user: &User, given: &str) -> Result<(), ApiError> {
    match exchange.check_password(user, given).await? {
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
    let stamp = version::stamp(auth, &*unit, user).await?;
    verification::create(auth, &unit, &format!("{DELETE_ACCOUNT}{token}"), &stamp, ttl_secs).await?;
    let mail = LinkMail { kind: kind::DELETE_ACCOUNT, user, url: &url, token: &token };
    exchange.queue_link(&unit, mail).await?;
    Ok(unit.commit().await?)
}
