//! What a component says of itself.

pub mod assets;
pub mod component;
pub(super) mod condition;
pub(super) mod contract;
pub(super) mod fields;
pub mod file;
pub(super) mod javascript;
pub(in crate::plugin_host) mod mails;
pub mod manifest;
pub(super) mod options;
pub(super) mod version;
