//! Cloudflare: the API says who the user is, because its `userinfo` knows the subject alone.

use crate::providers::provider::*;

pub const CLOUDFLARE: Provider = Provider {
    id: "cloudflare",
    name: "Cloudflare",
    options: &[
        OptionRule::new("token_endpoint_auth", Kind::Table),
        OptionRule::new("token_endpoint_auth_method", Kind::Choice(TOKEN_ENDPOINT_AUTH)),
    ],
    authorization: Authorization {
        scopes: &["user-details.read"],
        scope_rule: ScopeRule::Unique,
        takes_more: false,
        ..Authorization::at("https://dash.cloudflare.com/oauth2/auth")
    },
    token: Token { client: ClientAuth::BasicOrNone, ..Token::at("https://dash.cloudflare.com/oauth2/token") },
    user: User {
        id: &["id"],
        name: &[Pick::Words(&["first_name", "last_name"]), Pick::At("email")],
        image: &[],
        ..User::from(&[Source::Answer(Ask {
            root: "result",
            success: "success",
            ..Ask::get("https://api.cloudflare.com/client/v4/user")
        })])
    },
    ..USUAL
};
