//! The export `chunks`: opens an answer, and makes its chunks.

use super::{Declare, plugin, report_panics, unknown};
use crate::bindings::doorward::plugin::types as raw;
use crate::bindings::exports::doorward::plugin::chunks;
use crate::error::{Error, Failure};
use crate::{Request, Response, host};

/// `chunks.open`.
///
/// # Errors
/// As [`super::handle`].
pub fn open(declare: Declare, index: u32, request: &host::RawRequest) -> Result<chunks::Opening, raw::ApiError> {
    report_panics();
    let plugin = plugin(declare);
    let Some(handler) = plugin.routes.get(index as usize) else { return Err(unknown(index)) };
    match handler(&Request::new(request)).map_err(Error::into_failure) {
        Ok(response) => Ok(response.into_opening()),
        Err(Failure::Answer(response)) => Ok(Response::from(response).into_opening()),
        Err(Failure::Refusal(error)) => Err(error),
    }
}

/// `chunks.next`.
///
/// # Errors
/// The refusal of the route's function, or 500 when it has none.
pub fn next(declare: Declare, index: u32, cursor: &str) -> Result<chunks::Chunk, raw::ApiError> {
    report_panics();
    let Some(Some(next)) = plugin(declare).chunks.get(index as usize) else { return Err(unknown(index)) };
    let cursor = serde_json::from_str(cursor).map_err(Error::from);
    cursor.and_then(|cursor| next(&cursor)).map(crate::Chunk::into_raw).map_err(Error::into_refusal)
}
