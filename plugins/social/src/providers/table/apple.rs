//! Apple: the name comes with the callback's form, once.

use crate::providers::mapping;
use crate::providers::provider::*;
use doorward_sdk::Result;
use serde_json::Value;

pub const APPLE: Provider = Provider {
    id: "apple",
    name: "Apple",
    needs_secret: true,
    options: &[OptionRule::new("audience", Kind::List), OptionRule::new("app_bundle_identifier", Kind::Text)],
    authorization: Authorization {
        scopes: &["email", "name"],
        parameters: &[
            Parameter::new("response_type", From::Fixed("code id_token")),
            Parameter::new("response_mode", From::Fixed("form_post")),
        ],
        ..Authorization::at("https://appleid.apple.com/auth/authorize")
    },
    token: Token::at("https://appleid.apple.com/auth/token"),
    id_token: IdToken::Keys(IdTokenKeys {
        audience_options: &["audience", "app_bundle_identifier"],
        nonce: NonceRule::ExactOrSha256,
        ..IdTokenKeys::at("https://appleid.apple.com/auth/keys", &["https://appleid.apple.com"])
    }),
    user: User {
        email_verified: Verified::FlagOrText("email_verified"),
        image: &[],
        visit: Some(with_name),
        ..User::from(&[Source::IdToken(&[])])
    },
    ..USUAL
};

fn with_name(visit: &dyn Visit, mut claims: Value) -> Result<Option<Seen>> {
    let part = |path| mapping::text(visit.tokens().form_user?, path);
    let words: Vec<&str> = ["name.firstName", "name.lastName"].into_iter().filter_map(part).collect();
    if let Some(claims) = claims.as_object_mut()
        && visit.tokens().form_user.is_some_and(|user| mapping::is_set(user, "name"))
    {
        claims.insert("name".to_owned(), Value::String(words.join(" ")));
    }
    Ok(Some(Seen::new(claims)))
}
