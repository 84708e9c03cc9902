//! Connections: chunked requests, slow heads, and many sockets of one address.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use super::server::{Binary, PATIENCE};

/// How long the head of a request may take.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

#[test]
fn inp_6_a_chunked_request_is_the_last_of_its_connection() {
    let server = Binary::start("", "error");
    let host = server.address;
    let next = format!("GET /api/auth/ok HTTP/1.1\r\nhost: {host}\r\n\r\n");
    for path in ["/api/auth/sign-out", "/elsewhere"] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\norigin: http://{host}\r\ncontent-type: application/json\r\n\
             transfer-encoding: chunked\r\n\r\n"
        );
        for body in ["2\r\n{}\r\n0\r\n\r\n", "0\r\n\r\n", "0\r\n\n", "2\r\n{}\r\n0\r\n\n", "0\r\nx: y\r\n\r\n"] {
            let talk = server.talk(format!("{head}{body}{next}").as_bytes());
            assert!(talk.answers() <= 1 && talk.is_closed, "{path} {body:?}: {talk:?}");
        }
        let talk = server.talk(format!("{head}2\r\n{{}}\r\n0\r\n\r\n").as_bytes());
        assert_eq!((talk.answers(), talk.is_closed), (1, true), "{path}: {talk:?}");
    }
    let kept = server.talk(format!("{next}{next}").as_bytes());
    assert_eq!((kept.answers(), kept.is_closed), (2, false), "requests without chunks share a connection: {kept:?}");
}

#[test]
fn f_10_a_later_head_has_a_limit_of_time() {
    let server = Binary::start("", "error");
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET /api/auth/ok HTTP/1.1\r\nhost: {}\r\n\r\n", server.address).unwrap();
    let mut first = [0; 12];
    stream.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    stream.write_all(b"GET /api/auth/ok HT").unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("HTTP/1.1 408 "), "{rest}");
}

/// The limit is that of each head, however long the connection has been used without a break.
#[test]
fn f_10_a_connection_that_is_always_used_stays() {
    let server = Binary::start("", "error");
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!("GET /api/auth/ok HTTP/1.1\r\nhost: {}\r\n\r\n", server.address);
    let begun = Instant::now();
    while begun.elapsed() < HEAD_TIMEOUT + Duration::from_secs(1) {
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = [0; 4096];
        let length = stream.read(&mut answer).unwrap();
        assert!(answer[..length].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..length]));
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// At its end the server closes what is idle at once, and answers what it has begun to read.
#[test]
fn f_12_an_idle_connection_is_closed_while_a_request_is_still_answered() {
    let mut server = Binary::start("", "error");
    let address = server.address;
    let connect = || {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    };
    let (mut idle, mut busy) = (connect(), connect());
    write!(idle, "GET /api/auth/ok HTTP/1.1\r\nhost: {address}\r\n\r\n").unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).unwrap();
    let body = r#"{"name":"Ada","email":"ada@example.com","password":"correct horse 1"}"#;
    let (begin, rest) = body.split_at(10);
    let head = format!(
        "POST /api/auth/sign-up/email HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    write!(busy, "{head}{begin}").unwrap();
    // An answer on a connection that came later: the request above is being read.
    assert_eq!(server.get("/api/auth/ok", "").status(), 200);
    server.terminate();
    let mut left = Vec::new();
    idle.read_to_end(&mut left).unwrap();
    // Only now does the other client go on.
    busy.write_all(rest.as_bytes()).unwrap();
    let mut answer = String::new();
    busy.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(server.ended(), "{}", server.log());
}

/// Whoever got an answer finds what was written, and a connection that waits for nothing holds the end up no longer than those
/// that do.
#[test]
fn f_12_a_server_that_ends_under_load_keeps_what_it_acknowledged() {
    let mut server = Binary::start("", "error");
    let address = server.address;
    let mut idle = TcpStream::connect(address).unwrap();
    idle.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(idle, "GET /api/auth/ok HTTP/1.1\r\nhost: {address}\r\n\r\n").unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).unwrap();
    let acknowledged = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for client in 0..6 {
            let acknowledged = &acknowledged;
            let sign_up = move |round: u32| -> std::io::Result<bool> {
                let email = format!("ada{client}.{round}@example.com");
                let body = format!("{{\"name\":\"Ada\",\"email\":\"{email}\",\"password\":\"correct horse 1\"}}");
                let mut stream = TcpStream::connect(address)?;
                write!(
                    stream,
                    "POST /api/auth/sign-up/email HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\n\
                     connection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                )?;
                let mut answer = String::new();
                stream.read_to_string(&mut answer)?;
                let is_done = answer.starts_with("HTTP/1.1 200 ");
                if is_done {
                    acknowledged.lock().unwrap().push(email);
                }
                Ok(is_done)
            };
            scope.spawn(move || (0..).take_while(|round| sign_up(*round).unwrap_or(false)).count());
        }
        while acknowledged.lock().unwrap().len() < 12 {
            std::thread::sleep(Duration::from_millis(5));
        }
        server.terminate();
    });
    let mut rest = String::new();
    idle.read_to_string(&mut rest).unwrap();
    assert!(server.ended(), "{}", server.log());
    let database = String::from_utf8_lossy(&server.database()).into_owned();
    let acknowledged = acknowledged.into_inner().unwrap();
    let lost: Vec<&String> = acknowledged.iter().filter(|email| !database.contains(*email)).collect();
    assert!(lost.is_empty(), "{lost:?} of {}", acknowledged.len());
}

async fn connect_from(source: &str, server: SocketAddr) -> std::io::Result<tokio::net::TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(source.parse().unwrap())?;
    socket.connect(server).await
}

/// The head of the answer to a `GET`; empty when the connection was closed.
async fn ask(stream: &mut tokio::net::TcpStream) -> String {
    let request = b"GET /api/auth/ok HTTP/1.1\r\nhost: localhost\r\n\r\n";
    if stream.write_all(request).await.is_err() {
        return String::new();
    }
    let mut answer = [0; 12];
    let read = tokio::time::timeout(PATIENCE, stream.read(&mut answer)).await.unwrap();
    String::from_utf8_lossy(&answer[..read.unwrap_or(0)]).into_owned()
}

#[tokio::test]
async fn f_11_the_sockets_of_one_address_lock_nobody_else_out() {
    let server = Binary::start("server.max_connections_per_address = 20", "error");
    let mut held = Vec::new();
    let mut refused = 0;
    for _ in 0..60 {
        let mut stream = connect_from("127.0.0.1:0", server.address).await.unwrap();
        if ask(&mut stream).await == "HTTP/1.1 200" {
            held.push(stream);
        } else {
            refused += 1;
        }
    }
    assert_eq!((held.len(), refused), (20, 40));
    let mut other = connect_from("127.0.0.2:0", server.address).await.unwrap();
    assert_eq!(ask(&mut other).await, "HTTP/1.1 200");
    drop(held);
    let mut again = false;
    for _ in 0..1000 {
        let mut stream = connect_from("127.0.0.1:0", server.address).await.unwrap();
        again = ask(&mut stream).await == "HTTP/1.1 200";
        if again {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(again, "what was closed is free again");
}
