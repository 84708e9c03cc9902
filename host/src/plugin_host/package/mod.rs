//! What a component says of itself.
//!
//! Flat: one file for each thing that a component says or holds.

pub mod assets;
pub mod bundle;
pub mod component;
pub(super) mod condition;
pub(super) mod contract;
pub(super) mod fields;
pub mod file;
pub(super) mod javascript;
pub(in crate::plugin_host) mod mails;
pub mod manifest;
pub(super) mod options;
mod prepare;
mod sections;
pub(super) mod version;
