//! Linear: a GraphQL query.

use crate::providers::provider::*;

pub const LINEAR: Provider = Provider {
    id: "linear",
    name: "Linear",
    authorization: Authorization {
        scopes: &["read"],
        pkce: Pkce::Never,
        parameters: &[Parameter::request("login_hint")],
        ..Authorization::at("https://linear.app/oauth/authorize")
    },
    token: Token::at("https://api.linear.app/oauth/token"),
    user: User {
        id: &["id"],
        image: &[Pick::At("avatarUrl")],
        ..User::from(&[Source::Answer(Ask {
            method: Method::Json(r#"{"query":"query{viewer{id name email avatarUrl active createdAt updatedAt}}"}"#),
            root: "data.viewer",
            ..Ask::get("https://api.linear.app/graphql")
        })])
    },
    ..USUAL
};
