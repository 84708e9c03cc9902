//! `GET /delete-user/callback`: the link in the mail; deletes the caller.

use super::delete_user::{answer, delete};
use crate::error::{ApiError, Code};
use crate::exchange::{Exchange, SessionNeed};
use crate::http::Response;
use crate::input::Input;

/// Redirects to the callback, or answers `{"success": true, "message"}`.
///
/// # Errors
/// `NOT_FOUND` when it is switched off, `INVALID_CALLBACK_URL`, `FAILED_TO_GET_USER_INFO` without a session,
/// `404 INVALID_TOKEN`.
pub async fn delete_user_callback(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let query = exchange.request.query.to_json();
    let mut input = Input::query(&query);
    let (token, callback_url) = read(&mut input);
    input.finish()?;
    exchange.require_trusted_targets(["callbackURL"])?;
    exchange.refuse_prefetch()?;
    if let Some(page) = exchange.ask_to_confirm() {
        return Ok(page);
    }
    if !exchange.auth().config.user.delete_user.enabled {
        return Err(Code::NOT_FOUND.into());
    }
    let active = exchange.session_with(SessionNeed::FROM_STORE).await?;
    let user = active.ok_or(Code::FAILED_TO_GET_USER_INFO)?.user.clone();
    delete(exchange, &user, Some(token)).await?;
    Ok(callback_url.map_or_else(|| answer("User deleted"), Response::redirect))
}

/// The token of the link, and where to go then.
pub(super) fn read<'a>(input: &mut Input<'a>) -> (&'a str, Option<&'a str>) {
    (input.text("token"), input.optional_text("callbackURL").filter(|url| !url.is_empty()))
}
