//! Every test that needs more than one module of the host.
#![recursion_limit = "256"]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking"
)]

mod advisories;
mod background;
mod book;
mod capabilities;
mod compat;
mod contract;
mod events;
mod first_start;
mod fixture;
mod grants;
mod hooks;
mod hostile;
mod lifecycle;
mod moments;
mod operators;
mod pages;
mod red_team;
mod routes;
mod secondary;
mod services;
mod sinks;
mod slips;
mod store;
mod streams;
mod supply_chain;
mod tidy;
mod told;
mod upgrade;
mod watcher;
