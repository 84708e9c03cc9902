//! One connection: its socket, with the limits of time that actix does not have, and where its requests stand.
//!
//! actix limits the first head of a connection alone, waits for ever for a client that takes no answer, and answers what
//! follows a chunked request (CVE-2026-134342).

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep, sleep_until};
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

use super::gate::Admission;

/// How long a client may take to send the head of a request.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a client may take nothing of its answer.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
const LATE: &[u8] = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Where the requests of one connection stand.
#[derive(Clone)]
pub struct Progress(Rc<Cell<Stage>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The first head has not come; actix limits it.
    New,
    /// Answers are made.
    Busy,
    /// The last answer is made, and nothing of another request has come.
    Idle,
    /// A later head has begun.
    Head,
    /// The request that is answered is the last one.
    Last,
    /// The last answer waits to be written.
    Written(bool),
    /// Nothing is read or written any more.
    Over,
}

impl Progress {
    /// A request begins. False when none may follow the one before: then the connection is to be dropped.
    pub fn begin(&self, is_last: bool) -> bool {
        let is_allowed = !matches!(self.0.get(), Stage::Last | Stage::Written(_) | Stage::Over);
        if is_allowed {
            self.0.set(if is_last { Stage::Last } else { Stage::Busy });
        }
        is_allowed
    }

    /// Whether no request may follow the one that is answered.
    pub fn is_last(&self) -> bool {
        self.0.get() == Stage::Last
    }

    /// The answer is made.
    pub fn end(&self) {
        if self.0.get() == Stage::Busy {
            self.0.set(Stage::Idle);
        }
    }

    /// Waits until the last answer is written, then drops the connection.
    pub fn poll_written(&self, _: &mut Context<'_>) -> Poll<()> {
        if self.0.get() == Stage::Written(true) {
            self.cut();
            return Poll::Ready(());
        }
        self.0.set(Stage::Written(false));
        Poll::Pending
    }

    /// Drops the connection at its next read or write.
    pub fn cut(&self) {
        self.0.set(Stage::Over);
    }
}

/// What a connection's bytes go through: the socket itself, or TLS over it.
pub type Transport = Either<TcpStream, Box<TlsStream<TcpStream>>>;

/// The socket of one connection.
pub struct Connection {
    stream: Transport,
    progress: Progress,
    /// When the head that has begun must be there.
    head_ends_at: Instant,
    /// Rings then or, for an earlier head, before: requests follow each other faster than it is set.
    head_timer: Option<Pin<Box<Sleep>>>,
    write_timer: Option<Pin<Box<Sleep>>>,
    /// Counts the connection while it is open.
    _admission: Option<Admission>,
}

impl Connection {
    /// A connection that has just been made.
    pub fn new(stream: Transport, admission: Option<Admission>) -> Self {
        let progress = Progress(Rc::new(Cell::new(Stage::New)));
        let head_ends_at = Instant::now();
        Self { stream, progress, head_ends_at, head_timer: None, write_timer: None, _admission: admission }
    }

    /// Where its requests stand.
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    fn check_open(&self) -> io::Result<()> {
        if self.progress.0.get() == Stage::Over { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }

    /// Fails when a later head takes too long; says so to the client first.
    fn poll_head_timer(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if self.progress.0.get() != Stage::Head {
            return Ok(());
        }
        let ends_at = self.head_ends_at;
        let timer = self.head_timer.get_or_insert_with(|| Box::pin(sleep_until(ends_at)));
        loop {
            if timer.as_mut().poll(cx).is_pending() {
                return Ok(());
            }
            if timer.deadline() >= ends_at {
                break;
            }
            timer.as_mut().reset(ends_at);
        }
        // Nothing else is being written, and whoever does not take it would not read it either.
        _ = Pin::new(&mut self.stream).poll_write(cx, LATE);
        self.progress.cut();
        Err(io::ErrorKind::TimedOut.into())
    }

    /// Fails when the client takes nothing for too long.
    fn poll_write_timer(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let timer = self.write_timer.get_or_insert_with(|| Box::pin(sleep(WRITE_TIMEOUT)));
        if timer.as_mut().poll(cx).is_pending() { Ok(()) } else { Err(io::ErrorKind::TimedOut.into()) }
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check_open()?;
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before && self.progress.0.get() == Stage::Idle {
            self.progress.0.set(Stage::Head);
            self.head_ends_at = Instant::now() + HEAD_TIMEOUT;
        }
        self.poll_head_timer(cx)?;
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check_open()?;
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if written.is_pending() {
            self.poll_write_timer(cx)?;
            return Poll::Pending;
        }
        self.write_timer = None;
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // actix flushes when all bytes are written.
        if self.progress.0.get() == Stage::Written(false) {
            self.progress.0.set(Stage::Written(true));
            cx.waker().wake_by_ref();
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        Poll::Ready(Ok(()))
    }
}
