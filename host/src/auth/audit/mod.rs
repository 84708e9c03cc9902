//! The audit log as a table: append-only, one chain of all nodes, written beside the requests.

mod append;
mod chain;
mod event;
mod query;
mod verify;
mod writer;

pub use append::{append_within, remove_some, write_now};
pub use chain::{Fault, Keys};
pub use event::{ActorKind, AuditEvent};
pub use query::{AuditPage, AuditQuery, HourCount, counts, list, to_json};
pub use verify::{Finding, Verified, verify};
pub use writer::AuditLog;
