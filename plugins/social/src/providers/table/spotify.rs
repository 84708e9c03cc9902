//! Spotify.

use crate::providers::provider::*;

pub const SPOTIFY: Provider = Provider {
    id: "spotify",
    name: "Spotify",
    authorization: Authorization {
        scopes: &["user-read-email"],
        ..Authorization::at("https://accounts.spotify.com/authorize")
    },
    token: Token::at("https://accounts.spotify.com/api/token"),
    user: User {
        id: &["id"],
        name: &[Pick::At("display_name")],
        image: &[Pick::At("images.0.url")],
        ..User::from(&[Source::Answer(Ask::get("https://api.spotify.com/v1/me"))])
    },
    ..USUAL
};
