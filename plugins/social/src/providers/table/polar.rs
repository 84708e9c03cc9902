//! Polar.

use crate::providers::provider::*;

pub const POLAR: Provider = Provider {
    id: "polar",
    name: "Polar",
    authorization: Authorization {
        scopes: &["openid", "profile", "email"],
        parameters: &[Parameter::option("prompt")],
        ..Authorization::at("https://polar.sh/oauth2/authorize")
    },
    token: Token::at("https://api.polar.sh/v1/oauth2/token"),
    user: User {
        id: &["id"],
        name: &[Pick::At("public_name"), Pick::At("username")],
        image: &[Pick::At("avatar_url")],
        email_verified: Verified::Flag("email_verified"),
        ..User::from(&[Source::Answer(Ask::get("https://api.polar.sh/v1/oauth2/userinfo"))])
    },
    ..USUAL
};
