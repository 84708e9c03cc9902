//! Roblox: it never says an address.

use crate::providers::provider::*;

pub const ROBLOX: Provider = Provider {
    id: "roblox",
    name: "Roblox",
    authorization: Authorization {
        scopes: &["openid", "profile"],
        pkce: Pkce::Never,
        parameters: &[Parameter::new("prompt", From::OptionOr("prompt", "select_account consent"))],
        ..Authorization::at("https://apis.roblox.com/oauth/v1/authorize")
    },
    token: Token::at("https://apis.roblox.com/oauth/v1/token"),
    user: User {
        email: &[],
        name: &[Pick::At("nickname"), Pick::At("preferred_username")],
        placeholder: Some("roblox"),
        ..User::from(&[Source::Answer(Ask::get("https://apis.roblox.com/oauth/v1/userinfo"))])
    },
    ..USUAL
};
