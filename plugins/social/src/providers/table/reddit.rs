//! Reddit: it never says an address.

use crate::providers::provider::*;

const AGENT: (&str, &str) = ("user-agent", "doorward");

pub const REDDIT: Provider = Provider {
    id: "reddit",
    name: "Reddit",
    options: &[OptionRule::new("duration", Kind::Text)],
    authorization: Authorization {
        scopes: &["identity"],
        pkce: Pkce::Never,
        parameters: &[Parameter::option("duration")],
        ..Authorization::at("https://www.reddit.com/api/v1/authorize")
    },
    token: Token {
        client: ClientAuth::Basic,
        headers: &[("accept", "text/plain"), AGENT],
        ..Token::at("https://www.reddit.com/api/v1/access_token")
    },
    user: User {
        id: &["id"],
        email: &[],
        image: &[Pick::Before("icon_img", '?')],
        placeholder: Some("reddit"),
        ..User::from(&[Source::Answer(Ask { headers: &[AGENT], ..Ask::get("https://oauth.reddit.com/api/v1/me") })])
    },
    ..USUAL
};
