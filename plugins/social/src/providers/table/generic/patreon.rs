//! Patreon.

use super::{GENERIC, authorization};
use crate::providers::provider::*;

pub const PATREON: Provider = Provider {
    id: "patreon",
    name: "patreon",
    discovery: "",
    authorization: Authorization {
        scopes: &["identity[email]"],
        ..authorization("https://www.patreon.com/oauth2/authorize")
    },
    token: Token::at("https://www.patreon.com/api/oauth2/token"),
    user: User {
        id: &["data.id"],
        email: &[Pick::At("data.attributes.email")],
        email_verified: Verified::Flag("data.attributes.is_email_verified"),
        name: &[Pick::At("data.attributes.full_name")],
        image: &[Pick::At("data.attributes.image_url")],
        ..User::from(&[Source::Answer(Ask::get(
            "https://www.patreon.com/api/oauth2/v2/identity?fields%5Buser%5D=email,full_name,image_url,is_email_verified",
        ))])
    },
    ..GENERIC
};
