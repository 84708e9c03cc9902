//! Answers that are too large to be held: made and sent chunk by chunk.
//!
//! Called by the server as the client takes the answer, each chunk in an instance of its own. What a chunk has to know stands
//! in the cursor of the one before it: who may see what, and the last row that was sent. There is no request any more.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! use doorward_sdk::fake::{self, RawRequest};
//!
//! fn export(request: &Request, (): ()) -> Result<Response> {
//!     Response::chunked("text/csv; charset=utf-8", &json!({ "after": 0 }))
//! }
//!
//! fn lines(cursor: &Value) -> Result<Chunk> {
//!     let after = cursor["after"].as_u64().unwrap_or_default();
//!     let line = format!("{after},{}\n", after * after);
//!     if after < 3 { Chunk::more(line, &json!({ "after": after + 1 })) } else { Ok(Chunk::last(line)) }
//! }
//!
//! let plugin = Plugin::new("squares", "1.0.0").route(Route::get("/squares", export).in_chunks(1 << 30, lines));
//! let answer = RawRequest::get("/squares", &[]).send(&plugin)?;
//! assert_eq!(fake::text(&answer), "0,0\n1,1\n2,4\n3,9\n");
//! # Ok::<(), Error>(())
//! ```

use crate::bindings::exports::doorward::plugin::chunks as raw;
use crate::error::Result;
use serde::Serialize;
use serde_json::Value;

pub(crate) const NOT_IN_CHUNKS: &str = "only a route with `in_chunks` answers in chunks";

/// Makes the chunk at a cursor.
pub(crate) type ChunkFn = fn(&Value) -> Result<Chunk>;

/// A part of an answer.
///
/// ```
/// use doorward_sdk::{Chunk, Result, serde_json::Value};
/// fn only_one(_cursor: &Value) -> Result<Chunk> {
///     Ok(Chunk::last("id,name\n"))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Chunk {
    pub(crate) bytes: Vec<u8>,
    pub(crate) cursor: Option<String>,
}

impl Chunk {
    /// The last part of the answer, which may be empty.
    ///
    /// ```
    /// use doorward_sdk::Chunk;
    /// let end = Chunk::last("7,Ada\n");
    /// ```
    pub fn last(bytes: impl Into<Vec<u8>>) -> Chunk {
        Chunk { bytes: bytes.into(), cursor: None }
    }

    /// A part that is not empty, and what the next one is made from.
    ///
    /// ```
    /// use doorward_sdk::{Chunk, serde_json::json};
    /// let part = Chunk::more("7,Ada\n", &json!({ "after": "7" }))?;
    /// # Ok::<(), doorward_sdk::Error>(())
    /// ```
    ///
    /// # Errors
    /// 500 when the cursor cannot be written as JSON.
    pub fn more(bytes: impl Into<Vec<u8>>, cursor: &impl Serialize) -> Result<Chunk> {
        Ok(Chunk { bytes: bytes.into(), cursor: Some(serde_json::to_string(cursor)?) })
    }

    pub(crate) fn into_raw(self) -> raw::Chunk {
        raw::Chunk { bytes: self.bytes, cursor: self.cursor }
    }
}
