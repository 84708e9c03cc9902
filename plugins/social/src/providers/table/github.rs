//! GitHub: addresses and whether they are verified come from a second request.

use crate::providers::mapping;
use crate::providers::provider::*;
use doorward_sdk::Result;
use serde_json::Value;

const AGENT: &[(&str, &str)] = &[("user-agent", "doorward")];

pub const GITHUB: Provider = Provider {
    id: "github",
    name: "GitHub",
    authorization: Authorization {
        scopes: &["read:user", "user:email"],
        parameters: &[Parameter::request("login_hint"), Parameter::option("prompt")],
        ..Authorization::at("https://github.com/login/oauth/authorize")
    },
    token: Token::at("https://github.com/login/oauth/access_token"),
    user: User {
        id: &["id"],
        name: &[Pick::At("name"), Pick::At("login")],
        image: &[Pick::At("avatar_url")],
        visit: Some(with_emails),
        ..User::from(&[Source::Answer(Ask { headers: AGENT, ..Ask::get("https://api.github.com/user") })])
    },
    ..USUAL
};

fn with_emails(visit: &dyn Visit, mut profile: Value) -> Result<Option<Seen>> {
    let emails = visit.ask(&Ask { headers: AGENT, ..Ask::get("https://api.github.com/user/emails") })?;
    let emails = emails.as_ref().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let Some(fields) = profile.as_object_mut() else { return Ok(None) };
    let is_primary = |email: &&Value| email.get("primary") == Some(&Value::Bool(true));
    let primary = emails.iter().find(is_primary).or(emails.first()).and_then(|email| mapping::text(email, "email"));
    let email = fields.get("email").and_then(Value::as_str).filter(|email| !email.is_empty()).or(primary);
    let email = email.map(str::to_owned);
    let entry = emails.iter().find(|entry| email.is_some() && mapping::text(entry, "email") == email.as_deref());
    let is_verified = entry.and_then(|entry| entry.get("verified")) == Some(&Value::Bool(true));
    if let Some(email) = email {
        fields.insert("email".to_owned(), Value::String(email));
    }
    Ok(Some(Seen { raw: profile, email_verified: Some(is_verified) }))
}
