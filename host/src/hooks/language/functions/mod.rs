//! The functions that scripts call beside those of the language: each ends at once, whatever it is given.

mod asks;
mod compare;
mod counters;
mod network;
mod ports;
mod secrets;
mod text;
mod time;

use rhai::Engine;

pub use asks::{NAMES as ASKING, OF_USER};
pub use counters::MemoryCounters;
pub use ports::{Counters, Ports};
pub use time::problem_of_zone;

/// Gives scripts all functions.
pub fn register(engine: &mut Engine, ports: &Ports) {
    compare::register(engine);
    asks::register(engine);
    time::register(engine, ports);
    text::register(engine);
    network::register(engine);
    secrets::register(engine, ports);
    counters::register(engine, ports);
}
