//! Any other provider, by its discovery document or its endpoints, and some whose endpoints are known.

mod auth0;
mod gumroad;
mod hubspot;
mod keycloak;
mod microsoft_entra_id;
mod okta;
mod patreon;
mod yandex;

use crate::providers::mapping;
use crate::providers::provider::*;
use doorward_sdk::Result;
use serde_json::{Map, Value};

/// The providers of this kind that have a name.
pub const NAMED: &[Provider] = &[
    auth0::AUTH0,
    gumroad::GUMROAD,
    hubspot::HUBSPOT,
    keycloak::KEYCLOAK,
    microsoft_entra_id::MICROSOFT_ENTRA_ID,
    okta::OKTA,
    patreon::PATREON,
    yandex::YANDEX,
];

const OIDC_SCOPES: &[&str] = &["openid", "profile", "email"];
const NO_CHOICE: &str = "";

/// The settings of every entry of this kind.
const SETTINGS: &[OptionRule] = &[
    OptionRule::new("name", Kind::Text),
    OptionRule::new("discovery_url", Kind::Url),
    OptionRule::new("discovery_headers", Kind::Table),
    OptionRule::new("issuer", Kind::Url),
    OptionRule::new("require_id_token_verification", Kind::Flag),
    OptionRule::new("authorization_url", Kind::Url),
    OptionRule::new("token_url", Kind::Url),
    OptionRule::new("user_info_url", Kind::Url),
    OptionRule::new("end_session_endpoint", Kind::Url),
    OptionRule::new("post_logout_redirect_uri", Kind::Text),
    OptionRule::new("disable_provider_logout", Kind::Flag),
    OptionRule::new("response_type", Kind::Text),
    OptionRule::new("response_mode", Kind::Choice(&[("query", "query"), ("form_post", "form_post")])),
    OptionRule::new("pkce", Kind::Flag),
    OptionRule::new("access_type", Kind::Text),
    OptionRule::new("access_token_expires_in", Kind::Number),
    OptionRule::new("account_subject", Kind::Text),
    OptionRule::new("authorization_url_params", Kind::Table),
    OptionRule::new("token_url_params", Kind::Table),
    OptionRule::new("refresh_token_params", Kind::Table),
    OptionRule::new("authorization_headers", Kind::Table),
    OptionRule::new("authentication", Kind::Choice(&[("basic", NO_CHOICE), ("post", NO_CHOICE)])),
    OptionRule::new("token_endpoint_auth", Kind::Table),
    OptionRule::new("allow_idp_initiated", Kind::Flag),
    OptionRule::new("disable_id_token_nonce_binding", Kind::Flag),
];

const PARAMETERS: &[Parameter] = &[
    Parameter::request("login_hint"),
    Parameter::option("prompt"),
    Parameter::option("access_type"),
    Parameter::option("response_mode"),
];

/// What these entries have in common; the provider itself or the settings name the endpoints.
pub const GENERIC: Provider = Provider {
    generic_options: SETTINGS,
    discovery: "{discovery_url}",
    authorization: authorization("{authorization_url}"),
    token: Token::at("{token_url}"),
    user: User {
        id: &[],
        image: &[Pick::At("image")],
        email_verified: Verified::Flag("emailVerified"),
        visit: Some(as_reference),
        ..User::from(&[Source::IdToken(&["sub", "email"]), Source::Answer(Ask::get("{user_info_url}"))])
    },
    ..USUAL
};

const fn authorization(endpoint: &'static str) -> Authorization {
    Authorization {
        scope_rule: ScopeRule::OpenId,
        pkce: Pkce::Optional,
        parameters: PARAMETERS,
        ..Authorization::at(endpoint)
    }
}

/// The answer in the reference's form, which clients see in `/account-info`. The endpoint speaks of the user of the ID token,
/// or of nobody.
fn as_reference(visit: &dyn Visit, answer: Value) -> Result<Option<Seen>> {
    let Value::Object(mut answer) = answer else { return Ok(None) };
    // The one claim of OpenID Connect: another spelling is a field that users may set themselves.
    let is_verified = answer.get("email_verified") == Some(&Value::Bool(true));
    answer.shift_remove("emailVerified");
    let mut raw = Map::new();
    if visit.is_id_token() {
        raw.insert("id".to_owned(), answer.get("sub").cloned().unwrap_or_default());
        raw.insert("emailVerified".to_owned(), Value::Bool(is_verified));
        raw.extend(answer.get("picture").map(|picture| ("image".to_owned(), picture.clone())));
        raw.extend(answer);
    } else {
        if !is_same_subject(visit, &answer) {
            return Ok(None);
        }
        raw.extend(answer);
        raw.insert("emailVerified".to_owned(), Value::Bool(is_verified));
        raw.remove("image");
        if let Some(picture) = raw.get("picture").cloned() {
            raw.insert("image".to_owned(), picture);
        }
    }
    Ok(Some(Seen::new(Value::Object(raw))))
}

fn is_same_subject(visit: &dyn Visit, answer: &Map<String, Value>) -> bool {
    let Some(claimed) = visit.tokens().claims.and_then(|claims| mapping::stable_id(claims.get("sub")?)) else {
        return !visit.has_keys() || visit.tokens().claims.is_none();
    };
    match answer.get("sub").and_then(mapping::stable_id) {
        Some(subject) => subject == claimed,
        None => !visit.has_keys(),
    }
}
