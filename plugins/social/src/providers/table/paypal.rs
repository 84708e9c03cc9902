//! PayPal, its sandbox unless `environment` is `live`.

use crate::providers::provider::*;

pub const PAYPAL: Provider = Provider {
    id: "paypal",
    name: "PayPal",
    needs_secret: true,
    options: &[
        OptionRule::new("environment", Kind::Choice(&[("sandbox", "sandbox."), ("live", "")])).or("sandbox"),
        OptionRule::new("request_shipping_address", Kind::Flag),
    ],
    authorization: Authorization {
        scope_rule: ScopeRule::Never,
        parameters: &[Parameter::option("prompt")],
        ..Authorization::at("https://www.{environment}paypal.com/signin/authorize")
    },
    token: Token { client: ClientAuth::Basic, ..Token::at("https://api-m.{environment}paypal.com/v1/oauth2/token") },
    user: User {
        id: &["user_id"],
        email_verified: Verified::Flag("email_verified"),
        rules: &[Rule::Subject(&["sub", "user_id"])],
        ..User::from(&[Source::Answer(Ask {
            headers: &[("accept", "application/json")],
            ..Ask::get("https://api-m.{environment}paypal.com/v1/identity/oauth2/userinfo?schema=paypalv1.1")
        })])
    },
    hosts: &["api-m.paypal.com", "api-m.sandbox.paypal.com"],
    ..USUAL
};
