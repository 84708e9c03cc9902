//! GitHub: addresses and whether they are verified come from a second request.

use crate::providers::mapping;
use crate::providers::provider::*;
use crate::providers::user_info::Visit;
use doorward_sdk::Result;
use serde_json::Value;

const AGENT: &[(&str, &str)] = &[("user-agent", "doorward")];

pub const GITHUB: Provider = Provider {
    id: "github",
    name: "GitHub",
    authorization: Authorization {
        scopes: &["read:user", "user:email"],
        parameters: &[
            Parameter::new("login_hint", From::Request("login_hint")),
            Parameter::new("prompt", From::Option("prompt")),
        ],
        ..Authorization::at("https://github.com/login/oauth/authorize")
    },
    token: Token::at("https://github.com/login/oauth/access_token"),
    user: User {
        id: &["id"],
        name: &[Pick::At("name"), Pick::At("login")],
        image: &[Pick::At("avatar_url")],
        email_verified: Verified::Flag("email_verified"),
        visit: Some(with_emails),
        ..User::from(&[Source::Answer(Ask { headers: AGENT, ..Ask::get("https://api.github.com/user") })])
    },
    hosts: &["api.github.com"],
    ..USUAL
};

fn with_emails(visit: &Visit<'_>, mut profile: Value) -> Result<Option<Value>> {
    let emails = visit.ask(&Ask { headers: AGENT, ..Ask::get("https://api.github.com/user/emails") })?;
    let emails = emails.as_ref().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let Some(fields) = profile.as_object_mut() else { return Ok(None) };
    // A profile has no such field of its own; one that came anyway would not be GitHub's word.
    fields.remove("email_verified");
    let is_primary = |email: &&Value| email.get("primary") == Some(&Value::Bool(true));
    let primary = emails.iter().find(is_primary).or(emails.first()).and_then(|email| mapping::text(email, "email"));
    let email = fields.get("email").and_then(Value::as_str).filter(|email| !email.is_empty()).or(primary);
    let Some(email) = email.map(str::to_owned) else { return Ok(Some(profile)) };
    let entry = emails.iter().find(|entry| mapping::text(entry, "email") == Some(&email));
    let is_verified = entry.and_then(|entry| entry.get("verified")) == Some(&Value::Bool(true));
    fields.insert("email".to_owned(), Value::String(email));
    fields.insert("email_verified".to_owned(), Value::Bool(is_verified));
    Ok(Some(profile))
}
