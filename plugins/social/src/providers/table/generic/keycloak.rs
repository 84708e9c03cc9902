//! Keycloak: the discovery document of the setting `issuer`.

use super::{GENERIC, OIDC_SCOPES, authorization};
use crate::providers::provider::*;

pub const KEYCLOAK: Provider = Provider {
    id: "keycloak",
    name: "keycloak",
    options: &[OptionRule::new("issuer", Kind::Url).required()],
    discovery: "{issuer}/.well-known/openid-configuration",
    authorization: Authorization { scopes: OIDC_SCOPES, ..authorization("{authorization_url}") },

    ..GENERIC
};
