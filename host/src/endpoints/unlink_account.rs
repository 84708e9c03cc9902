//! `POST /unlink-account`: removes one of the caller's accounts, which are the ways to sign in.

use serde_json::json;

use crate::auth::account::{self, Unlink, Which};
use crate::error::{ApiError, Code};
use crate::exchange::Exchange;
use crate::http::Response;
use crate::input::Input;

/// Answers `{"status": true}`.
///
/// # Errors
/// `UNAUTHORIZED`, `SESSION_NOT_FRESH`, `FAILED_TO_UNLINK_LAST_ACCOUNT`, `ACCOUNT_NOT_FOUND`.
pub async fn unlink_account(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let body = exchange.request.body.clone();
    let mut input = Input::body(body.as_ref());
    // Older clients name the provider, and the account by its id there.
    let takes_provider = exchange.auth().config.account.unlink_by_provider;
    let which = read(&mut input, takes_provider);
    input.finish()?;
    let user_id = exchange.require_fresh_session().await?.user.id().to_owned();
    match account::unlink(exchange.auth(), &exchange.scope(), &user_id, which).await? {
        Unlink::Done => Ok(Response::json(&json!({ "status": true }))),
        Unlink::Last => Err(Code::FAILED_TO_UNLINK_LAST_ACCOUNT.into()),
        Unlink::Unknown => Err(Code::ACCOUNT_NOT_FOUND.into()),
    }
}

/// An account by its id, or by its provider.
pub(super) fn read<'a>(input: &mut Input<'a>, takes_provider: bool) -> Which<'a> {
    match if takes_provider { input.optional_text("providerId") } else { None } {
        Some(provider_id) => Which::At(provider_id, input.optional_text("accountId")),
        None => Which::Row(input.text("accountId")),
    }
}
