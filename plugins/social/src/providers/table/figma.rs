//! Figma.

use crate::providers::provider::*;

pub const FIGMA: Provider = Provider {
    id: "figma",
    name: "Figma",
    needs_secret: true,
    authorization: Authorization { scopes: &["current_user:read"], ..Authorization::at("https://www.figma.com/oauth") },
    token: Token { client: ClientAuth::Basic, ..Token::at("https://api.figma.com/v1/oauth/token") },
    user: User {
        id: &["id"],
        name: &[Pick::At("handle")],
        image: &[Pick::At("img_url")],
        ..User::from(&[Source::Answer(Ask::get("https://api.figma.com/v1/me"))])
    },
    ..USUAL
};
