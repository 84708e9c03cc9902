//! Facebook: its access tokens say nothing about the app that they were made for, so it is asked.

use crate::providers::mapping;
use crate::providers::provider::*;
use doorward_sdk::{Result, http, links};
use serde_json::Value;

pub const FACEBOOK: Provider = Provider {
    id: "facebook",
    name: "Facebook",
    needs_secret: true,
    options: &[OptionRule::new("config_id", Kind::Text), OptionRule::new("fields", Kind::List).or("")],
    authorization: Authorization {
        scopes: &["email", "public_profile"],
        pkce: Pkce::Never,
        parameters: &[Parameter::request("login_hint"), Parameter::option("config_id")],
        ..Authorization::at("https://www.facebook.com/v24.0/dialog/oauth")
    },
    token: Token::at("https://graph.facebook.com/v24.0/oauth/access_token"),
    id_token: IdToken::Keys(IdTokenKeys {
        max_age_secs: None,
        allows_opaque: true,
        ..IdTokenKeys::at("https://limited.facebook.com/.well-known/oauth/openid/jwks/", &["https://www.facebook.com"])
    }),
    user: User {
        id: &["sub", "id"],
        image: &[Pick::At("picture"), Pick::At("picture.data.url")],
        email_verified: Verified::Flag("email_verified"),
        visit: Some(of_this_app),
        ..User::from(&[
            Source::IdToken(&[]),
            Source::Answer(Ask::get("https://graph.facebook.com/me?fields=id,name,email,picture{fields}")),
        ])
    },
    ..USUAL
};

fn of_this_app(visit: &dyn Visit, profile: Value) -> Result<Option<Seen>> {
    if visit.is_id_token() {
        return Ok(Some(Seen { raw: profile, email_verified: Some(false) }));
    }
    let user = token_owner(visit)?;
    let is_owner = user.is_some() && user.as_deref() == mapping::text(&profile, "id");
    Ok(is_owner.then(|| Seen::new(profile)))
}

/// The user of a valid access token of one of this server's apps.
fn token_owner(visit: &dyn Visit) -> Result<Option<String>> {
    let (Some(token), Some(secret)) = (visit.tokens().access_token, visit.client_secret()) else {
        return Ok(None);
    };
    let apps = visit.client_ids();
    let Some(main) = apps.first() else { return Ok(None) };
    let app = format!("{main}|{secret}");
    let query = links::query(&[("input_token", token), ("access_token", &app)]);
    let url = format!("https://graph.facebook.com/debug_token?{query}");
    let Some(answer) = visit.send(&url, http::Request::get(&url))? else { return Ok(None) };
    let is_valid = mapping::at(&answer, "data.is_valid") == Some(&Value::Bool(true));
    let is_ours = |app: &str| apps.contains(&app);
    let is_ours = mapping::text(&answer, "data.app_id").is_some_and(is_ours);
    Ok(mapping::text(&answer, "data.user_id").filter(|_| is_valid && is_ours).map(str::to_owned))
}
