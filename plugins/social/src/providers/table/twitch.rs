//! Twitch: it says in the ID token what `claims` asks for.

use crate::providers::provider::*;

pub const TWITCH: Provider = Provider {
    id: "twitch",
    name: "Twitch",
    options: &[OptionRule::new("claims", Kind::List)],
    authorization: Authorization {
        scopes: &["user:read:email", "openid"],
        pkce: Pkce::Never,
        parameters: &[Parameter::new(
            "claims",
            From::Claims("claims", &["email", "email_verified", "preferred_username", "picture"]),
        )],
        ..Authorization::at("https://id.twitch.tv/oauth2/authorize")
    },
    token: Token::at("https://id.twitch.tv/oauth2/token"),
    user: User {
        name: &[Pick::At("preferred_username")],
        email_verified: Verified::Flag("email_verified"),
        ..User::from(&[Source::IdToken(&[])])
    },
    ..USUAL
};
