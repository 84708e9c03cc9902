//! The server as a client on one thread meets it: a new request as soon as one is answered, or requests that come when they
//! are due, whether or not the ones before them are answered.

use std::thread;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::cost::micros_by;
use crate::doorward::{Doorward, Extras, components, postgres_database};
use crate::load::{Load, Target, answer_in, closed_loop, percentile};
use crate::table::{Budget, Row};
use crate::{Length, Outcome, bare, progress};

const IN_FLIGHT: usize = 48;
/// Connections whose requests are timed.
const TIMED: usize = 4;
/// Requests a second that come when they are due.
const RATE: u32 = 500;

/// CPU per `get-session`, and how long requests take beside sign-ins.
pub fn rows(length: Length) -> Outcome<Vec<Row>> {
    let mut rows = Vec::new();
    for (connections, limit) in [(8, 2.0), (32, 2.0), (128, 2.5)] {
        rows.push(beside_bare(None, connections, Budget::times(limit), length)?);
    }
    let budget = Budget::times(4.0);
    rows.push(match postgres_database("one_thread")? {
        Some(url) => beside_bare(Some(&url), 32, budget, length)?,
        None => Row::not_measured(&what("PostgreSQL", 32), "DOORWARD_TEST_POSTGRES_URL is unset", budget),
    });
    rows.extend(beside_sign_ins(length)?);
    Ok(rows)
}

fn what(database: &str, connections: usize) -> String {
    format!("one thread, {connections} connections, {} plugins, {database}", components().len())
}

fn beside_bare(url: Option<&str>, connections: usize, budget: Budget, length: Length) -> Outcome<Row> {
    let what = what(if url.is_some() { "PostgreSQL" } else { "SQLite" }, connections);
    progress(&what);
    let (doorward, bare) = (Doorward::start(Extras::All, url)?, bare::start()?);
    let cookie = doorward.sign_up()?;
    let sides = [(&doorward.process, doorward.get_session(&cookie)), (&bare, bare::target(&bare, &cookie))];
    let asked = |target: &Target, length| Ok(timed_loop(target, connections, length)?.0);
    let [own, bare] = micros_by(&sides, length, asked)?;
    Ok(Row::new(&what, format!("{own:.1} µs"), format!("bare actix {bare:.1} µs"), own / bare, budget))
}

/// The 99th percentile of session checks, alone and while others sign in.
fn beside_sign_ins(length: Length) -> Outcome<Vec<Row>> {
    let doorward = Doorward::start(Extras::AllWithToken, None)?;
    let (check, sign_in) = (doorward.get_session(&doorward.sign_up()?), doorward.sign_in());
    type Timed = fn(&Target, Duration) -> Outcome<Vec<Duration>>;
    let ways: [(&str, Timed); 2] = [
        ("again at once, 4 connections", |target, length| Ok(timed_loop(target, TIMED, length)?.1)),
        ("500 a second, when they are due", open_loop),
    ];
    let mut rows = Vec::new();
    for (way, timed) in ways {
        progress(&format!("get-session p99, {way}"));
        timed(&check, length.0 / 2)?;
        let idle = timed(&check, length.0 * 2)?;
        let busy = thread::scope(|scope| {
            let storm = scope.spawn(|| closed_loop(&sign_in, IN_FLIGHT, length.0 * 3));
            thread::sleep(Duration::from_millis(200));
            let busy = timed(&check, length.0 * 2);
            storm.join().map_err(|_| "the storm panicked")??;
            busy
        })?;
        let [idle, busy] = [idle, busy].map(|times| percentile(&times, 0.99).as_secs_f64() * 1e3);
        rows.push(Row::new(
            &format!("p99 in {IN_FLIGHT} sign-ins, {way}"),
            format!("{busy:.2} ms"),
            format!("idle {idle:.2} ms"),
            busy / idle,
            Budget::times(3.0),
        ));
    }
    Ok(rows)
}

/// Asks on so many connections from one thread until `length` is over. Returns the times too, in ascending order.
fn timed_loop(target: &Target, connections: usize, length: Duration) -> Outcome<(Load, Vec<Duration>)> {
    let start = Instant::now();
    let times = on_one_thread(target, connections, |mut connection, turn| async move {
        let mut times = Vec::new();
        let mut turn = turn;
        while start.elapsed() < length {
            let asked = Instant::now();
            connection.ask(turn).await?;
            times.push(asked.elapsed());
            turn += connections;
        }
        Ok(times)
    })?;
    let answers = u32::try_from(times.len())?;
    Ok((Load { answers, elapsed: start.elapsed() }, times))
}

/// Times from the moment at which a request was due, so that one that is late makes those behind it late as well.
fn open_loop(target: &Target, length: Duration) -> Outcome<Vec<Duration>> {
    const CONNECTIONS: usize = 64;
    let (due, dues) = flume::unbounded::<Instant>();
    // A runtime's timer is exact to a millisecond; a thread's sleep to some microseconds.
    let pacer = thread::spawn(move || {
        let start = Instant::now();
        for number in 0.. {
            let at = start + Duration::from_secs(1) * number / RATE;
            thread::sleep(at.saturating_duration_since(Instant::now()));
            if at.duration_since(start) >= length || due.send(at).is_err() {
                return;
            }
        }
    });
    let times = on_one_thread(target, CONNECTIONS, move |mut connection, turn| {
        let dues = dues.clone();
        async move {
            let mut times = Vec::new();
            while let Ok(at) = dues.recv_async().await {
                connection.ask(turn).await?;
                times.push(at.elapsed());
            }
            Ok(times)
        }
    });
    pacer.join().map_err(|_| "the pacer panicked")?;
    times
}

/// Runs `each` on so many connections at once, on this thread alone.
fn on_one_thread<F>(
    target: &Target,
    connections: usize,
    each: impl Fn(Connection, usize) -> F,
) -> Outcome<Vec<Duration>>
where
    F: Future<Output = Outcome<Vec<Duration>>> + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tasks = tokio::task::LocalSet::new();
    let times = tasks.block_on(&runtime, async {
        let mut running = Vec::new();
        for number in 0..connections {
            running.push(tokio::task::spawn_local(each(Connection::open(target.clone()).await?, number)));
        }
        let mut times = Vec::new();
        for task in running {
            times.extend(task.await??);
        }
        Outcome::Ok(times)
    });
    let mut times = times?;
    times.sort_unstable();
    Ok(times)
}

struct Connection {
    stream: TcpStream,
    target: Target,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(target: Target) -> Outcome<Self> {
        let stream = TcpStream::connect(("127.0.0.1", target.port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, target, buffer: vec![0; 16 * 1024] })
    }

    /// Asks the request whose turn it is and reads its whole answer.
    async fn ask(&mut self, turn: usize) -> Outcome<()> {
        let requests = &self.target.requests;
        self.stream.write_all(requests.get(turn % requests.len().max(1)).ok_or("there is nothing to ask")?).await?;
        let mut filled = 0;
        loop {
            let free = self.buffer.get_mut(filled..).ok_or("an answer is too long")?;
            match self.stream.read(free).await? {
                0 => return Err("the server closed the connection".into()),
                count => filled += count,
            }
            match answer_in(self.buffer.get(..filled).unwrap_or_default())? {
                None => {}
                Some(answer) if answer.status == self.target.status => return Ok(()),
                Some(answer) => return Err(format!("answered {}:\n{}", answer.status, answer.head).into()),
            }
        }
    }
}
