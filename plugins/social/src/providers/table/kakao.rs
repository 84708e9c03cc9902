//! Kakao.

use crate::providers::provider::*;

pub const KAKAO: Provider = Provider {
    id: "kakao",
    name: "Kakao",
    authorization: Authorization {
        scopes: &["account_email", "profile_image", "profile_nickname"],
        pkce: Pkce::Never,
        parameters: &[Parameter::request("login_hint")],
        ..Authorization::at("https://kauth.kakao.com/oauth/authorize")
    },
    token: Token::at("https://kauth.kakao.com/oauth/token"),
    user: User {
        id: &["id"],
        email: &[Pick::At("kakao_account.email")],
        email_verified: Verified::Flags(&["kakao_account.is_email_valid", "kakao_account.is_email_verified"]),
        name: &[Pick::At("kakao_account.profile.nickname"), Pick::At("kakao_account.name")],
        image: &[
            Pick::At("kakao_account.profile.profile_image_url"),
            Pick::At("kakao_account.profile.thumbnail_image_url"),
        ],
        ..User::from(&[Source::Answer(Ask::get("https://kapi.kakao.com/v2/user/me"))])
    },
    ..USUAL
};
