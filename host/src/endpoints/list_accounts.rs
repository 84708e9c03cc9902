//! `GET /list-accounts`: the caller's accounts, which are the ways to sign in.

use serde_json::Value as Json;

use crate::error::ApiError;
use crate::exchange::{Exchange, SessionNeed};
use crate::http::Response;
use crate::store::Account;
use crate::store::account::list_accounts as find_accounts;

/// Answers an array, oldest first: each account without its secrets, its scopes as a list.
///
/// # Errors
/// `UNAUTHORIZED`.
pub async fn list_accounts(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let user_id = exchange.require_session(SessionNeed::FROM_STORE).await?.user.id().to_owned();
    let accounts = find_accounts(&exchange.scope(), &user_id).await?;
    Ok(Response::json(&accounts.iter().map(output).collect()))
}

fn output(account: &Account) -> Json {
    let mut output = account.0.output();
    output.shift_remove("scope");
    let scopes = account.scope().split(',').filter(|scope| !scope.is_empty());
    output.insert("scopes".into(), scopes.collect());
    output.into()
}
