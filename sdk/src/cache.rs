//! Values that outlive a request, in one process. They may be forgotten at any time: never the only copy of anything.
//!
//! ```
//! use doorward_sdk::cache;
//! # doorward_sdk::fake::reset();
//! let keys = cache::remember("keys of example.com", 600, || Ok("fetched".to_owned()))?;
//! assert_eq!(cache::get("keys of example.com"), Some(keys));
//! # Ok::<(), doorward_sdk::Error>(())
//! ```

use crate::error::Result;
use crate::host;

/// None when it was never put, has expired or was forgotten.
///
/// ```
/// use doorward_sdk::{cache, fake};
/// # fake::reset();
/// cache::put("rate of EUR", "1.09", 60)?;
/// assert_eq!(cache::get("rate of EUR").as_deref(), Some("1.09"));
/// fake::pass_secs(61);
/// assert_eq!(cache::get("rate of EUR"), None);
/// # Ok::<(), doorward_sdk::Error>(())
/// ```
pub fn get(key: &str) -> Option<String> {
    host::cache::get(key)
}

/// Keys have at most 256 bytes and values 64 KiB; they live at most an hour.
///
/// ```
/// use doorward_sdk::cache;
/// # doorward_sdk::fake::reset();
/// cache::put("seats left", "12", 30)?;
/// assert!(cache::put(&"k".repeat(257), "12", 30).is_err());
/// # Ok::<(), doorward_sdk::Error>(())
/// ```
///
/// # Errors
/// `invalid` for anything longer.
pub fn put(key: &str, value: &str, ttl_secs: u32) -> Result<()> {
    Ok(host::cache::put(key, value, ttl_secs)?)
}

/// Forgets a value.
///
/// ```
/// use doorward_sdk::cache;
/// # doorward_sdk::fake::reset();
/// cache::put("seats left", "12", 30)?;
/// // Someone has just taken one.
/// cache::remove("seats left");
/// assert_eq!(cache::get("seats left"), None);
/// # Ok::<(), doorward_sdk::Error>(())
/// ```
pub fn remove(key: &str) {
    host::cache::remove(key);
}

/// The value of `key`, or what `make` returns, which is kept.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// # fake::reset();
/// fake::answer_http("https://id.example.com/jwks", 200, r#"{"keys":[]}"#);
/// let fetch = || Ok(http::Request::get("https://id.example.com/jwks").send()?.text().unwrap_or_default().to_owned());
/// for _ in 0..2 {
///     assert_eq!(cache::remember("jwks", 600, fetch)?, r#"{"keys":[]}"#);
/// }
/// assert_eq!(fake::with(|world| world.http_sent.len()), 1, "it was fetched once");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// Those of `make`; a value that is too long is returned and not kept.
pub fn remember(key: &str, ttl_secs: u32, make: impl FnOnce() -> Result<String>) -> Result<String> {
    if let Some(value) = get(key) {
        return Ok(value);
    }
    let value = make()?;
    _ = host::cache::put(key, &value, ttl_secs);
    Ok(value)
}
