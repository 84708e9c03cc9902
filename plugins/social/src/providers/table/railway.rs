//! Railway.

use crate::providers::provider::*;

pub const RAILWAY: Provider = Provider {
    id: "railway",
    name: "Railway",
    authorization: Authorization {
        scopes: &["openid", "email", "profile"],
        ..Authorization::at("https://backboard.railway.com/oauth/auth")
    },
    token: Token { client: ClientAuth::Basic, ..Token::at("https://backboard.railway.com/oauth/token") },
    user: User::from(&[Source::Answer(Ask::get("https://backboard.railway.com/oauth/me"))]),
    ..USUAL
};
