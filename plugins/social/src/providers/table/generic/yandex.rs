//! Yandex: the picture's address is made of the profile.

use super::{GENERIC, authorization};
use crate::providers::mapping;
use crate::providers::provider::*;
use doorward_sdk::Result;
use serde_json::Value;

pub const YANDEX: Provider = Provider {
    id: "yandex",
    name: "yandex",
    discovery: "",
    authorization: Authorization {
        scopes: &["login:info", "login:email", "login:avatar"],
        ..authorization("https://oauth.yandex.com/authorize")
    },
    token: Token::at("https://oauth.yandex.com/token"),
    user: User {
        id: &["id"],
        email: &[Pick::At("default_email"), Pick::At("emails.0")],
        name: &[Pick::At("display_name"), Pick::At("real_name"), Pick::At("first_name"), Pick::At("login")],
        image: &[Pick::At("image")],
        needs_email: true,
        visit: Some(with_image),
        ..User::from(&[Source::Answer(Ask {
            scheme: Some("OAuth"),
            ..Ask::get("https://login.yandex.ru/info?format=json")
        })])
    },
    ..GENERIC
};

fn with_image(_: &dyn Visit, mut profile: Value) -> Result<Option<Seen>> {
    let avatar = mapping::text(&profile, "default_avatar_id").filter(|_| !mapping::is_set(&profile, "is_avatar_empty"));
    let image = avatar.map(|id| format!("https://avatars.yandex.net/get-yapic/{id}/islands-200"));
    if let (Some(image), Some(fields)) = (image, profile.as_object_mut()) {
        fields.insert("image".to_owned(), Value::String(image));
    }
    Ok(Some(Seen::new(profile)))
}
