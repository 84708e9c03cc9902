//! Doorward: an authentication server with sandboxed plugins and scripted policies.

pub mod app;
pub mod auth;
pub mod clock;
pub mod commands;
pub mod config;
pub mod cookie;
pub mod crypto;
pub mod email;
pub mod endpoints;
pub mod error;
pub mod exchange;
pub mod files;
pub mod hooks;
pub mod http;
pub mod input;
pub mod log;
pub mod mail;
pub mod memory;
pub mod outbox;
pub mod pipeline;
pub mod plugin_host;
pub mod routes;
pub mod server;
pub mod store;
pub mod telemetry;
