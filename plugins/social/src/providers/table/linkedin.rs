//! LinkedIn.

use crate::providers::provider::*;

pub const LINKEDIN: Provider = Provider {
    id: "linkedin",
    name: "Linkedin",
    authorization: Authorization {
        scopes: &["profile", "email", "openid"],
        pkce: Pkce::Never,
        parameters: &[Parameter::request("login_hint")],
        ..Authorization::at("https://www.linkedin.com/oauth/v2/authorization")
    },
    token: Token::at("https://www.linkedin.com/oauth/v2/accessToken"),
    user: User {
        email_verified: Verified::Flag("email_verified"),
        ..User::from(&[Source::Answer(Ask::get("https://api.linkedin.com/v2/userinfo"))])
    },
    ..USUAL
};
