//! Microsoft Entra ID: work, school and personal accounts; the picture comes from a second request.

use crate::providers::mapping;
use crate::providers::provider::*;
use doorward_sdk::{Result, crypto, http};
use serde_json::Value;

const SIZES: &[(&str, &str)] = &[
    ("48", "48x48"),
    ("64", "64x64"),
    ("96", "96x96"),
    ("120", "120x120"),
    ("240", "240x240"),
    ("360", "360x360"),
    ("432", "432x432"),
    ("504", "504x504"),
    ("648", "648x648"),
];

pub const MICROSOFT: Provider = Provider {
    id: "microsoft",
    name: "Microsoft EntraID",
    options: &[
        OptionRule::new("tenant_id", Kind::Host).or("common"),
        OptionRule::new("authority", Kind::Url).or("https://login.microsoftonline.com"),
        OptionRule::new("profile_photo_size", Kind::Choice(SIZES)).or("48"),
        OptionRule::new("disable_profile_photo", Kind::Flag),
    ],
    authorization: Authorization {
        scopes: &["openid", "profile", "email", "User.Read", "offline_access"],
        parameters: &[Parameter::request("login_hint"), Parameter::option("prompt")],
        ..Authorization::at("{authority}/{tenant_id}/oauth2/v2.0/authorize")
    },
    token: Token { refresh_scopes: true, ..Token::at("{authority}/{tenant_id}/oauth2/v2.0/token") },
    id_token: IdToken::Keys(IdTokenKeys {
        claims: ClaimRule::MicrosoftTenant,
        ..IdTokenKeys::at("{authority}/{tenant_id}/discovery/v2.0/keys", &[])
    }),
    user: User {
        id: &["oid"],
        email_verified: Verified::FlagOrListed(
            "email_verified",
            &["verified_primary_email", "verified_secondary_email"],
        ),
        visit: Some(with_photo),
        ..User::from(&[Source::IdToken(&[])])
    },
    hosts: &["graph.microsoft.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn"],
    ..USUAL
};

fn with_photo(visit: &dyn Visit, mut claims: Value) -> Result<Option<Seen>> {
    let is_wanted = visit.flag("disable_profile_photo") != Some(true);
    let is_somebody = mapping::text(&claims, "oid").is_some();
    let photo = if is_wanted && is_somebody { photo(visit) } else { None };
    if let (Some(photo), Some(fields)) = (photo, claims.as_object_mut()) {
        fields.insert("picture".to_owned(), Value::String(photo));
    }
    Ok(Some(Seen::new(claims)))
}

/// As a `data:` URL; none when there is none or it is not to be had, which keeps nobody out.
fn photo(visit: &dyn Visit) -> Option<String> {
    let size = visit.value("profile_photo_size")?;
    let url = format!("https://graph.microsoft.com/v1.0/me/photos/{size}/$value");
    let answer = http::Request::get(&url).bearer(visit.tokens().access_token?).send().ok()?;
    let base64 = crypto::base64url(answer.bytes()).replace('-', "+").replace('_', "/");
    let padding = "=".repeat((4 - base64.len() % 4) % 4);
    answer.is_success().then(|| format!("data:image/jpeg;base64, {base64}{padding}"))
}
