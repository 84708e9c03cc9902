//! VK: the token travels in a form.

use crate::providers::provider::*;

pub const VK: Provider = Provider {
    id: "vk",
    name: "VK",
    authorization: Authorization { scopes: &["email", "phone"], ..Authorization::at("https://id.vk.com/authorize") },
    token: Token { takes_device_id: true, ..Token::at("https://id.vk.com/oauth2/auth") },
    user: User {
        id: &["user.user_id"],
        email: &[Pick::At("user.email")],
        name: &[Pick::Words(&["user.first_name", "user.last_name"])],
        image: &[Pick::At("user.avatar")],
        extra: &[
            ("first_name", "user.first_name"),
            ("last_name", "user.last_name"),
            ("birthday", "user.birthday"),
            ("sex", "user.sex"),
        ],
        needs_email: true,
        ..User::from(&[Source::Answer(Ask {
            method: Method::Form(&[("access_token", "{access_token}"), ("client_id", "{client_id}")]),
            scheme: None,
            ..Ask::get("https://id.vk.com/oauth2/user_info")
        })])
    },
    ..USUAL
};
