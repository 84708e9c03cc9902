//! Bodies that the plugin reads chunk by chunk.

use super::{duty, with};
use crate::bindings::doorward::plugin::types::HostError;
use std::collections::VecDeque;

const CHUNK_BYTES: usize = 64 << 10;

/// What a route reads.
pub mod bodies {
    use super::{HostError, duty, with};

    pub fn read() -> Result<Option<Vec<u8>>, HostError> {
        at_its_time!("bodies", "read");
        duty::chunks_of_body()?;
        Ok(with(|world| world.upload.pop_front()))
    }
}

/// Lays the body of a request out for [`bodies::read`].
pub(super) fn lay_out(bytes: Option<&[u8]>) {
    let chunks = bytes.unwrap_or_default().chunks(CHUNK_BYTES).map(<[u8]>::to_vec);
    let chunks: VecDeque<Vec<u8>> = chunks.collect();
    with(|world| world.upload = chunks);
}
