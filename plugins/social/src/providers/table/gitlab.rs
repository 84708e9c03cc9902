//! GitLab, the company's or one's own.

use crate::providers::provider::*;

pub const GITLAB: Provider = Provider {
    id: "gitlab",
    name: "Gitlab",
    options: &[OptionRule::new("issuer", Kind::Url).or("https://gitlab.com")],
    authorization: Authorization {
        scopes: &["read_user"],
        parameters: &[Parameter::request("login_hint")],
        ..Authorization::at("{issuer}/oauth/authorize")
    },
    token: Token::at("{issuer}/oauth/token"),
    user: User {
        id: &["id"],
        name: &[Pick::At("name"), Pick::At("username")],
        image: &[Pick::At("avatar_url")],
        email_verified: Verified::Flag("email_verified"),
        rules: &[Rule::Is("state", "active"), Rule::NotSet("locked")],
        ..User::from(&[Source::Answer(Ask::get("{issuer}/api/v4/user"))])
    },
    ..USUAL
};
