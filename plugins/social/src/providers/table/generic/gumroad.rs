//! Gumroad.

use super::{GENERIC, authorization};
use crate::providers::provider::*;

pub const GUMROAD: Provider = Provider {
    id: "gumroad",
    name: "gumroad",
    discovery: "",
    authorization: Authorization { scopes: &["view_profile"], ..authorization("https://gumroad.com/oauth/authorize") },
    token: Token::at("https://api.gumroad.com/oauth/token"),
    user: User {
        id: &["user_id"],
        image: &[Pick::At("profile_url")],
        ..User::from(&[Source::Answer(Ask {
            root: "user",
            success: "success",
            ..Ask::get("https://api.gumroad.com/v2/user")
        })])
    },
    ..GENERIC
};
