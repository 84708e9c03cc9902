//! `POST /verify-password`: checks whether a password is the caller's.

use serde_json::json;

use crate::auth::credential::Check;
use crate::error::{ApiError, Code};
use crate::exchange::{Exchange, SessionNeed};
use crate::http::Response;
use crate::input::Input;

/// Answers `{"status": true}`.
///
/// # Errors
/// `UNAUTHORIZED`, `PASSWORD_TOO_LONG`, `INVALID_PASSWORD`, `SERVER_BUSY`, 429 after too many wrong passwords.
pub async fn verify_password(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let mut input = Input::body(exchange.request.body.as_ref());
    let given = read(&mut input);
    input.finish()?;
    let user = exchange.require_session(SessionNeed::FROM_STORE).await?.user.clone();
    match exchange.check_password(&user, &given).await? {
        Check::Right(_) => Ok(Response::json(&json!({ "status": true }))),
        Check::Wrong | Check::Absent => Err(Code::INVALID_PASSWORD.into()),
    }
}

/// The password.
pub(super) fn read(input: &mut Input<'_>) -> String {
    input.text("password").to_owned()
}
