//! Bodies that the plugin reads chunk by chunk, and answers that it makes so.

use super::duty::{self, Sight};
use super::run::during;
use super::with;
use crate::bindings::doorward::plugin::types::HostError;
use crate::{Error, Plugin, Response};
use doorward_contract::{Moment, RouteRule};
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

/// The whole answer of a route, whose chunks are made one after the other.
pub(super) fn whole(
    plugin: &Plugin,
    (place, rule): (usize, &RouteRule),
    mut answer: Response,
) -> Result<Response, Error> {
    let Some(mut cursor) = answer.cursor.take() else { return Ok(answer) };
    let (Some(Some(next)), Some(most)) = (plugin.chunks.get(place), rule.most_answer_bytes) else {
        return Err(Error::new(500, "CHUNKS", crate::guest::NOT_IN_CHUNKS));
    };
    loop {
        let at = serde_json::from_str(&cursor)?;
        let chunk = during(plugin, Moment::Chunk, Sight::default(), || next(&at))?;
        answer.body.extend(&chunk.bytes);
        if answer.body.len() as u64 > most {
            return Err(Error::new(500, "CHUNKS", format!("the answer is longer than {most} bytes")));
        }
        match chunk.cursor {
            None => return Ok(answer),
            Some(_) if chunk.bytes.is_empty() => {
                return Err(Error::new(500, "CHUNKS", "a chunk that is not the last one is empty"));
            }
            Some(next) => cursor = next,
        }
    }
}
