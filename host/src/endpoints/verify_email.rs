//! `GET /verify-email`: the link in a mail; verifies an address, or changes it in two steps.
//!
//! Invariant: a link serves only its own purpose and its own user, while that user has the address that it was made
//! for. One that changes the address works once, and falls with the version of the user's credentials.

use serde_json::{Value as Json, json};

use crate::auth::email_token::{self, EmailToken, Purpose, Refusal};
use crate::auth::ownership::{self, Outcome, Proof};
use crate::auth::session::ActiveSession;
use crate::auth::{AuthError, user_change, version};
use crate::error::{ApiError, Code};
use crate::exchange::redirect::challenge_at;
use crate::exchange::session_gate::method;
use crate::exchange::{Exchange, SessionNeed, SignIn, SignInAttempt};
use crate::http::Response;
use crate::input::Input;
use crate::store::user::find_user_by_email;
use crate::store::{StoreError, User};

pub(super) struct Link {
    token: String,
    callback_url: Option<String>,
}

impl Link {
    pub(super) fn read(input: &mut Input<'_>) -> Self {
        let token = input.text("token").to_owned();
        let callback_url = input.optional_text("callbackURL").filter(|url| !url.is_empty()).map(str::to_owned);
        Self { token, callback_url }
    }
}

/// Redirects to the callback, or answers `{"status": true, "user"}`; the user is `null` unless the address was changed.
///
/// # Errors
/// `TOKEN_EXPIRED`, `INVALID_TOKEN`, `USER_NOT_FOUND`, `INVALID_USER`. With a callback, the redirect carries them.
pub async fn verify_email(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let query = exchange.request.query.to_json();
    let mut input = Input::query(&query);
    let link = Link::read(&mut input);
    input.finish()?;
    exchange.require_trusted_targets(["callbackURL"])?;
    exchange.refuse_prefetch()?;
    if let Some(page) = exchange.ask_to_confirm() {
        return Ok(page);
    }
    match follow(exchange, &link).await {
        Err(error) => exchange.refuse_at(link.callback_url.as_deref(), error),
        answered => answered,
    }
}

