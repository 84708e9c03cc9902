//! LINE: it verifies its ID tokens itself.

use crate::providers::provider::*;

pub const LINE: Provider = Provider {
    id: "line",
    name: "LINE",
    authorization: Authorization {
        scopes: &["openid", "profile", "email"],
        parameters: &[Parameter::request("login_hint")],
        ..Authorization::at("https://access.line.me/oauth2/v2.1/authorize")
    },
    token: Token::at("https://api.line.me/oauth2/v2.1/token"),
    id_token: IdToken::Remote("https://api.line.me/oauth2/v2.1/verify"),
    user: User::from(&[Source::IdToken(&[]), Source::Answer(Ask::get("https://api.line.me/oauth2/v2.1/userinfo"))]),
    ..USUAL
};
