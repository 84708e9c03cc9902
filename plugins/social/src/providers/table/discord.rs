//! Discord: the picture's address is made of the profile.

use crate::providers::mapping;
use crate::providers::provider::*;
use doorward_sdk::Result;
use serde_json::Value;

pub const DISCORD: Provider = Provider {
    id: "discord",
    name: "Discord",
    options: &[OptionRule::new("permissions", Kind::Number)],
    authorization: Authorization {
        scopes: &["identify", "email"],
        scope_rule: ScopeRule::RequestFirst,
        pkce: Pkce::Never,
        parameters: &[
            Parameter::new("prompt", From::OptionOr("prompt", "none")),
            Parameter::new("permissions", From::WithScope("permissions", "bot")),
        ],
        ..Authorization::at("https://discord.com/api/oauth2/authorize")
    },
    token: Token::at("https://discord.com/api/oauth2/token"),
    user: User {
        id: &["id"],
        name: &[Pick::At("global_name"), Pick::At("username")],
        image: &[Pick::At("image_url")],
        email_verified: Verified::Flag("verified"),
        visit: Some(with_image),
        ..User::from(&[Source::Answer(Ask::get("https://discord.com/api/users/@me"))])
    },
    ..USUAL
};

fn with_image(_: &dyn Visit, mut profile: Value) -> Result<Option<Seen>> {
    let image = image(&profile);
    if let (Some(image), Some(fields)) = (image, profile.as_object_mut()) {
        fields.insert("image_url".to_owned(), Value::String(image));
    }
    Ok(Some(Seen::new(profile)))
}

/// The own picture, or the one that everybody with such a name or number has.
fn image(profile: &Value) -> Option<String> {
    let id = mapping::text(profile, "id")?;
    if let Some(avatar) = mapping::text(profile, "avatar") {
        let format = if avatar.starts_with("a_") { "gif" } else { "png" };
        return Some(format!("https://cdn.discordapp.com/avatars/{id}/{avatar}.{format}"));
    }
    let index = match mapping::text(profile, "discriminator")? {
        "0" => (id.parse::<u64>().ok()? >> 22) % 6,
        number => number.parse::<u64>().ok()? % 5,
    };
    Some(format!("https://cdn.discordapp.com/embed/avatars/{index}.png"))
}
