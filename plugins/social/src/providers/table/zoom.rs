//! Zoom.

use crate::providers::provider::*;

pub const ZOOM: Provider = Provider {
    id: "zoom",
    name: "Zoom",
    options: &[OptionRule::new("pkce", Kind::Flag)],
    authorization: Authorization {
        scope_rule: ScopeRule::Never,
        pkce: Pkce::Optional,
        ..Authorization::at("https://zoom.us/oauth/authorize")
    },
    token: Token::at("https://zoom.us/oauth/token"),
    user: User {
        id: &["id"],
        name: &[Pick::At("display_name")],
        image: &[Pick::At("pic_url")],
        email_verified: Verified::FlagOrOne("verified"),
        ..User::from(&[Source::Answer(Ask::get("https://api.zoom.us/v2/users/me"))])
    },
    ..USUAL
};
