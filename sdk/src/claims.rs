//! What goes into tokens for other services.

use crate::error::Result;
use crate::host;
use serde_json::{Map, Value};

/// Lets other plugins and the operator's scripts add to the claims for the request's user. `iss`, `sub`, `aud`, `exp`,
/// `nbf`, `iat` and `jti` stay as they are.
///
/// # Errors
/// The refusal of one of them.
pub fn collect(claims: &Map<String, Value>) -> Result<Map<String, Value>> {
    Ok(serde_json::from_str(&host::claims::collect(&serde_json::to_string(claims)?)?)?)
}
