//! `POST /verify-password`: checks whether a password is the caller's.

use serde_json::json;

use crate::auth::credential::{self, Check};
use crate::auth::password;
use crate::error::{ApiError, Code};
use crate::exchange::{Exchange, SessionNeed};
use crate::http::Response;
use crate::input::Input;

/// Answers `{"status": true}`.
///
/// # Errors
/// `UNAUTHORIZED`, `PASSWORD_TOO_LONG`, `INVALID_PASSWORD`, `SERVER_BUSY`.
pub async fn verify_password(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let mut input = Input::body(exchange.request.body.as_ref());
    let given = input.text("password").to_owned();
    input.finish()?;
    let user = exchange.require_session(SessionNeed::FROM_STORE).await?.user.clone();
    let auth = exchange.auth();
    password::check_length(&auth.config.email_and_password, &given)?;
    match credential::check(auth, &exchange.scope(), user.id(), &given).await? {
        Check::Right(_) => Ok(Response::json(&json!({ "status": true }))),
        Check::Wrong | Check::Absent => Err(Code::INVALID_PASSWORD.into()),
    }
}
