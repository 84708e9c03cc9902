//! The body of a request that is too large to be held, read chunk by chunk.
//!
//! For a route that declares it with [`Route::reads_chunks`](crate::Route::reads_chunks), and not while a transaction is open.
//! What is written between two chunks stays when the client leaves: mark what is whole at the end.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! use doorward_sdk::fake::{self, RawRequest};
//!
//! fn measure(_request: &Request, (): ()) -> Result<Response> {
//!     let (mut bytes, mut chunks) = (0, 0);
//!     while let Some(chunk) = bodies::read()? {
//!         bytes += chunk.len();
//!         chunks += 1;
//!     }
//!     Response::json(&json!({ "bytes": bytes, "chunks": chunks }))
//! }
//!
//! let route = Route::put("/upload", measure).accepts(&["video/*"]).reads_chunks(1 << 30);
//! let sent = RawRequest::new("PUT", "/upload").with_bytes("video/mp4", vec![7; 100_000]);
//! let answer = sent.send(&Plugin::new("uploads", "1.0.0").route(route))?;
//! assert_eq!(fake::body(&answer), json!({ "bytes": 100_000, "chunks": 2 }));
//! # Ok::<(), Error>(())
//! ```

use crate::error::Result;
use crate::host;

/// The next 65536 bytes of the body, or what is left; none at its end.
///
/// ```
/// use doorward_sdk::prelude::*;
/// fn first(_request: &Request, (): ()) -> Result<Response> {
///     Response::json(&bodies::read()?.map(|chunk| chunk.len()))
/// }
/// # _ = Route::put("/first", first);
/// ```
///
/// # Errors
/// `denied` where no body is read so, `invalid` while a transaction is open.
pub fn read() -> Result<Option<Vec<u8>>> {
    Ok(host::bodies::read()?)
}
