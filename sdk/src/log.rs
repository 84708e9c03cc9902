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
