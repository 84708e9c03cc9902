//! `GET /verify-email`: the link in a mail; verifies an address, or changes it in two steps.
//!
//! Invariant: a link serves only its own purpose and its own user, while that user has the address that it was made
//! for.

use serde_json::{Value as Json, json};

use crate::auth::email_token::{self, EmailToken, Purpose, Refusal};
use crate::auth::session::ActiveSession;
use crate::auth::{AuthError, user_change};
use crate::error::{ApiError, Code};
use crate::exchange::redirect::{challenge_at, refuse_at};
use crate::exchange::{Exchange, SessionNeed, SignIn, SignInAttempt};
use crate::http::Response;
use crate::input::Input;
use crate::store::user::find_user_by_email;
use crate::store::{StoreError, User};

struct Link {
    token: String,
    callback_url: Option<String>,
}

/// Redirects to the callback, or answers `{"status": true, "user"}`; the user is `null` unless the address was changed.
///
/// # Errors
/// `TOKEN_EXPIRED`, `INVALID_TOKEN`, `USER_NOT_FOUND`, `INVALID_USER`. With a callback, the redirect carries them.
pub async fn verify_email(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let query = exchange.request.query.to_json();
    let mut input = Input::query(&query);
    let token = input.text("token").to_owned();
    let callback_url = input.optional_text("callbackURL").filter(|url| !url.is_empty()).map(str::to_owned);
    input.finish()?;
    exchange.require_trusted_targets(["callbackURL"])?;
    exchange.refuse_prefetch()?;
    if let Some(page) = exchange.ask_to_confirm() {
        return Ok(page);
    }
    let link = Link { token, callback_url };
    match follow(exchange, &link).await {
        Err(error) => refuse_at(link.callback_url.as_deref(), error),
        answered => answered,
    }
}

async fn follow(exchange: &mut Exchange, link: &Link) -> Result<Response, ApiError> {
    let token = email_token::read(exchange.auth(), &link.token).map_err(|refusal| match refusal {
        Refusal::Expired => Code::TOKEN_EXPIRED,
        Refusal::Invalid => Code::INVALID_TOKEN.with_status(401),
    })?;
    let user = find_user_by_email(&exchange.scope(), &token.email).await?;
    let user = match (user, &token.user_id) {
        (Some(user), Some(id)) if user.id() == id => user,
        (Some(user), None) => user,
        (None, None) => return Err(Code::USER_NOT_FOUND.with_status(401).into()),
        (_, Some(_)) => return Err(Code::INVALID_TOKEN.with_status(401).into()),
    };
    match token.purpose {
        Purpose::Verify => verify(exchange, link, user).await,
        Purpose::ConfirmChange { new_email } => {
            caller_of(exchange, &user).await?;
            ask_new_address(exchange, link, user, new_email).await
        }
        Purpose::VerifyChange { ref new_email } => change(exchange, link, &token, &user, new_email).await,
    }
}

/// The session of the browser that follows a link of `user`. A session of another user is an error.
async fn caller_of(exchange: &mut Exchange, user: &User) -> Result<Option<ActiveSession>, ApiError> {
    match exchange.session_with(SessionNeed::FROM_STORE).await? {
        Some(active) if active.user.id() != user.id() => Err(Code::INVALID_USER.into()),
        active => Ok(active.cloned()),
    }
}

async fn verify(exchange: &mut Exchange, link: &Link, user: User) -> Result<Response, ApiError> {
    let scope = exchange.scope();
    let verified = user_change::verify_email(exchange.auth(), &scope, user.id(), user.email()).await?;
    let signs_in = exchange.auth().config.email_verification.auto_sign_in_after_verification;
    // Only the first one to follow the link signs in; later ones find the address verified.
    let Some(user) = verified.filter(|_| signs_in) else { return Ok(answer(link, Json::Null)) };
    match exchange.session_with(SessionNeed::FROM_STORE).await?.cloned() {
        Some(active) if active.user.id() == user.id() => exchange.renew_session(ActiveSession { user, ..active }),
        _ => {
            let remember = !exchange.has_brief_mark();
            let attempt = SignInAttempt::new(user, "verify-email", remember);
            if let SignIn::Challenged(challenge) = exchange.open_session(&scope, attempt).await? {
                return Ok(challenge_at(link.callback_url.as_deref(), challenge));
            }
        }
    }
    Ok(answer(link, Json::Null))
}

/// The owner of the old address confirmed: mail the new one next.
async fn ask_new_address(
    exchange: &mut Exchange,
    link: &Link,
    user: User,
    new_email: String,
) -> Result<Response, ApiError> {
    if !exchange.auth().config.sends_verification_email() {
        return Err(Code::VERIFICATION_EMAIL_NOT_ENABLED.into());
    }
    let scope = exchange.scope();
    let purpose = Purpose::VerifyChange { new_email };
    exchange.queue_verification(&scope, &user, purpose, link.callback_url.as_deref()).await?;
    let body = json!({ "status": true });
    Ok(link.callback_url.as_deref().map_or_else(|| Response::json(&body), Response::redirect))
}

/// The owner of the new address confirmed: the user gets it. The verified flag stays as it is and no session is opened,
/// because someone who never asked for the link may have followed it.
async fn change(
    exchange: &mut Exchange,
    link: &Link,
    token: &EmailToken,
    user: &User,
    new_email: &str,
) -> Result<Response, ApiError> {
    let caller = caller_of(exchange, user).await?;
    let auth = exchange.auth();
    let changed = match user_change::change_email(auth, &exchange.scope(), user.id(), &token.email, new_email).await {
        Err(AuthError::Store(StoreError::UniqueViolation { .. })) => None,
        changed => changed?,
    };
    let Some(changed) = changed else { return Err(Code::INVALID_TOKEN.with_status(401).into()) };
    let output = changed.0.output().into();
    if let Some(active) = caller {
        exchange.renew_session(ActiveSession { user: changed, ..active });
    }
    Ok(answer(link, output))
}

fn answer(link: &Link, user: Json) -> Response {
    let body = json!({ "status": true, "user": user });
    link.callback_url.as_deref().map_or_else(|| Response::json(&body), Response::redirect)
}
