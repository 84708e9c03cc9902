//! What functions of scripts return, and the sizes that they keep.

use rhai::EvalAltResult;

/// The result of a function that scripts call.
pub type Native<T> = Result<T, Box<EvalAltResult>>;

/// Largest script, in bytes: parsing is not metered, so that the text is bounded before it.
pub const MAX_SCRIPT_BYTES: usize = 64 * 1024;
/// Longest text, and longest sum of the texts in one value, in bytes.
pub const MAX_TEXT_BYTES: usize = 64 * 1024;
/// Most items of one value, nested ones included.
pub const MAX_ITEMS: usize = 1_000;

/// Most memory that one call may hold at a time, in bytes.
pub const MAX_MEMORY_BYTES: i64 = 8 * 1024 * 1024;
/// Most variables that the closures of one call share.
pub const MAX_SHARED: usize = 1_000;
/// Most operations of one call.
pub const MAX_OPERATIONS: u64 = 100_000;
