//! HubSpot: it is asked about the token itself.

use super::{GENERIC, authorization};
use crate::providers::provider::*;

pub const HUBSPOT: Provider = Provider {
    id: "hubspot",
    name: "hubspot",
    discovery: "",
    authorization: Authorization { scopes: &["oauth"], ..authorization("https://app.hubspot.com/oauth/authorize") },
    token: Token::at("https://api.hubapi.com/oauth/v1/token"),
    user: User {
        id: &["user_id", "signed_access_token.userId"],
        email: &[Pick::At("user")],
        name: &[Pick::At("user")],
        image: &[],
        ..User::from(&[Source::Answer(Ask {
            scheme: None,
            headers: &[("content-type", "application/json")],
            ..Ask::get("https://api.hubapi.com/oauth/v1/access-tokens/{access_token}")
        })])
    },
    ..GENERIC
};
