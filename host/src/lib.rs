//! Doorward: an authentication server with sandboxed plugins and scripted policies.

pub mod address;
pub mod clock;
pub mod config;
pub mod crypto;
pub mod email;
pub mod error;
pub mod http;
pub mod mail;
pub mod origin;
pub mod random;
pub mod secret;
pub mod store;
