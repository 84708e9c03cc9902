//! Whether a plugin may come in, and loading it.

pub(super) mod cache;
mod candidate;
mod clashes;
pub(super) mod facts;
pub(super) mod grant;
pub(super) mod hook_rights;
pub(super) mod load;
pub mod trust;
