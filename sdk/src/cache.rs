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
pub fn get(key: &str) -> Option<String> {
    host::cache::get(key)
}

/// Keys have at most 256 bytes and values 64 KiB; they live at most an hour.
///
/// # Errors
/// `invalid` for anything longer.
pub fn put(key: &str, value: &str, ttl_secs: u32) -> Result<()> {
    Ok(host::cache::put(key, value, ttl_secs)?)
}

/// Forgets a value.
pub fn remove(key: &str) {
    host::cache::remove(key);
}

/// The value of `key`, or what `make` returns, which is kept.
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
