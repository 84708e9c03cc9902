//! `POST /get-access-token` and `POST /refresh-token`: the tokens of an account, refreshed at its provider.

use crate::errors;
use crate::options;
use crate::providers::Client;
use crate::selection::{Selected, Selection};
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
    let (selected, client) = selected(request)?;
    Response::json(&valid(&client, &selected.account)?.answer)
}

/// The account's access token, refreshed when it is over.
///
/// # Errors
/// `FAILED_TO_GET_ACCESS_TOKEN` when the provider does not refresh it.
pub fn valid(client: &Client, account: &Account) -> Result<Valid> {
    let text = |name: &str| account.text(name).map(str::to_owned);
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
    answer.insert("scopes".to_owned(), scopes(account.text("scope").unwrap_or_default()).into());
    if let Some(token) = refreshed.id_token.or_else(|| text("idToken")) {
        answer.insert("idToken".to_owned(), token.into());
    }
    Ok(Valid { access_token, answer })
}

pub fn refresh_token(request: &Request, (): ()) -> Result<Response> {
    let (selected, client) = selected(request)?;
    let account = &selected.account;
    let provider_id = account.provider_id();
    if !client.provider.token.is_refreshable {
        let message = format!("Provider {provider_id} does not support token refreshing.");
        return Err(Error::new(400, "TOKEN_REFRESH_NOT_SUPPORTED", message));
    }
    let token = account.text("refreshToken").filter(|token| !token.is_empty()).ok_or(errors::REFRESH_NOT_FOUND)?;
    let tokens = client.refresh(token).ok_or(errors::REFRESH_FAILED)?;
    store(account, &tokens)?;
    if selected.is_from_cookie {
        accounts::remember(account)?;
    }
    let mut answer = Map::new();
    let mut tell = |name: &str, value: Option<Value>| answer.extend(value.map(|value| (name.to_owned(), value)));
    let old = |name: &str| account.get(name).cloned();
    tell("accessToken", tokens.access_token.map(Value::from));
    tell("refreshToken", Some(tokens.refresh_token.unwrap_or_else(|| token.to_owned()).into()));
    tell("accessTokenExpiresAt", tokens.access_token_expires_at.map(Value::from));
    tell(
        "refreshTokenExpiresAt",
        tokens.refresh_token_expires_at.map(Value::from).or_else(|| old("refreshTokenExpiresAt")),
    );
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

/// The scopes in the field of an account.
pub fn scopes(stored: &str) -> Vec<String> {
    stored.split(',').map(str::trim).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}

/// The account that a request is about, and the client of its provider.
fn selected(request: &Request) -> Result<(Selected, Client)> {
    let selection = Selection::read("body", request.body().as_ref())?;
    let selected = selection.account(errors::not_supported)?;
    let provider_id = selected.account.provider_id();
    let client = options::client(provider_id)?.ok_or_else(|| errors::not_supported(provider_id))?;
    Ok((selected, client))
}

#[cfg(test)]
mod tests {
    use crate::plugin;
    use crate::testing::{url, world};
    use doorward_sdk::fake::{self, RawRequest};
    use doorward_sdk::prelude::*;

    fn signed_in() {
        let provider = world(json!({}), json!({}));
        provider.sign_in(json!({}));
        let user = users::find_by_email("ada@example.com").expect("store").expect("user");
        fake::sign_in(&user);
    }

    fn ask(path: &str, body: Value) -> Result<Value, (u16, Option<String>)> {
        let answer = RawRequest::post(path, &body).send(&plugin());
        answer.map(|answer| fake::body(&answer)).map_err(|error| {
            let refusal = error.refusal();
            (refusal.status, refusal.code)
        })
    }

    #[test]
    fn a_token_that_is_over_is_refreshed_and_the_old_refresh_token_stays_when_no_new_one_comes() {
        signed_in();
        let account = json!({ "accountId": "account-1" });
        assert_eq!(ask("/get-access-token", account.clone()).expect("token")["accessToken"], json!("at-1"));
        fake::with(|world| world.now_millis += 3_599_000);
        fake::answer_http(&url("/token"), 200, r#"{"access_token":"at-2","expires_in":"60"}"#);
        let answer = ask("/get-access-token", account.clone()).expect("token");
        assert_eq!((&answer["accessToken"], &answer["scopes"]), (&json!("at-2"), &json!(["openid", "email"])));
        assert_eq!(fake::with(|world| world.accounts[0]["refreshToken"].clone()), json!("rt-1"));
        let answer = ask("/refresh-token", account.clone()).expect("token");
        assert_eq!((&answer["refreshToken"], &answer["accountId"]), (&json!("rt-1"), &json!("account-1")));
        for body in [r#"{"error":"invalid_grant"}"#, r#"{"expires_in":60}"#, "text"] {
            fake::answer_http(&url("/token"), 200, body);
            let code = Some("FAILED_TO_REFRESH_ACCESS_TOKEN".to_owned());
            assert_eq!(ask("/refresh-token", account.clone()), Err((400, code)), "{body}");
        }
        assert!(fake::with(|world| world.log.iter().all(|line| !line.contains("hush") && !line.contains("rt-1"))));
    }

    #[test]
    fn older_clients_name_the_provider_and_the_id_there() {
        signed_in();
        let at_provider = fake::with(|world| world.accounts[0]["accountId"].clone());
        let provider = fake::with(|world| world.accounts[0]["providerId"].clone());
        for path in ["/get-access-token", "/refresh-token"] {
            fake::answer_http(&url("/token"), 200, r#"{"access_token":"at-1","expires_in":"3600"}"#);
            for body in [
                json!({ "providerId": provider }),
                json!({ "providerId": provider, "accountId": at_provider }),
                json!({ "providerId": provider, "accountId": "account-1" }),
            ] {
                assert_eq!(ask(path, body.clone()).expect("token")["accessToken"], json!("at-1"), "{path} {body}");
            }
            for body in [json!({ "providerId": "none" }), json!({ "providerId": provider, "accountId": "another" })] {
                assert_eq!(ask(path, body), Err((400, Some("ACCOUNT_NOT_FOUND".to_owned()))));
            }
            for body in [json!({ "providerId": 1 }), json!({ "providerId": provider, "useAccountCookie": true })] {
                assert_eq!(ask(path, body), Err((400, Some("VALIDATION_ERROR".to_owned()))));
            }
        }
        // An id at the provider alone is no account of `get-access-token`, and one of `account-info`.
        let alone = json!({ "accountId": at_provider });
        assert_eq!(ask("/get-access-token", alone.clone()), Err((400, Some("ACCOUNT_NOT_FOUND".to_owned()))));
        assert_ne!(ask("/account-info", alone), Err((400, Some("ACCOUNT_NOT_FOUND".to_owned()))));
        let unknown = json!({ "accountId": "another" });
        assert_eq!(ask("/account-info", unknown), Err((400, Some("ACCOUNT_NOT_FOUND".to_owned()))));
    }

    #[test]
    fn tokens_are_for_their_owner_alone() {
        signed_in();
        let account = json!({ "accountId": "account-1" });
        let bob = users::create(&json!({ "email": "bob@example.com" })).expect("user");
        fake::sign_in(&bob);
        for path in ["/get-access-token", "/refresh-token"] {
            assert_eq!(ask(path, account.clone()), Err((400, Some("ACCOUNT_NOT_FOUND".to_owned()))));
            let both = json!({ "accountId": "account-1", "useAccountCookie": true });
            for body in [json!({}), both, json!({ "accountId": 1 }), json!({ "useAccountCookie": false }), json!([])] {
                assert_eq!(ask(path, body.clone()), Err((400, Some("VALIDATION_ERROR".to_owned()))), "{body}");
            }
            // The browser remembers an account of somebody else.
            let cookie = json!({ "useAccountCookie": true });
            assert_eq!(ask(path, cookie), Err((400, Some("ACCOUNT_NOT_FOUND".to_owned()))));
        }
        fake::with(|world| world.session = None);
        assert_eq!(ask("/get-access-token", account), Err((401, None)));
    }
}
