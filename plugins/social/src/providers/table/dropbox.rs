//! Dropbox.

use crate::providers::provider::*;

pub const DROPBOX: Provider = Provider {
    id: "dropbox",
    name: "Dropbox",
    options: &[OptionRule::new(
        "access_type",
        Kind::Choice(&[("offline", "offline"), ("online", "online"), ("legacy", "legacy")]),
    )],
    authorization: Authorization {
        scopes: &["account_info.read"],
        parameters: &[Parameter::new("token_access_type", From::Option("access_type"))],
        ..Authorization::at("https://www.dropbox.com/oauth2/authorize")
    },
    token: Token::at("https://api.dropboxapi.com/oauth2/token"),
    user: User {
        id: &["account_id"],
        name: &[Pick::At("name.display_name")],
        image: &[Pick::At("profile_photo_url")],
        email_verified: Verified::Flag("email_verified"),
        ..User::from(&[Source::Answer(Ask {
            method: Method::Post,
            ..Ask::get("https://api.dropboxapi.com/2/users/get_current_account")
        })])
    },
    ..USUAL
};
