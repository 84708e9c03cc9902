//! Function `set-password`: sets the first password of a user. For an application's own backend, not for browsers.

use serde_json::json;

use crate::auth::credential;
use crate::auth::password;
use crate::auth::user::create_credential;
use crate::error::{ApiError, Code};
use crate::exchange::{Exchange, SessionNeed};
use crate::http::Response;
use crate::input::Input;
use crate::outbox::notice::{self, Notice};
use crate::store::Account;
use crate::store::account::find_credential_account;
use crate::store::user::lock_user;

/// Answers `{"status": true}`. The given headers carry the user's session.
///
/// # Errors
/// `VALIDATION_ERROR`, `UNAUTHORIZED`, `PASSWORD_TOO_SHORT`, `PASSWORD_TOO_LONG`, `PASSWORD_ALREADY_SET`, `SERVER_BUSY`.
pub async fn set_password(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let mut input = Input::body(exchange.request.body.as_ref());
    let password = read(&mut input);
    input.finish()?;
    let user = exchange.require_session(SessionNeed::FROM_STORE).await?.user.clone();
    let user_id = user.id();
    let auth = exchange.auth();
    password::check_new(&auth.config.email_and_password, &password)?;
    let hash = auth.passwords.hash(&password).await?;
    let unit = exchange.begin().await?;
    // Of several calls at once, only one finds no password.
    lock_user(&*unit, user_id).await?;
    match find_credential_account(&*unit, user_id).await? {
        None => _ = create_credential(auth, &unit, user_id, &hash).await?,
        Some(account) if Account::password(&account).is_none() => {
            _ = credential::replace(auth, &unit, &account, &hash).await?;
        }
        Some(_) => return Err(Code::PASSWORD_ALREADY_SET.into()),
    }
    notice::tell(auth, &unit, &user, Notice::PasswordChanged).await?;
    unit.commit().await?;
    Ok(Response::json(&json!({ "status": true })))
}

/// The password.
pub(super) fn read(input: &mut Input<'_>) -> String {
    input.text("newPassword").to_owned()
}
