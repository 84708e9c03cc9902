//! `POST /unlink-account`: removes one of the caller's accounts, which are the ways to sign in.

use serde_json::json;

use crate::auth::account::{self, Unlink};
use crate::error::{ApiError, Code};
use crate::exchange::Exchange;
use crate::http::Response;
use crate::input::Input;

/// Answers `{"status": true}`.
///
/// # Errors
/// `UNAUTHORIZED`, `SESSION_NOT_FRESH`, `FAILED_TO_UNLINK_LAST_ACCOUNT`, `ACCOUNT_NOT_FOUND`.
pub async fn unlink_account(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let mut input = Input::body(exchange.request.body.as_ref());
    let account_id = input.text("accountId").to_owned();
    input.finish()?;
    let user_id = exchange.require_fresh_session().await?.user.id().to_owned();
    match account::unlink(exchange.auth(), &exchange.scope(), &user_id, &account_id).await? {
        Unlink::Done => Ok(Response::json(&json!({ "status": true }))),
        Unlink::Last => Err(Code::FAILED_TO_UNLINK_LAST_ACCOUNT.into()),
        Unlink::Unknown => Err(Code::ACCOUNT_NOT_FOUND.into()),
    }
}
