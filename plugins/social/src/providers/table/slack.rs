//! Slack.

use crate::providers::provider::*;

pub const SLACK: Provider = Provider {
    id: "slack",
    name: "Slack",
    authorization: Authorization {
        scopes: &["openid", "profile", "email"],
        scope_rule: ScopeRule::RequestFirst,
        pkce: Pkce::Never,
        ..Authorization::at("https://slack.com/openid/connect/authorize")
    },
    token: Token::at("https://slack.com/api/openid.connect.token"),
    user: User {
        id: &["https://slack.com/user_id"],
        image: &[Pick::At("picture"), Pick::At("https://slack.com/user_image_512")],
        email_verified: Verified::Flag("email_verified"),
        ..User::from(&[Source::Answer(Ask::get("https://slack.com/api/openid.connect.userInfo"))])
    },
    ..USUAL
};
