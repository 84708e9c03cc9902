//! Amazon Cognito.

use crate::providers::provider::*;

pub const COGNITO: Provider = Provider {
    id: "cognito",
    name: "Cognito",
    options: &[
        OptionRule::new("domain", Kind::Host).required(),
        OptionRule::new("region", Kind::Host).required(),
        OptionRule::new("user_pool_id", Kind::Text).required(),
        OptionRule::new("identity_provider", Kind::Text),
        OptionRule::new("require_client_secret", Kind::Flag),
    ],
    authorization: Authorization {
        scopes: &["openid", "profile", "email"],
        parameters: &[Parameter::option("prompt"), Parameter::option("identity_provider")],
        scope_last: true,
        ..Authorization::at("https://{domain}/oauth2/authorize")
    },
    token: Token::at("https://{domain}/oauth2/token"),
    id_token: IdToken::Keys(IdTokenKeys::at(
        "https://cognito-idp.{region}.amazonaws.com/{user_pool_id}/.well-known/jwks.json",
        &["https://cognito-idp.{region}.amazonaws.com/{user_pool_id}"],
    )),
    user: User {
        name: &[Pick::At("name"), Pick::At("given_name"), Pick::At("username")],
        email_verified: Verified::FlagOrText("email_verified"),
        ..User::from(&[Source::IdToken(&[]), Source::Answer(Ask::get("https://{domain}/oauth2/userinfo"))])
    },
    hosts: HOSTS,
    ..USUAL
};

/// Pools' own domains, and the keys in every region that has pools. `*.amazonaws.com` would be everybody's.
const HOSTS: &[&str] = &[
    "*.amazoncognito.com",
    "cognito-idp.af-south-1.amazonaws.com",
    "cognito-idp.ap-east-1.amazonaws.com",
    "cognito-idp.ap-northeast-1.amazonaws.com",
    "cognito-idp.ap-northeast-2.amazonaws.com",
    "cognito-idp.ap-northeast-3.amazonaws.com",
    "cognito-idp.ap-south-1.amazonaws.com",
    "cognito-idp.ap-south-2.amazonaws.com",
    "cognito-idp.ap-southeast-1.amazonaws.com",
    "cognito-idp.ap-southeast-2.amazonaws.com",
    "cognito-idp.ap-southeast-3.amazonaws.com",
    "cognito-idp.ap-southeast-4.amazonaws.com",
    "cognito-idp.ca-central-1.amazonaws.com",
    "cognito-idp.ca-west-1.amazonaws.com",
    "cognito-idp.eu-central-1.amazonaws.com",
    "cognito-idp.eu-central-2.amazonaws.com",
    "cognito-idp.eu-north-1.amazonaws.com",
    "cognito-idp.eu-south-1.amazonaws.com",
    "cognito-idp.eu-south-2.amazonaws.com",
    "cognito-idp.eu-west-1.amazonaws.com",
    "cognito-idp.eu-west-2.amazonaws.com",
    "cognito-idp.eu-west-3.amazonaws.com",
    "cognito-idp.il-central-1.amazonaws.com",
    "cognito-idp.me-central-1.amazonaws.com",
    "cognito-idp.me-south-1.amazonaws.com",
    "cognito-idp.sa-east-1.amazonaws.com",
    "cognito-idp.us-east-1.amazonaws.com",
    "cognito-idp.us-east-2.amazonaws.com",
    "cognito-idp.us-gov-west-1.amazonaws.com",
    "cognito-idp.us-west-1.amazonaws.com",
    "cognito-idp.us-west-2.amazonaws.com",
];
