//! Bodies that are too large to be held: one that a client sends, and one that is made while a client takes it.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{Mutex, mpsc};

/// Bytes of each chunk of a request's body but the last.
pub const CHUNK_BYTES: usize = 64 << 10;
/// Chunks that lie between who reads the connection and who works on them.
const AHEAD: usize = 2;

/// Why the rest of a request's body does not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UploadFault {
    /// The client has left, or sends what is no body.
    #[error("the client left before its body was there")]
    Broken,
    /// The client sends nothing.
    #[error("the client sent nothing for too long")]
    Slow,
    /// It is longer than the endpoint takes.
    #[error("the body is longer than the endpoint takes")]
    TooLong,
}

/// A chunk of a body, or why it does not come.
pub type Received = Result<Bytes, UploadFault>;

/// The body of a request, which comes chunk by chunk. Clones are the same body.
#[derive(Clone)]
pub struct Upload(Arc<Mutex<mpsc::Receiver<Received>>>);

impl Upload {
    /// A body, and where its chunks are put.
    pub fn new() -> (mpsc::Sender<Received>, Self) {
        let (sender, receiver) = mpsc::channel(AHEAD);
        (sender, Self(Arc::new(Mutex::new(receiver))))
    }

    /// A body that is there already.
    pub fn of(body: &Bytes) -> Self {
        let (sender, receiver) = mpsc::channel((body.len() / CHUNK_BYTES + 1).max(1));
        let mut rest = body.clone();
        while !rest.is_empty() {
            // There is room for all.
            _ = sender.try_send(Ok(rest.split_to(rest.len().min(CHUNK_BYTES))));
        }
        Self(Arc::new(Mutex::new(receiver)))
    }

    /// The next chunk, when it is there or the body has ended: `None` at its end.
    pub fn ready(&self) -> Option<Option<Received>> {
        match self.0.try_lock().ok()?.try_recv() {
            Ok(chunk) => Some(Some(chunk)),
            Err(mpsc::error::TryRecvError::Disconnected) => Some(None),
            Err(mpsc::error::TryRecvError::Empty) => None,
        }
    }

    /// Waits for the next chunk: `None` at the body's end.
    pub async fn next(&self) -> Option<Received> {
        self.0.lock().await.recv().await
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upload")
    }
}

/// An answer was cut off; whoever cut it has logged why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer was cut off")]
pub struct CutOff;

/// Makes the chunks of an answer.
#[async_trait]
pub trait Chunks: Send + Sync {
    /// The chunk at `cursor`, after so many bytes of the body, and where the next one is made from.
    ///
    /// # Errors
    /// When the rest cannot be made.
    async fn next(&self, cursor: &str, sent: u64) -> Result<(Bytes, Option<String>), CutOff>;
}

/// What comes after the bytes of an answer's body, made when it is asked for.
#[derive(Clone)]
pub struct Rest {
    /// Who makes it.
    pub source: Arc<dyn Chunks>,
    /// What the next chunk is made from.
    pub cursor: String,
    /// Bytes before it.
    pub sent: u64,
}

/// Makes nothing.
struct Nothing;

#[async_trait]
impl Chunks for Nothing {
    async fn next(&self, _cursor: &str, _sent: u64) -> Result<(Bytes, Option<String>), CutOff> {
        Ok((Bytes::new(), None))
    }
}

impl Rest {
    /// In its place, one that is over at once.
    pub fn left_out(self) -> Self {
        Self { source: Arc::new(Nothing), ..self }
    }

    /// The next chunk, and what comes after it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn next(self) -> Result<(Bytes, Option<Self>), CutOff> {
        let (bytes, cursor) = self.source.next(&self.cursor, self.sent).await?;
        let sent = self.sent.saturating_add(bytes.len() as u64);
        Ok((bytes, cursor.map(|cursor| Self { cursor, sent, ..self })))
    }
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rest").field("sent", &self.sent).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_that_is_there_comes_in_chunks() {
        let of = async |length: usize| {
            let upload = Upload::of(&vec![7; length].into());
            let mut lengths = Vec::new();
            while let Some(chunk) = upload.next().await {
                lengths.push(chunk.unwrap().len());
            }
            lengths
        };
        assert_eq!(of(0).await, [0; 0]);
        assert_eq!(of(CHUNK_BYTES).await, [CHUNK_BYTES]);
        assert_eq!(of(CHUNK_BYTES * 2 + 1).await, [CHUNK_BYTES, CHUNK_BYTES, 1]);
    }

    #[test]
    fn what_has_not_come_is_no_end() {
        let (sender, upload) = Upload::new();
        assert_eq!(upload.ready(), None);
        sender.try_send(Err(UploadFault::Slow)).unwrap();
        assert_eq!(upload.ready(), Some(Some(Err(UploadFault::Slow))));
        drop(sender);
        assert_eq!(upload.ready(), Some(None));
    }
}
