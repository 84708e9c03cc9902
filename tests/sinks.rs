//! Receivers of mail on this machine: a mail server and a webhook, which can refuse, stall and be down.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};

/// What a receiver got, oldest first.
#[derive(Clone, Default)]
pub struct Received(Arc<Mutex<Vec<String>>>, Arc<Notify>);

impl Received {
    fn push(&self, text: String) {
        self.0.lock().unwrap().push(text);
        self.1.notify_waiters();
    }

    /// The first `count` texts, once there are so many.
    pub async fn take(&self, count: usize) -> Vec<String> {
        let arrive = async {
            loop {
                let more = self.1.notified();
                let texts = self.0.lock().unwrap().clone();
                if texts.len() >= count {
                    return texts;
                }
                _ = tokio::time::timeout(Duration::from_millis(50), more).await;
            }
        };
        let arrived = tokio::time::timeout(Duration::from_secs(60), arrive).await;
        arrived.unwrap_or_else(|_| panic!("{count} should arrive, and what came is {:#?}", self.0.lock().unwrap()))
    }

    pub fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

/// A mail server: the envelope and the message of each mail, as they came over the wire.
pub struct SmtpSink {
    pub port: u16,
    pub received: Received,
}

impl SmtpSink {
    /// Starts one that answers a message with `verdict`: `250 …` takes it, `4…` and `5…` refuse it.
    pub async fn start(verdict: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sink = Self { port: listener.local_addr().unwrap().port(), received: Received::default() };
        let received = sink.received.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve_smtp(stream, verdict, received.clone()));
            }
        });
        sink
    }
}

async fn serve_smtp(stream: TcpStream, verdict: &str, received: Received) -> Option<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 sink\r\n").await.ok()?;
    let mut text = String::new();
    let mut line = String::new();
    let mut in_message = false;
    loop {
        line.clear();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let answer = match (in_message, line.trim_end()) {
            (true, ".") => {
                in_message = false;
                received.push(std::mem::take(&mut text));
                verdict
            }
            (true, _) => {
                text.push_str(&line);
                continue;
            }
            (false, "DATA") => {
                in_message = true;
                "354 go on"
            }
            (false, "QUIT") => "221 bye",
            (false, command) => {
                if command.starts_with("MAIL") || command.starts_with("RCPT") {
                    text.push_str(&line);
                }
                "250 ok"
            }
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
}

/// A webhook: head and body of each request.
pub struct HttpSink {
    pub port: u16,
    pub received: Received,
    /// Requests are answered only while there are permits.
    pub permits: Arc<Semaphore>,
}

impl HttpSink {
    /// Starts one on `port` (0 for any free one) that answers with these statuses in turn, the last one for ever.
    pub async fn start(port: u16, statuses: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let permits = Arc::new(Semaphore::new(1000));
        let port = listener.local_addr().unwrap().port();
        let sink = Self { port, received: Received::default(), permits };
        let (received, permits) = (sink.received.clone(), Arc::clone(&sink.permits));
        tokio::spawn(async move {
            let mut statuses = statuses.iter().peekable();
            while let Ok((stream, _)) = listener.accept().await {
                let status = if statuses.len() > 1 { statuses.next() } else { statuses.peek().copied() };
                tokio::spawn(serve_http(stream, status.copied().unwrap(), received.clone(), Arc::clone(&permits)));
            }
        });
        sink
    }
}

async fn serve_http(stream: TcpStream, status: &str, received: Received, permits: Arc<Semaphore>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    let mut length = 0;
    loop {
        let start = head.len();
        if stream.read_line(&mut head).await.ok()? == 0 {
            return None;
        }
        let line = head[start..].trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    received.push(format!("{head}{}", String::from_utf8(body).unwrap()));
    let _permit = permits.acquire().await.ok()?;
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).await.ok()
}
