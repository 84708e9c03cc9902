//! What goes into tokens for other services.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! # doorward_sdk::fake::reset();
//! let mut claims = Map::new();
//! claims.insert("sub".to_owned(), json!("user-1"));
//! let claims = claims::collect(&claims)?;
//! assert_eq!(claims["sub"], "user-1");
//! # Ok::<(), Error>(())
//! ```

use crate::error::Result;
use crate::host;
use serde_json::{Map, Value};

/// Lets other plugins and the operator's scripts add to the claims for the request's user. `iss`, `sub`, `aud`, `exp`,
/// `nbf`, `iat` and `jti` stay as they are.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let key = keys::generate(keys::Algorithm::EdDsa)?.private_key;
/// let own = Map::from_iter([("sub".to_owned(), json!("user-1")), ("scope".to_owned(), json!("seats"))]);
/// let token = keys::sign(&key, keys::Algorithm::EdDsa, &json!({}), &claims::collect(&own)?)?;
/// assert_eq!(token.split('.').count(), 3);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// The refusal of one of them.
pub fn collect(claims: &Map<String, Value>) -> Result<Map<String, Value>> {
    Ok(serde_json::from_str(&host::claims::collect(&serde_json::to_string(claims)?)?)?)
}