async fn follow(exchange: &mut Exchange, link: &Link) -> Result<Response, ApiError> {
    let token = email_token::read(exchange.auth(), &link.token).map_err(|refusal| match refusal {
        Refusal::Expired => Code::TOKEN_EXPIRED,
        Refusal::Invalid => Code::INVALID_TOKEN.with_status(401),
    })?;
    if let Purpose::UndoChange { old_email } = &token.purpose {
        return undo(exchange, link, &token, old_email).await;
    }
    let user = find_user_by_email(&exchange.scope(), &token.email).await?;
    let user = match (user, &token.user_id) {
        (Some(user), Some(id)) if user.id() == id => user,
        (Some(user), None) => user,
        (None, None) => return Err(Code::USER_NOT_FOUND.with_status(401).into()),
        (_, Some(_)) => return Err(invalid()),
    };
    if let Some(version) = &token.version
        && !version::is_current(exchange.auth(), &exchange.scope(), &user, version).await?
    {
        return Err(invalid());
    }
    match token.purpose {
        Purpose::Verify => verify(exchange, link, user).await,
        Purpose::ConfirmChange { .. } => {
            caller_of(exchange, &user).await?;
            ask_new_address(exchange, link, &token, user).await
        }
        Purpose::VerifyChange { ref new_email } => change(exchange, link, &user, new_email).await,
        Purpose::UndoChange { .. } => Err(invalid()),
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
    let own_session = exchange.session_token();
    let proof = Proof::Verification { own_session: own_session.as_deref() };
    let outcome = ownership::prove(exchange.auth(), &scope, (user.id(), user.email()), proof).await?;
    let signs_in = exchange.auth().config.email_verification.auto_sign_in_after_verification;
    // Only the first one to follow the link signs in; later ones find the address verified.
    let user = match outcome {
        Outcome::Proven(user) if signs_in => user,
        _ => return Ok(answer(link, Json::Null)),
    };
    match exchange.session_with(SessionNeed::FROM_STORE).await?.cloned() {
        Some(active) if active.user.id() == user.id() => exchange.renew_session(ActiveSession { user, ..active }),
        _ => {
            let remember = !exchange.has_brief_mark();
            let attempt = SignInAttempt::new(user, method::VERIFY_EMAIL, remember);
            if let SignIn::Challenged(challenge) = exchange.open_session(&scope, attempt).await? {
                return Ok(challenge_at(link.callback_url.as_deref(), challenge));
            }
        }
    }
    Ok(answer(link, Json::Null))
}

/// The owner of the old address confirmed, once: mail the new one next.
async fn ask_new_address(
    exchange: &mut Exchange,
    link: &Link,
    token: &EmailToken,
    user: User,
) -> Result<Response, ApiError> {
    let Purpose::ConfirmChange { new_email } = &token.purpose else { return Err(invalid()) };
    if !exchange.auth().config.sends_verification_email() {
        return Err(Code::VERIFICATION_EMAIL_NOT_ENABLED.into());
    }
    let unit = exchange.begin().await?;
    if !email_token::spend(exchange.auth(), &*unit, &link.token, &token.purpose).await? {
        return Err(invalid());
    }
    let purpose = Purpose::VerifyChange { new_email: new_email.clone() };
    exchange.queue_verification(&unit, &user, purpose, link.callback_url.as_deref()).await?;
    unit.commit().await?;
    let body = json!({ "status": true });
    Ok(link.callback_url.as_deref().map_or_else(|| Response::json(&body), Response::redirect))
}

/// The owner of the new address confirmed: the user gets it. The verified flag stays as it is and no session is opened,
/// because someone who never asked for the link may have followed it. The old address is told.
async fn change(exchange: &mut Exchange, link: &Link, user: &User, new_email: &str) -> Result<Response, ApiError> {
    let caller = caller_of(exchange, user).await?;
    let unit = exchange.begin().await?;
    let changed = user_change::change_email(exchange.auth(), &unit, user.id(), user.email(), new_email).await;
    let changed = unless_taken(changed)?.ok_or_else(invalid)?;
    exchange.tell_old_address(&unit, user, new_email).await?;
    unit.commit().await?;
    let output = changed.0.output().into();
    if let Some(active) = caller {
        exchange.renew_session(ActiveSession { user: changed, ..active });
    }
    Ok(answer(link, output))
}

/// The owner of the old address takes it back, once. Whoever is signed in is signed out.
async fn undo(exchange: &mut Exchange, link: &Link, token: &EmailToken, old_email: &str) -> Result<Response, ApiError> {
    let id = token.user_id.as_deref().unwrap_or_default();
    let unit = exchange.begin().await?;
    if !email_token::spend(exchange.auth(), &*unit, &link.token, &token.purpose).await? {
        return Err(invalid());
    }
    let taken_back = user_change::take_back_email(exchange.auth(), &unit, id, old_email).await;
    unless_taken(taken_back)?.ok_or_else(invalid)?;
    unit.commit().await?;
    exchange.forget_session();
    exchange.delete_session_cookies();
    Ok(answer(link, Json::Null))
}

/// An address that somebody else has by now leaves nothing to change.
fn unless_taken(changed: Result<Option<User>, AuthError>) -> Result<Option<User>, AuthError> {
    match changed {
        Err(AuthError::Store(StoreError::UniqueViolation { .. })) => Ok(None),
        changed => changed,
    }
}

fn invalid() -> ApiError {
    Code::INVALID_TOKEN.with_status(401).into()
}

fn answer(link: &Link, user: Json) -> Response {
    let body = json!({ "status": true, "user": user });
    link.callback_url.as_deref().map_or_else(|| Response::json(&body), Response::redirect)
}
