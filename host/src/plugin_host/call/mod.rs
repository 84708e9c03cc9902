//! One call of a plugin, from start to end.
//!
//! Flat: the parts of one call, each in a file of its own.

mod background;
pub(super) mod breaker;
pub(super) mod budget;
pub(super) mod capacity;
pub(super) mod chunks;
pub(super) mod claims;
pub(super) mod convert;
pub(super) mod cpu;
pub(super) mod events;
pub(super) mod exports;
pub(super) mod failure;
pub(super) mod guests;
pub(super) mod memory;
pub(super) mod names;
pub(super) mod page;
mod patience;
pub(super) mod pattern;
mod permission;
pub(super) mod plugin;
pub(super) mod policies;
pub(super) mod running;
pub(super) mod services;
pub(super) mod site;
pub(super) mod state;
pub(super) mod watched_change;
