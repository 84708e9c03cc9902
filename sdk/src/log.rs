//! Lines in the server's log, marked with the plugin's id.
//!
//! ```
//! use doorward_sdk::{fake, log};
//! # fake::reset();
//! log::warn("the provider answered slowly");
//! assert!(fake::with(|world| world.log[0].contains("slowly")));
//! ```

use crate::bindings::doorward::plugin::log::Level;
use crate::host;

/// For who looks for a fault.
///
/// ```
/// use doorward_sdk::{fake, log};
/// # fake::reset();
/// log::debug("the cache was empty");
/// assert_eq!(fake::with(|world| world.log.clone()), ["Level::Debug: the cache was empty"]);
/// ```
pub fn debug(message: &str) {
    host::log::write(Level::Debug, message);
}

/// Something worth knowing happened.
///
/// ```
/// use doorward_sdk::{fake, log};
/// # fake::reset();
/// // Ids, never addresses: whoever reads the log need not know who it was.
/// log::info("user-1 took the last seat");
/// assert!(fake::with(|world| world.log[0].ends_with("the last seat")));
/// ```
pub fn info(message: &str) {
    host::log::write(Level::Info, message);
}

/// Something looks wrong, and the plugin can go on.
///
/// ```
/// use doorward_sdk::{cache, fake, log};
/// # fake::reset();
/// # let feed = "x".repeat(70_000);
/// if cache::put("feed", &feed, 60).is_err() {
///     log::warn("the feed is too long for the cache");
/// }
/// assert!(fake::with(|world| world.log[0].contains("too long")));
/// ```
pub fn warn(message: &str) {
    host::log::write(Level::Warn, message);
}

/// A request failed because of this plugin.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// fn price(row: &Value) -> Result<f64> {
///     row["price"].as_f64().ok_or_else(|| {
///         log::error("a ticket has no price: was the table filled by hand?");
///         Error::internal()
///     })
/// }
///
/// assert!(price(&json!({ "price": 12.5 })).is_ok() && price(&json!({})).is_err());
/// # assert_eq!(doorward_sdk::fake::with(|world| world.log.len()), 1);
/// # Ok::<(), Error>(())
/// ```
pub fn error(message: &str) {
    host::log::write(Level::Error, message);
}

/// Writes a line to the log, as `println!` would to a terminal, which a plugin has none of.
///
/// ```
/// use doorward_sdk::fake;
/// use doorward_sdk::log::println;
/// fake::reset();
/// println!("{} seats left", 7);
/// assert_eq!(fake::with(|world| world.log.clone()), ["Level::Info: 7 seats left"]);
/// ```
#[doc(inline)]
pub use crate::__println as println;

/// The macro behind [`println`].
#[doc(hidden)]
#[macro_export]
macro_rules! __println {
    ($($part:tt)*) => {
        $crate::log::info(&::std::format!($($part)*))
    };
}
