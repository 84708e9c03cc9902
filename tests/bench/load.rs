//! A load generator: keep-alive connections on threads of their own, each asking again as soon as it is answered.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;

/// Requests, asked in turn again and again, and the status that each must be answered with.
#[derive(Clone)]
pub struct Target {
    pub port: u16,
    pub requests: Vec<Vec<u8>>,
    pub status: u16,
}

/// What an answer is looked at for.
pub struct Answer {
    pub status: u16,
    pub head: String,
}

/// `GET path`, with a cookie or without.
pub fn get(path: &str, cookie: Option<&str>) -> Vec<u8> {
    let cookie = cookie.map(|cookie| format!("cookie: {cookie}\r\n")).unwrap_or_default();
    request("GET", path, &cookie, "")
}

/// `POST path` with a JSON body.
pub fn post(path: &str, body: &str) -> Vec<u8> {
    request("POST", path, "", body)
}

/// Any request; `headers` are whole lines. A body is JSON.
pub fn request(method: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
    let usual = "host: 127.0.0.1\r\nuser-agent: bench\r\naccept: */*\r\n";
    let of_body = match body.len() {
        0 => String::new(),
        length => format!("content-type: application/json\r\ncontent-length: {length}\r\n"),
    };
    format!("{method} {path} HTTP/1.1\r\n{usual}{headers}{of_body}\r\n{body}").into_bytes()
}

/// One keep-alive connection.
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub fn connect(port: u16) -> Outcome<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self { stream, buffer: vec![0; 16 * 1024] })
    }

    /// Sends the request and reads the whole answer, which must have a `content-length`.
    pub fn ask(&mut self, request: &[u8]) -> Outcome<Answer> {
        self.stream.write_all(request)?;
        let mut filled = 0;
        loop {
            let free = self.buffer.get_mut(filled..).ok_or("an answer is too long")?;
            match self.stream.read(free)? {
                0 => return Err("the server closed the connection".into()),
                count => filled += count,
            }
            if let Some(answer) = answer_in(self.buffer.get(..filled).unwrap_or_default())? {
                return Ok(answer);
            }
        }
    }

    /// Asks the request whose turn it is.
    pub fn ask_for(&mut self, target: &Target, turn: usize) -> Outcome<()> {
        let request = target.requests.get(turn % target.requests.len().max(1)).ok_or("there is nothing to ask")?;
        let answer = self.ask(request)?;
        if answer.status == target.status {
            return Ok(());
        }
        Err(format!("answered {} instead of {}:\n{}", answer.status, target.status, answer.head).into())
    }
}

/// The answer in what was read, when all of it is there. It must have a `content-length`.
pub fn answer_in(read: &[u8]) -> Outcome<Option<Answer>> {
    let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = String::from_utf8_lossy(read.get(..end).unwrap_or_default()).into_owned();
    let length = header(&head, "content-length").and_then(|length| length.parse::<usize>().ok());
    if read.len() < end + 4 + length.ok_or("an answer has no length")? {
        return Ok(None);
    }
    let status = head.get(9..12).and_then(|status| status.parse().ok()).ok_or("an answer has no status")?;
    Ok(Some(Answer { status, head }))
}

/// The first value of a header, by its lower-case name.
pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// How many answers came, and in what time: until the last of them.
pub struct Load {
    pub answers: u32,
    pub elapsed: Duration,
}

impl Load {
    pub fn per_sec(&self) -> f64 {
        f64::from(self.answers) / self.elapsed.as_secs_f64()
    }
}

/// Asks on so many connections at once until `length` is over, then waits for what is in flight.
pub fn closed_loop(target: &Target, connections: usize, length: Duration) -> Outcome<Load> {
    let start = Instant::now();
    let one = |mut turn: usize| -> Outcome<u32> {
        let mut client = Client::connect(target.port)?;
        let mut answers = 0;
        while start.elapsed() < length {
            client.ask_for(target, turn)?;
            answers += 1;
            turn += connections;
        }
        Ok(answers)
    };
    let answers = thread::scope(|scope| {
        let threads: Vec<_> = (0..connections).map(|number| scope.spawn(move || one(number))).collect();
        let answers = threads.into_iter().map(|thread| thread.join().map_err(|_| "a client panicked")?);
        answers.sum::<Outcome<u32>>()
    })?;
    Ok(Load { answers, elapsed: start.elapsed() })
}

/// Times of single requests, one every few milliseconds on one connection, in ascending order.
pub fn latencies(target: &Target, length: Duration) -> Outcome<Vec<Duration>> {
    const PAUSE: Duration = Duration::from_millis(1);
    let mut client = Client::connect(target.port)?;
    let mut times = Vec::new();
    let start = Instant::now();
    while start.elapsed() < length {
        let asked = Instant::now();
        client.ask_for(target, times.len())?;
        times.push(asked.elapsed());
        thread::sleep(PAUSE);
    }
    times.sort_unstable();
    Ok(times)
}

/// The value below which this share of the sorted times lies.
pub fn percentile(sorted: &[Duration], share: f64) -> Duration {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index of a short list")]
    let index = (sorted.len() as f64 * share) as usize;
    sorted.get(index.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}
