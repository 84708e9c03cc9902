//! `GET` and `POST /account-info`: what the provider says about the user behind an account, asked anew.

use crate::errors;
use crate::options;
use crate::providers;
use crate::selection::Selection;
use crate::tokens;
use doorward_sdk::prelude::*;

pub const REFUSALS: &[ErrorCode] = &[
    errors::ACCOUNT_NOT_FOUND,
    errors::PROVIDER_NOT_CONFIGURED,
    errors::NO_VALID_TOKEN,
    errors::ACCESS_NOT_FOUND,
    errors::NO_USER_INFO,
];

pub fn account_info(request: &Request, (): ()) -> Result<Response> {
    let selection = match request.method().as_str() {
        "GET" => Selection::read("query", Some(&request.query_values()))?,
        // Older clients post it.
        _ => Selection::read("body", request.body().as_ref())?,
    };
    let selection = selection.or_id_at_provider();
    let selected = selection.account(|_| errors::PROVIDER_NOT_CONFIGURED.into())?;
    let account = selected.account;
    let client = options::client(account.provider_id())?.ok_or(errors::PROVIDER_NOT_CONFIGURED)?;
    let valid = tokens::valid(&client, &account)?;
    if valid.access_token.is_empty() {
        return Err(errors::ACCESS_NOT_FOUND.into());
    }
    let claims = match valid.answer.get("idToken").and_then(Value::as_str) {
        Some(token) => Some(client.claims_of_account(token)?.ok_or(errors::NO_USER_INFO)?),
        None => None,
    };
    let asked = providers::Tokens {
        access_token: Some(&valid.access_token),
        claims: claims.as_ref(),
        answer: None,
        form_user: None,
    };
    let profile = client.user_info(&asked)?.ok_or(errors::NO_USER_INFO)?;
    let mut user = profile.extra.clone();
    user.insert("email".to_owned(), profile.email.into());
    user.insert("emailVerified".to_owned(), profile.email_verified.into());
    user.extend(profile.image.map(|image| ("image".to_owned(), image.into())));
    user.extend(profile.name.map(|name| ("name".to_owned(), name.into())));
    let row = json!({ "id": account.id(), "providerId": account.provider_id(), "accountId": account.account_id() });
    Response::json(&json!({ "user": user, "data": profile.raw, "account": row }))
}
