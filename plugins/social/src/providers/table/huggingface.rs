//! Hugging Face.

use crate::providers::provider::*;

pub const HUGGINGFACE: Provider = Provider {
    id: "huggingface",
    name: "Hugging Face",
    authorization: Authorization {
        scopes: &["openid", "profile", "email"],
        ..Authorization::at("https://huggingface.co/oauth/authorize")
    },
    token: Token::at("https://huggingface.co/oauth/token"),
    user: User {
        name: &[Pick::At("name"), Pick::At("preferred_username")],
        email_verified: Verified::Flag("email_verified"),
        ..User::from(&[Source::Answer(Ask::get("https://huggingface.co/oauth/userinfo"))])
    },
    ..USUAL
};
