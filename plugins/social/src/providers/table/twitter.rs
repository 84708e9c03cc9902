//! X: the address comes from a second request, when it is confirmed.

use crate::providers::mapping;
use crate::providers::provider::*;
use doorward_sdk::Result;
use serde_json::Value;

pub const TWITTER: Provider = Provider {
    id: "twitter",
    name: "Twitter",
    authorization: Authorization {
        scopes: &["users.read", "tweet.read", "offline.access", "users.email"],
        ..Authorization::at("https://x.com/i/oauth2/authorize")
    },
    token: Token { client: ClientAuth::Basic, ..Token::at("https://api.x.com/2/oauth2/token") },
    user: User {
        id: &["data.id"],
        email: &[Pick::At("data.email")],
        name: &[Pick::At("data.name")],
        image: &[Pick::At("data.profile_image_url")],
        placeholder: Some("twitter"),
        visit: Some(with_email),
        ..User::from(&[Source::Answer(Ask::get("https://api.x.com/2/users/me?user.fields=profile_image_url"))])
    },
    ..USUAL
};

fn with_email(visit: &dyn Visit, mut profile: Value) -> Result<Option<Seen>> {
    let answer = visit.ask(&Ask::get("https://api.x.com/2/users/me?user.fields=confirmed_email"))?;
    let email = answer.as_ref().and_then(|answer| mapping::text(answer, "data.confirmed_email"));
    if let (Some(email), Some(Value::Object(data))) = (email, profile.get_mut("data")) {
        data.insert("email".to_owned(), Value::String(email.to_owned()));
    }
    let email_verified = Some(email.is_some());
    Ok(Some(Seen { raw: profile, email_verified }))
}
