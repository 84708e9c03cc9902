//! `POST /change-password`: replaces the caller's password and, on request, all sessions.

use serde_json::{Value as Json, json};

use crate::auth::credential;
use crate::auth::credential::Check;
use crate::auth::password;
use crate::error::{ApiError, Code};
use crate::exchange::{Exchange, SessionNeed};
use crate::http::Response;
use crate::input::Input;
use crate::outbox::notice::{self, Notice};

/// Answers `{token, user}`; the token is that of the new session, or `null` when the sessions stay.
///
/// # Errors
/// `UNAUTHORIZED`, `PASSWORD_TOO_SHORT`, `PASSWORD_TOO_LONG`, `CREDENTIAL_ACCOUNT_NOT_FOUND`, `INVALID_PASSWORD`,
/// `SERVER_BUSY`, 429 after too many wrong passwords.
pub async fn change_password(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let mut input = Input::body(exchange.request.body.as_ref());
    let (new_password, current_password, revokes_others) = read(&mut input);
    input.finish()?;
    let user = exchange.require_session(SessionNeed::FROM_STORE).await?.user.clone();
    password::check_new(&exchange.auth().config.email_and_password, &new_password)?;
    let account = match exchange.check_password(&user, &current_password).await? {
        Check::Right(account) => account,
        Check::Wrong => return Err(Code::INVALID_PASSWORD.into()),
        Check::Absent => return Err(Code::CREDENTIAL_ACCOUNT_NOT_FOUND.into()),
    };
    let auth = exchange.auth();
    let hash = auth.passwords.hash(&new_password).await?;
    let unit = exchange.begin().await?;
    if !credential::replace(auth, &unit, &account, &hash).await? {
        // Another change was faster: the given password is no longer the current one.
        return Err(Code::INVALID_PASSWORD.into());
    }
    notice::tell(auth, &unit, &user, Notice::PasswordChanged).await?;
    let mut token = Json::Null;
    if revokes_others {
        let opened = exchange.replace_sessions(&unit, user.clone()).await?;
        token = opened.session.token().into();
    }
    unit.commit().await?;
    Ok(Response::json(&json!({ "token": token, "user": user.0.output() })))
}

/// The new password, the present one, and whether other sessions end.
pub(super) fn read(input: &mut Input<'_>) -> (String, String, bool) {
    let new_password = input.text("newPassword").to_owned();
    let current_password = input.text("currentPassword").to_owned();
    (new_password, current_password, input.optional_boolean("revokeOtherSessions").unwrap_or(false))
}
