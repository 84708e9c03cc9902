//! Okta: the discovery document of the setting `issuer`.

use super::{GENERIC, OIDC_SCOPES, authorization};
use crate::providers::provider::*;

pub const OKTA: Provider = Provider {
    id: "okta",
    name: "okta",
    options: &[OptionRule::new("issuer", Kind::Url).required()],
    discovery: "{issuer}/.well-known/openid-configuration",
    authorization: Authorization { scopes: OIDC_SCOPES, ..authorization("{authorization_url}") },
    hosts: &["*.okta.com"],
    ..GENERIC
};
