//! `GET /.well-known/ssf-configuration` and its keys: what receivers of security event tokens need to know.
//!
//! Source: OpenID Shared Signals Framework 1.0 §7.1, RFC 7517.

use serde_json::json;

use crate::error::{ApiError, Code};
use crate::exchange::Exchange;
use crate::http::Response;
use crate::outbox::events::Receivers;

/// Where the keys are.
pub const JWKS: &str = "/.well-known/ssf-jwks.json";
/// Where the metadata of the transmitter is.
pub const CONFIGURATION: &str = "/.well-known/ssf-configuration";
/// Push delivery, RFC 8935.
const PUSH: &str = "urn:ietf:rfc:8935";

/// Answers the metadata of the transmitter.
///
/// # Errors
/// None.
pub async fn ssf_configuration(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let origin = exchange.auth().config.origin();
    Ok(Response::json(&json!({
        "spec_version": "1_0",
        "issuer": origin,
        "jwks_uri": format!("{origin}{JWKS}"),
        "delivery_methods_supported": [PUSH],
        // Streams stand in the configuration, and each is about all users.
        "default_subjects": "ALL",
    })))
}

/// Answers the public keys as a JWK Set.
///
/// # Errors
/// `NOT_FOUND` without a stream.
pub async fn ssf_jwks(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let keys = Receivers::jwks(&exchange.auth().config, exchange.auth()).await?;
    Ok(Response::json(&keys.ok_or(Code::NOT_FOUND)?))
}
