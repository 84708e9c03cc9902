//! Salesforce: production, its sandbox, or a company's own domain.

use crate::providers::provider::*;

pub const SALESFORCE: Provider = Provider {
    id: "salesforce",
    name: "Salesforce",
    needs_secret: true,
    options: &[
        OptionRule::new("environment", Kind::Choice(&[("production", "login"), ("sandbox", "test")])).or("production"),
        OptionRule::new("login_url", Kind::Host).or("{environment}.salesforce.com"),
    ],
    authorization: Authorization {
        scopes: &["openid", "email", "profile"],
        ..Authorization::at("https://{login_url}/services/oauth2/authorize")
    },
    token: Token::at("https://{login_url}/services/oauth2/token"),
    user: User {
        id: &["user_id"],
        image: &[Pick::At("photos.picture"), Pick::At("photos.thumbnail")],
        email_verified: Verified::Flag("email_verified"),
        ..User::from(&[Source::Answer(Ask::get("https://{login_url}/services/oauth2/userinfo"))])
    },
    hosts: &["login.salesforce.com", "test.salesforce.com", "*.my.salesforce.com"],
    ..USUAL
};
