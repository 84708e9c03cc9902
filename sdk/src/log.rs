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
pub fn debug(message: &str) {
    host::log::write(Level::Debug, message);
}

/// Something worth knowing happened.
pub fn info(message: &str) {
    host::log::write(Level::Info, message);
}

/// Something looks wrong, and the plugin can go on.
pub fn warn(message: &str) {
    host::log::write(Level::Warn, message);
}

/// A request failed because of this plugin.
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
