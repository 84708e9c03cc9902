//! Every test that needs more than one module of the host.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking"
)]

mod advisories;
mod book;
mod capabilities;
mod compat;
mod contract;
mod first_start;
mod fixture;
mod grants;
mod hooks;
mod hostile;
mod lifecycle;
mod operators;
mod pages;
mod red_team;
mod routes;
mod services;
mod sinks;
mod slips;
mod store;
mod tidy;
mod watcher;
