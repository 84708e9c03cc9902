//! `POST /reset-password`: sets a new password for the holder of the mailed token.

use serde_json::json;

use crate::auth::ownership::{self, Proof};
use crate::auth::verification::RESET_PASSWORD;
use crate::auth::version::{self, Holder};
use crate::auth::{Happening, credential, password, session, verification};
use crate::error::{ApiError, Code};
use crate::exchange::Exchange;
use crate::http::Response;
use crate::input::Input;
use crate::outbox::notice::{self, Notice};

/// Answers `{"status": true}`. Token, password and sessions change together or not at all.
///
/// # Errors
/// `INVALID_TOKEN`, `PASSWORD_TOO_SHORT`, `PASSWORD_TOO_LONG`, `USER_NOT_FOUND`, `SERVER_BUSY`.
pub async fn reset_password(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let query = exchange.request.query.to_json();
    let mut input = Input::body(exchange.request.body.as_ref());
    let (new_password, in_body) = read(&mut input);
    input.finish()?;
    let mut input = Input::query(&query);
    let in_query = read_query(&mut input);
    input.finish()?;
    let token = in_body.filter(|token| !token.is_empty()).or(in_query).unwrap_or_default();
    if token.is_empty() {
        return Err(Code::INVALID_TOKEN.into());
    }
    let identifier = format!("{RESET_PASSWORD}{token}");
    let auth = exchange.auth();
    password::check_new(&auth.config.email_and_password, &new_password)?;
    // Look first, so that an invented token costs no hash and no writer waits for a hash. Only `consume` decides.
    let stamp = verification::find(auth, &exchange.scope(), &identifier).await?.ok_or(Code::INVALID_TOKEN)?;
    if matches!(version::holder(auth, &exchange.scope(), &stamp).await?, Holder::Stale) {
        return Err(Code::INVALID_TOKEN.into());
    }
    let hash = auth.passwords.hash(&new_password).await?;
    let unit = exchange.begin().await?;
    let stamp = verification::consume(auth, &unit, &identifier).await?.ok_or(Code::INVALID_TOKEN)?;
    let user = match version::redeem(auth, &*unit, &stamp).await? {
        Holder::Current(user) => user,
        // The address or the password changed since, or another link was used.
        Holder::Stale => return Err(Code::INVALID_TOKEN.into()),
        Holder::Gone => return Err(Code::USER_NOT_FOUND.into()),
    };
    if !credential::reset(auth, &unit, user.id(), &hash).await? {
        return Err(Code::USER_NOT_FOUND.into());
    }
    if auth.config.email_and_password.revoke_sessions_on_password_reset {
        session::end_all(auth, &unit, user.id(), None).await?;
    } else {
        ownership::prove(auth, &unit, (user.id(), user.email()), Proof::NewPassword).await?;
    }
    notice::tell(auth, &unit, &user, Notice::PasswordChanged).await?;
    unit.commit().await?;
    exchange.scope().note_happening(Happening::PasswordReset, user.id());
    Ok(Response::json(&json!({ "status": true })))
}

/// The new password, and the token of the mailed link.
pub(super) fn read<'a>(input: &mut Input<'a>) -> (String, Option<&'a str>) {
    (input.text("newPassword").to_owned(), input.optional_text("token"))
}

/// The token, where the body has none.
pub(super) fn read_query<'a>(input: &mut Input<'a>) -> Option<&'a str> {
    input.optional_text("token")
}
