//! Kick.

use crate::providers::provider::*;

pub const KICK: Provider = Provider {
    id: "kick",
    name: "Kick",
    authorization: Authorization { scopes: &["user:read"], ..Authorization::at("https://id.kick.com/oauth/authorize") },
    token: Token::at("https://id.kick.com/oauth/token"),
    user: User {
        id: &["user_id"],
        image: &[Pick::At("profile_picture")],
        ..User::from(&[Source::Answer(Ask { root: "data.0", ..Ask::get("https://api.kick.com/public/v1/users") })])
    },
    ..USUAL
};
