//! Paybin.

use crate::providers::provider::*;

pub const PAYBIN: Provider = Provider {
    id: "paybin",
    name: "Paybin",
    needs_secret: true,
    options: &[OptionRule::new("issuer", Kind::Url).or("https://idp.paybin.io")],
    authorization: Authorization {
        scopes: &["openid", "email", "profile"],
        parameters: &[Parameter::request("login_hint"), Parameter::option("prompt")],
        ..Authorization::at("{issuer}/oauth2/authorize")
    },
    token: Token::at("{issuer}/oauth2/token"),
    user: User {
        name: &[Pick::At("name"), Pick::At("preferred_username")],
        email_verified: Verified::Flag("email_verified"),
        ..User::from(&[Source::IdToken(&[])])
    },
    ..USUAL
};
