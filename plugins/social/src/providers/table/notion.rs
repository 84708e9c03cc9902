//! Notion: the user is the owner of the bot that the token is for.

use crate::providers::provider::*;

pub const NOTION: Provider = Provider {
    id: "notion",
    name: "Notion",
    authorization: Authorization {
        pkce: Pkce::Never,
        parameters: &[Parameter::request("login_hint"), Parameter::fixed("owner", "user")],
        ..Authorization::at("https://api.notion.com/v1/oauth/authorize")
    },
    token: Token {
        client: ClientAuth::Basic,
        refresh_client: Some(ClientAuth::Post),
        ..Token::at("https://api.notion.com/v1/oauth/token")
    },
    user: User {
        id: &["id"],
        email: &[Pick::At("person.email")],
        image: &[Pick::At("avatar_url")],
        ..User::from(&[Source::Answer(Ask {
            headers: &[("notion-version", "2022-06-28")],
            root: "bot.owner.user",
            ..Ask::get("https://api.notion.com/v1/users/me")
        })])
    },
    ..USUAL
};
