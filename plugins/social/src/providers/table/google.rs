//! Google.

use crate::providers::mapping;
use crate::providers::provider::*;
use doorward_sdk::Result;
use serde_json::Value;

pub const GOOGLE: Provider = Provider {
    id: "google",
    name: "Google",
    needs_secret: true,
    options: &[
        OptionRule::new("access_type", Kind::Choice(&[("offline", "offline"), ("online", "online")])),
        OptionRule::new("display", Kind::Text),
        OptionRule::new("hd", Kind::Text),
        OptionRule::new("include_granted_scopes", Kind::Flag),
    ],
    authorization: Authorization {
        scopes: &["email", "profile", "openid"],
        parameters: &[
            Parameter::new("display", From::RequestOrOption("display")),
            Parameter::request("login_hint"),
            Parameter::option("prompt"),
            Parameter::option("hd"),
            Parameter::option("access_type"),
            Parameter::new("include_granted_scopes", From::Unless("include_granted_scopes", "true")),
        ],
        ..Authorization::at("https://accounts.google.com/o/oauth2/v2/auth")
    },
    token: Token::at("https://oauth2.googleapis.com/token"),
    id_token: IdToken::Keys(IdTokenKeys {
        claims: ClaimRule::HostedDomain,
        ..IdTokenKeys::at(
            "https://www.googleapis.com/oauth2/v3/certs",
            &["https://accounts.google.com", "accounts.google.com"],
        )
    }),
    user: User {
        email_verified: Verified::Flag("email_verified"),
        visit: Some(of_hosted_domain),
        ..User::from(&[Source::IdToken(&[])])
    },
    ..USUAL
};

fn of_hosted_domain(visit: &dyn Visit, claims: Value) -> Result<Option<Seen>> {
    let Some(wanted) = visit.text("hd") else { return Ok(Some(Seen::new(claims))) };
    let domain = mapping::text(&claims, "hd");
    let fits = domain.is_some_and(|domain| wanted == "*" || wanted == domain);
    Ok(fits.then(|| Seen::new(claims)))
}
