//! `POST /get-access-token` and `POST /refresh-token`: the tokens of an account, refreshed at its provider.

use crate::errors;
use crate::options;
use crate::providers::Client;
use crate::selection::Selection;
use crate::token_endpoint::Tokens;
use doorward_sdk::accounts::Account;
use doorward_sdk::prelude::*;

/// A token that ends sooner is refreshed first.
const MARGIN_MILLIS: u64 = 5000;

/// What an application may use.
pub struct Valid {
    pub access_token: String,
    pub answer: Map<String, Value>,
}

pub fn get_access_token(request: &Request, (): ()) -> Result<Response> {
    let selection = Selection::read("body", request.body().as_ref())?;
    let selected = selection.account(errors::not_supported)?;
    let provider_id = selected.account.provider_id();
    let client = options::client(provider_id)?.ok_or_else(|| errors::not_supported(provider_id))?;
    Response::json(&valid(&client, &selected.account)?.answer)
}

/// The account's access token, refreshed when it is over.
///
/// # Errors
/// `FAILED_TO_GET_ACCESS_TOKEN` when the provider does not refresh it.
pub fn valid(client: &Client, account: &Account) -> Result<Valid> {
    let text = |name: &str| account.get(name).and_then(Value::as_str).map(str::to_owned);
    let soon = clock::iso_text(clock::now_millis() + MARGIN_MILLIS);
    let is_over = text("accessTokenExpiresAt").is_some_and(|ends| ends < soon);
    let refreshed = match text("refreshToken").filter(|token| !token.is_empty()) {
        Some(token) if is_over && client.provider.token.is_refreshable => {
            let tokens = client.refresh(&token).ok_or(errors::NO_VALID_TOKEN)?;
            store(account, &tokens)?;
            accounts::remember(account)?;
            tokens
        }
        _ => Tokens::default(),
    };
    let access_token = refreshed.access_token.or_else(|| text("accessToken")).unwrap_or_default();
    let mut answer = Map::new();
    answer.insert("accessToken".to_owned(), access_token.clone().into());
    if let Some(ends) = refreshed.access_token_expires_at.or_else(|| text("accessTokenExpiresAt")) {
        answer.insert("accessTokenExpiresAt".to_owned(), ends.into());
    }
    answer.insert("scopes".to_owned(), scopes(account).into());
    if let Some(token) = refreshed.id_token.or_else(|| text("idToken")) {
        answer.insert("idToken".to_owned(), token.into());
    }
    Ok(Valid { access_token, answer })
}

pub fn refresh_token(request: &Request, (): ()) -> Result<Response> {
    let selection = Selection::read("body", request.body().as_ref())?;
    let selected = selection.account(errors::not_supported)?;
    let account = &selected.account;
    let provider_id = account.provider_id();
    let client = options::client(provider_id)?.ok_or_else(|| errors::not_supported(provider_id))?;
    if !client.provider.token.is_refreshable {
        let message = format!("Provider {provider_id} does not support token refreshing.");
        return Err(Error::new(400, "TOKEN_REFRESH_NOT_SUPPORTED", message));
    }
    let text = |name: &str| account.get(name).and_then(Value::as_str).map(str::to_owned);
    let token = text("refreshToken").filter(|token| !token.is_empty()).ok_or(errors::REFRESH_NOT_FOUND)?;
    let tokens = client.refresh(&token).ok_or(errors::REFRESH_FAILED)?;
    store(account, &tokens)?;
    if selected.is_from_cookie {
        accounts::remember(account)?;
    }
    let mut answer = Map::new();
    let mut tell = |name: &str, value: Option<Value>| answer.extend(value.map(|value| (name.to_owned(), value)));
    let old = |name: &str| account.get(name).cloned();
    tell("accessToken", tokens.access_token.map(Value::from));
    tell("refreshToken", Some(tokens.refresh_token.unwrap_or(token).into()));
    tell("accessTokenExpiresAt", tokens.access_token_expires_at.map(Value::from));
    tell("refreshTokenExpiresAt", tokens.refresh_token_expires_at.map(Value::from).or_else(|| old("refreshTokenExpiresAt")));
    tell("scope", old("scope"));
    tell("idToken", tokens.id_token.map(Value::from).or_else(|| old("idToken")));
    tell("providerId", Some(provider_id.into()));
    tell("accountId", Some(account.id().into()));
    Response::json(&answer)
}

/// Stores what the provider gave; what it left out stays.
fn store(account: &Account, tokens: &Tokens) -> Result<()> {
    accounts::update(account.id(), &tokens.fields().into()).map(|_| ())
}

fn scopes(account: &Account) -> Vec<String> {
    let stored = account.get("scope").and_then(Value::as_str).unwrap_or_default();
    stored.split(',').map(str::trim).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}
