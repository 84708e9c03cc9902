//! `POST /change-email`: changes the caller's address, after the owners of both addresses have confirmed it.

use serde_json::json;

use crate::auth::credential::Check;
use crate::auth::email_token::Purpose;
use crate::auth::session::{self, ActiveSession};
use crate::auth::{AuthError, Scope, user_change};
use crate::email;
use crate::error::{ApiError, Code};
use crate::exchange::{Exchange, SessionNeed};
use crate::http::Response;
use crate::input::Input;
use crate::store::user::find_user_by_email;
use crate::store::{StoreError, User};

struct Change {
    new_email: String,
    callback_url: Option<String>,
}

/// Answers `{"status": true}`, even when the address is taken.
///
/// # Errors
/// `UNAUTHORIZED`, `CHANGE_EMAIL_DISABLED`, `SESSION_NOT_FRESH`, `INVALID_PASSWORD`, or `400` when the address is the same or no mail can be sent.
pub async fn change_email(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let mut input = Input::body(exchange.request.body.as_ref());
    let (new_email, callback_url, password) = read(&mut input);
    input.finish()?;
    let active = exchange.require_session(SessionNeed::FROM_STORE).await?.clone();
    let config = &exchange.auth().config;
    let options = &config.user.change_email;
    if !options.enabled {
        return Err(Code::CHANGE_EMAIL_DISABLED.into());
    }
    if new_email == active.user.email() {
        return Err(ApiError::message(400, "Email is the same"));
    }
    require_recent_proof(exchange, &active, password.as_deref()).await?;
    let config = &exchange.auth().config;
    let options = &config.user.change_email;
    let change = Change { new_email, callback_url };
    let is_verified = active.user.email_verified();
    if !is_verified && options.update_email_without_verification {
        at_once(exchange, &change, active).await?;
    } else if !config.sends_verification_email() {
        return Err(ApiError::message(400, Code::VERIFICATION_EMAIL_NOT_ENABLED.message));
    } else {
        let asks_owner = is_verified && options.send_change_email_confirmation;
        by_mail(exchange, &change, active, asks_owner).await?;
    }
    Ok(Response::json(&json!({ "status": true })))
}

/// The new address, where to go then, and the password.
pub(super) fn read(input: &mut Input<'_>) -> (String, Option<String>, Option<String>) {
    let new_email = email::normalize(input.email("newEmail"));
    let callback_url = input.optional_text("callbackURL").map(str::to_owned);
    (new_email, callback_url, input.optional_text("password").map(str::to_owned))
}

/// A session that was left open is not enough: it is fresh, or the password comes with the request.
async fn require_recent_proof(
    exchange: &mut Exchange,
    active: &ActiveSession,
    password: Option<&str>,
) -> Result<(), ApiError> {
    let auth = exchange.auth();
    if !auth.config.user.change_email.require_fresh_session || session::is_fresh(auth, &active.session) {
        return Ok(());
    }
    match password {
        None => Err(Code::SESSION_NOT_FRESH.into()),
        Some(password) => match exchange.check_password(&active.user, password).await? {
            Check::Right(_) => Ok(()),
            Check::Wrong | Check::Absent => Err(Code::INVALID_PASSWORD.into()),
        },
    }
}

/// The current e-mail was never verified: change it now and send a verification mail to the new one.
async fn at_once(exchange: &mut Exchange, change: &Change, active: ActiveSession) -> Result<(), ApiError> {
    let unit = exchange.begin().await?;
    let changed = change_in(exchange, &unit, change, &active).await?;
    let Some(user) = changed else { return unit.rollback().await.map_err(ApiError::from) };
    if exchange.auth().config.sends_verification_email() {
        let callback_url = change.callback_url.as_deref();
        exchange.queue_verification(&unit, &user, Purpose::Verify, callback_url).await?;
    }
    unit.commit().await?;
    exchange.renew_session(ActiveSession { user, ..active });
    Ok(())
}

/// The user with the new address; `None` when it is taken.
async fn change_in(
    exchange: &Exchange,
    scope: &Scope,
    change: &Change,
    active: &ActiveSession,
) -> Result<Option<User>, ApiError> {
    let (id, old) = (active.user.id(), active.user.email());
    match user_change::change_email(exchange.auth(), scope, id, old, &change.new_email).await {
        Err(AuthError::Store(StoreError::UniqueViolation { .. })) => Ok(None),
        changed => Ok(changed?),
    }
}

async fn by_mail(
    exchange: &mut Exchange,
    change: &Change,
    active: ActiveSession,
    asks_owner: bool,
) -> Result<(), ApiError> {
    let unit = exchange.begin().await?;
    let new_email = change.new_email.clone();
    if find_user_by_email(&*unit, &new_email).await?.is_some() {
        exchange.queue_decoy(&unit).await?;
    } else {
        let purpose =
            if asks_owner { Purpose::ConfirmChange { new_email } } else { Purpose::VerifyChange { new_email } };
        exchange.queue_verification(&unit, &active.user, purpose, change.callback_url.as_deref()).await?;
    }
    Ok(unit.commit().await?)
}
