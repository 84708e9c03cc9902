//! One tenant of Microsoft Entra ID by OpenID Connect, its ID tokens verified.

use super::{GENERIC, OIDC_SCOPES, authorization};
use crate::providers::mapping;
use crate::providers::provider::*;
use doorward_sdk::Result;
use serde_json::{Map, Value};

pub const MICROSOFT_ENTRA_ID: Provider = Provider {
    id: "microsoft-entra-id",
    name: "microsoft-entra-id",
    options: &[OptionRule::new("tenant_id", Kind::Uuid).required()],
    discovery: "https://login.microsoftonline.com/{tenant_id}/v2.0/.well-known/openid-configuration",
    authorization: Authorization {
        scopes: OIDC_SCOPES,
        ..authorization("https://login.microsoftonline.com/{tenant_id}/oauth2/v2.0/authorize")
    },
    token: Token::at("https://login.microsoftonline.com/{tenant_id}/oauth2/v2.0/token"),
    requires_keys: true,
    user: User {
        id: &["oid"],
        name: &[
            Pick::At("name"),
            Pick::Words(&["given_name", "family_name"]),
            Pick::Words(&["givenname", "familyname"]),
        ],
        email_verified: Verified::Flag("email_verified"),
        placeholder: Some("microsoft-entra-id"),
        visit: Some(with_user_info),
        ..User::from(&[Source::IdToken(&["oid"])])
    },
    hosts: &["graph.microsoft.com"],
    ..GENERIC
};

/// The endpoint knows the names and addresses that the token leaves out; the token's word comes first.
fn with_user_info(visit: &dyn Visit, claims: Value) -> Result<Option<Seen>> {
    let Value::Object(claims) = claims else { return Ok(None) };
    let asked = match visit.tokens().access_token {
        Some(_) => visit.ask(&Ask::get("https://graph.microsoft.com/oidc/userinfo"))?,
        None => None,
    };
    let is_same = |answer: &Value| answer.get("sub").is_some() && answer.get("sub") == claims.get("sub");
    let mut raw = match asked.filter(is_same) {
        Some(Value::Object(answer)) => answer,
        _ => Map::new(),
    };
    // Whether an address is verified is said by who says the address.
    if claims.get("email").is_some_and(|email| !email.is_null()) {
        raw.remove("email_verified");
    }
    raw.extend(claims);
    let raw = Value::Object(raw);
    let email_verified = mapping::text(&raw, "email").is_none().then_some(false);
    Ok(Some(Seen { raw, email_verified }))
}
