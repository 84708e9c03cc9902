//! What a script can read, say and call.
//!
//! Flat: each file is one part of the language, and the parts use each other.

pub(super) mod api;
pub(super) mod api_text;
pub(super) mod asking;
pub(super) mod closures;
pub(super) mod context;
pub(super) mod declare;
pub(super) mod directive;
pub(super) mod engine;
pub(super) mod facts;
pub(super) mod functions;
pub(super) mod headers;
pub(super) mod json;
pub(super) mod native;
pub(super) mod outcome;
pub(super) mod running;
