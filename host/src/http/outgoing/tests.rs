//! What reaches another server, what does not, and what comes back, over real sockets.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use super::*;

/// A server that answers every connection with these bytes, and says what it was sent.
fn serve(answer: Vec<u8>) -> (u16, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = std::sync::mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = [0; 4096];
            let length = stream.read(&mut buffer).unwrap_or(0);
            _ = sender.send(String::from_utf8_lossy(&buffer[..length]).into_owned());
            _ = stream.write_all(&answer);
        }
    });
    (port, receiver)
}

fn client(hosts: &[&str], allows_private: bool, allows_http: bool) -> Client {
    Client::new(Rules::new(hosts.iter().copied(), allows_private, allows_http).unwrap(), Permits::default())
}

fn get(url: &str) -> Request {
    Request { method: "GET".into(), url: url.into(), headers: Vec::new(), body: None, timeout: LONGEST }
}

#[tokio::test]
async fn a_request_arrives_and_its_answer_comes_back() {
    let (port, seen) = serve(b"HTTP/1.1 418 Teapot\r\nX-Kind: tea\r\ncontent-length: 2\r\n\r\nhi".to_vec());
    let client = client(&[&format!("localhost:{port}")], true, true);
    let mut request = get(&format!("http://localhost:{port}/brew?x=1"));
    request.method = "POST".into();
    request.headers = vec![("X-Sugar".into(), "2".into())];
    request.body = Some(b"leaves".to_vec());
    let answer = client.send(request).await.unwrap();
    assert_eq!((answer.status, answer.body), (418, b"hi".to_vec()));
    assert!(answer.headers.contains(&("x-kind".into(), "tea".into())), "{:?}", answer.headers);
    let seen = seen.recv().unwrap().to_lowercase();
    for part in ["post /brew?x=1 http/1.1\r\n", "x-sugar: 2\r\n", "content-length: 6\r\n", "user-agent: doorward/"] {
        assert!(seen.contains(part), "{seen}");
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let (target, reached) = serve(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec());
    let to = format!("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{target}/\r\ncontent-length: 0\r\n\r\n");
    let (port, _seen) = serve(to.into_bytes());
    let client = client(&[&format!("127.0.0.1:{port}"), &format!("127.0.0.1:{target}")], true, true);
    let answer = client.send(get(&format!("http://127.0.0.1:{port}/"))).await.unwrap();
    assert_eq!(answer.status, 302);
    assert!(reached.try_recv().is_err());
}

#[tokio::test]
async fn answers_are_bounded() {
    for (name, head) in [("length", "content-length: 2000000\r\n"), ("close", "connection: close\r\n")] {
        let body = "x".repeat(MOST_BYTES + 1);
        let (port, _seen) = serve(format!("HTTP/1.1 200 OK\r\n{head}\r\n{body}").into_bytes());
        let client = client(&[&format!("127.0.0.1:{port}")], true, true);
        assert_eq!(client.send(get(&format!("http://127.0.0.1:{port}/"))).await, Err(Failure::TooLarge), "{name}");
    }
    let headers = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(200_000));
    let (port, _seen) = serve(headers.into_bytes());
    let client = client(&[&format!("127.0.0.1:{port}")], true, true);
    assert!(client.send(get(&format!("http://127.0.0.1:{port}/"))).await.is_err());
}

#[tokio::test]
async fn silence_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = client(&[&format!("127.0.0.1:{port}")], true, true);
    let request = Request { timeout: Duration::from_millis(50), ..get(&format!("http://127.0.0.1:{port}/")) };
    assert_eq!(client.send(request).await, Err(Failure::TimedOut));
    drop(listener);
    assert_eq!(client.send(get(&format!("http://127.0.0.1:{port}/"))).await, Err(Failure::Unreachable));
}

#[tokio::test]
async fn nobody_waits_for_a_turn_for_ever() {
    let permits = Permits { threads: Arc::new(Semaphore::new(0)), instead: None };
    let client = Client::new(Rules::new(["example.com"], false, false).unwrap(), permits);
    let request = Request { timeout: Duration::from_millis(10), ..get("https://example.com/") };
    assert_eq!(client.send(request).await, Err(Failure::TimedOut));
}

/// OA-1 of the red team: whatever a name resolves to is checked, and every spelling of an address is one.
#[tokio::test]
async fn private_places_are_out_of_reach() {
    let (port, seen) = serve(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec());
    let hosts = [
        "127.0.0.1",
        "localhost",
        "x.localhost",
        "169.254.169.254",
        "[::1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::1]",
        "0.0.0.0",
    ];
    let with_port: Vec<String> = hosts.iter().map(|host| format!("{host}:{port}")).collect();
    let all: Vec<&str> = with_port.iter().map(String::as_str).collect();
    let careful = client(&all, false, true);
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "2130706433",
        "0177.0.0.1",
        "localhost",
        "x.localhost",
        "LOCALHOST",
        "169.254.169.254",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::0.0.0.1]",
        "0.0.0.0",
        "0",
    ] {
        let failure = careful.send(get(&format!("http://{host}:{port}/"))).await.unwrap_err();
        assert!(matches!(failure, Failure::Denied(_)), "{host}: {failure:?}");
    }
    // With the network's own allowed, what stands for nobody still is not.
    let open = client(&all, true, true);
    for host in ["169.254.169.254", "[64:ff9b::0.0.0.1]", "0.0.0.0"] {
        let failure = open.send(get(&format!("http://{host}:{port}/"))).await.unwrap_err();
        assert!(matches!(failure, Failure::Denied(_)), "{host}: {failure:?}");
    }
    assert!(seen.try_recv().is_err(), "nothing arrived");
    assert_eq!(open.send(get(&format!("http://127.1:{port}/"))).await.unwrap().status, 200);
}

