//! TikTok: the client's id is its key.

use crate::providers::provider::*;

pub const TIKTOK: Provider = Provider {
    id: "tiktok",
    name: "TikTok",
    authorization: Authorization {
        scopes: &["user.info.profile"],
        scope_separator: ",",
        pkce: Pkce::Never,
        client_id: "client_key",
        client_id_option: "client_key",
        order: &["scope", "response_type", "client_key", "redirect_uri", "state"],
        ..Authorization::at("https://www.tiktok.com/v2/auth/authorize")
    },
    token: Token { client_id: "client_key", ..Token::at("https://open.tiktokapis.com/v2/oauth/token/") },
    user: User {
        id: &["data.user.open_id"],
        email: &[Pick::At("data.user.email")],
        name: &[Pick::At("data.user.display_name"), Pick::At("data.user.username")],
        image: &[Pick::At("data.user.avatar_large_url")],
        placeholder: Some("tiktok"),
        ..User::from(&[Source::Answer(Ask::get(
            "https://open.tiktokapis.com/v2/user/info/?fields=open_id,avatar_large_url,display_name,username",
        ))])
    },
    ..USUAL
};
