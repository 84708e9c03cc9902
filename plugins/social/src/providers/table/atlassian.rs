//! Atlassian.

use crate::providers::provider::*;

pub const ATLASSIAN: Provider = Provider {
    id: "atlassian",
    name: "Atlassian",
    needs_secret: true,
    authorization: Authorization {
        scopes: &["read:jira-user", "offline_access"],
        parameters: &[Parameter::option("prompt"), Parameter::fixed("audience", "api.atlassian.com")],
        ..Authorization::at("https://auth.atlassian.com/authorize")
    },
    token: Token::at("https://auth.atlassian.com/oauth/token"),
    user: User { id: &["account_id"], ..User::from(&[Source::Answer(Ask::get("https://api.atlassian.com/me"))]) },
    ..USUAL
};
