//! Naver.

use crate::providers::provider::*;

pub const NAVER: Provider = Provider {
    id: "naver",
    name: "Naver",
    authorization: Authorization {
        scopes: &["profile", "email"],
        pkce: Pkce::Never,
        ..Authorization::at("https://nid.naver.com/oauth2.0/authorize")
    },
    token: Token::at("https://nid.naver.com/oauth2.0/token"),
    user: User {
        id: &["response.id"],
        email: &[Pick::At("response.email")],
        name: &[Pick::At("response.name"), Pick::At("response.nickname")],
        image: &[Pick::At("response.profile_image")],
        rules: &[Rule::Is("resultcode", "00")],
        ..User::from(&[Source::Answer(Ask::get("https://openapi.naver.com/v1/nid/me"))])
    },
    ..USUAL
};
