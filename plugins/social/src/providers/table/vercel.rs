//! Vercel.

use crate::providers::provider::*;

pub const VERCEL: Provider = Provider {
    id: "vercel",
    name: "Vercel",
    options: &[OptionRule::new("token_endpoint_auth", Kind::Table)],
    authorization: Authorization::at("https://vercel.com/oauth/authorize"),
    token: Token { is_refreshable: false, ..Token::at("https://api.vercel.com/login/oauth/token") },
    user: User {
        name: &[Pick::At("name"), Pick::At("preferred_username")],
        email_verified: Verified::Flag("email_verified"),
        ..User::from(&[Source::Answer(Ask::get("https://api.vercel.com/login/oauth/userinfo"))])
    },
    ..USUAL
};