/// A name that resolves to this machine, though nothing in the name says so.
#[test]
fn what_a_name_leads_to_is_checked() {
    use ureq::unversioned::resolver::Resolver;
    use ureq::unversioned::transport::NextTimeout;
    use ureq::unversioned::transport::time::Duration;
    let timeout =
        || NextTimeout { after: Duration::NotHappening, reason: ureq::Timeout::Resolve, ..NextTimeout::default() };
    let (careful, open) = (PublicResolver::new(false), PublicResolver::new(true));
    let uri = "https://localhost:1/".parse().unwrap();
    let config = ureq::config::Config::default();
    let failed = careful.resolve(&uri, &config, timeout()).unwrap_err();
    assert!(matches!(super::failure(failed), Failure::Denied(text) if text.contains("localhost")));
    assert!(open.resolve(&uri, &config, timeout()).is_ok());
    // The proxy itself may be anywhere; what is asked through it may not.
    let proxied = Agent::config_builder().proxy(Some(ureq::Proxy::new("http://127.0.0.1:3128").unwrap())).build();
    assert!(careful.resolve(proxied.proxy().unwrap().uri(), &proxied, timeout()).is_ok());
    assert!(careful.resolve(&uri, &proxied, timeout()).is_err());
}

#[test]
fn hosts_are_matched_exactly_or_below_a_suffix() {
    let rules =
        Rules::new(["api.example.com", "*.example.org", "dev.example.com:8443", "BÜCHER.example"], false, false);
    let rules = rules.unwrap();
    for url in [
        "https://api.example.com/x",
        "https://API.example.com:443/",
        "https://a.example.org",
        "https://a.b.example.org/",
        "https://dev.example.com:8443/",
        "https://bücher.example/",
    ] {
        assert!(rules.check(url).is_ok(), "{url}");
    }
    for url in [
        "https://example.com/",
        "https://api.example.com.evil.example/",
        "https://evilapi.example.com/",
        "https://example.org/",
        "https://evilexample.org/",
        "https://.example.org/",
        "https://api.example.com:8443/",
        "https://dev.example.com/",
        "https://api.example.com./",
        "https://evil.example/?https://api.example.com/",
    ] {
        assert!(matches!(rules.check(url), Err(Failure::Denied(_))), "{url}: {:?}", rules.check(url));
    }
    assert!(
        matches!(rules.check("http://api.example.com/"), Err(Failure::Denied(text)) if text.contains("allow_http"))
    );
    for url in [
        "",
        "x",
        "//api.example.com/",
        "ftp://api.example.com/",
        "https://u@api.example.com/",
        "https://api.example.com@evil.example/",
        "https://api.example.com/#x",
        "https://",
    ] {
        assert!(matches!(rules.check(url), Err(Failure::Invalid(_))), "{url}: {:?}", rules.check(url));
    }
}

#[test]
fn what_is_no_host_is_no_rule() {
    for host in [
        "",
        "*",
        "*.com",
        "*.",
        "a/b",
        "https://a.example",
        "u@a.example",
        "*.1.2.3.4",
        "a.*.example",
        "a.example:",
        "a b",
    ] {
        assert!(Rules::new([host], false, false).is_err(), "{host}");
    }
}

#[tokio::test]
async fn malformed_requests_are_refused() {
    let client = client(&["example.com"], false, false);
    let base = || get("https://example.com/");
    let header = |name: &str, value: &str| Request { headers: vec![(name.into(), value.into())], ..base() };
    for request in [
        Request { method: "CONNECT".into(), ..base() },
        Request { method: "get".into(), ..base() },
        Request { method: "GET / HTTP/1.1\r\nx: y".into(), ..base() },
        Request { body: Some(Vec::new()), ..base() },
        Request { method: "POST".into(), body: Some(vec![0; MOST_BYTES + 1]), ..base() },
        Request { headers: vec![("x".into(), "y".into()); MOST_HEADERS + 1], ..base() },
        header("Host", "evil.example"),
        header("Transfer-Encoding", "chunked"),
        header("x", "a\r\nb: c"),
        header("x y", "z"),
        header("", "z"),
    ] {
        assert!(matches!(client.send(request).await, Err(Failure::Invalid(_))));
    }
}
