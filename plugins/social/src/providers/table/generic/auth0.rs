//! Auth0.

use super::{GENERIC, OIDC_SCOPES, authorization};
use crate::providers::provider::*;

pub const AUTH0: Provider = Provider {
    id: "auth0",
    name: "auth0",
    options: &[OptionRule::new("domain", Kind::Host).required()],
    discovery: "https://{domain}/.well-known/openid-configuration",
    authorization: Authorization { scopes: OIDC_SCOPES, ..authorization("{authorization_url}") },
    hosts: &["*.auth0.com"],
    ..GENERIC
};
