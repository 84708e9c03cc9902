//! What plugins cost: a route, a call of the host, loading, and the memory of a plugin and of an instance.

use std::net::{Ipv4Addr, TcpListener};
use std::thread;
use std::time::Duration;

use crate::cost::micros_per_request;
use crate::doorward::{Doorward, Extras, components};
use crate::load::{Client, closed_loop};
use crate::process::Cpu;
use crate::table::{Budget, Row};
use crate::{Length, Outcome, progress};

/// Calls of the host in one request, as the plugin in `plugin/` makes them.
const CALLS: f64 = 50.0;
/// Requests to other servers that run at once: so many instances can be kept waiting.
const HELD: u32 = 32;
/// Nothing is asked there.
const NO_PORT: u16 = 9;
const STARTS: usize = 5;

/// Every row of this group. No budget holds any of them: they are told to authors and operators.
pub fn rows(length: Length) -> Outcome<Vec<Row>> {
    let mut rows = calls(length)?;
    rows.push(instances()?);
    rows.extend(loading()?);
    Ok(rows)
}

/// A route that does nothing beside the core's, and what calls of the host add to it.
fn calls(length: Length) -> Outcome<Vec<Row>> {
    progress("a route and calls of the host");
    let doorward = Doorward::start(Extras::Measured(NO_PORT), None)?;
    let [core, route, clock, data] =
        ["/ok", "/measured/nothing", "/measured/clock", "/measured/data"].map(|path| doorward.read(path));
    let process = &doorward.process;
    let sides = [(process, core), (process, route), (process, clock), (process, data)];
    let [core, route, clock, data] = micros_per_request(&sides, length)?;
    let of_route = format!("{route:.1} µs, the core's own {core:.1} µs");
    let of_calls = |with: f64| format!("{CALLS} of them {with:.1} µs, none {route:.1} µs");
    Ok(vec![
        Row::figure("a route of a plugin", format!("{:.1} µs", route - core), of_route),
        Row::figure("a call of the host: clock", format!("{:.2} µs", (clock - route) / CALLS), of_calls(clock)),
        Row::new(
            "a call of the host: data, SQLite",
            String::new(),
            of_calls(data),
            (data - route) / CALLS,
            Budget::time(12.0, "µs"),
        ),
    ])
}

/// Memory while instances wait for a server that does not answer.
fn instances() -> Outcome<Row> {
    progress("live instances");
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = silent.local_addr()?.port();
    let doorward = Doorward::start(Extras::Measured(port), None)?;
    // One of everything is there before it is counted.
    closed_loop(&doorward.read("/measured/nothing"), 2, Duration::from_millis(200))?;
    let before_mb = doorward.process.memory_mb()?;
    let request = doorward.read(&format!("/measured/wait?url=http://127.0.0.1:{port}/"));
    let held_mb = thread::scope(|scope| {
        for _ in 0..HELD {
            scope.spawn(|| Client::connect(request.port)?.ask_for(&request, 0));
        }
        let taken = (0..HELD).map(|_| silent.accept()).collect::<Result<Vec<_>, _>>()?;
        let held_mb = doorward.process.memory_mb();
        // The connections break off, and the requests end.
        drop(taken);
        held_mb
    })?;
    let each_kb = (held_mb - before_mb) * 1000.0 / f64::from(HELD);
    let beside = format!("{HELD} at once {held_mb:.1} MB, none {before_mb:.1} MB");
    Ok(Row::figure("memory of a request inside a plugin", format!("{each_kb:.0} kB"), beside))
}

/// Start and memory with the official plugins beside those of the core alone, for each plugin.
fn loading() -> Outcome<Vec<Row>> {
    progress("loading plugins");
    #[expect(clippy::cast_precision_loss, reason = "a handful of plugins")]
    let count = components().len().max(1) as f64;
    let alone = Starts::of(Doorward::start(Extras::None, None)?, false)?;
    let compiled = Starts::of(Doorward::start(Extras::AllWithToken, None)?, true)?;
    let cached = Starts::of(Doorward::start(Extras::AllWithToken, None)?, false)?;
    let row = |what: &str, starts: &Starts| {
        let (wall, cpu) = ((starts.wall_ms - alone.wall_ms) / count, (starts.cpu_ms - alone.cpu_ms) / count);
        let beside = format!("{count} plugins {:.0} ms, none {:.0} ms", starts.wall_ms, alone.wall_ms);
        Row::figure(what, format!("{wall:.1} ms, CPU {cpu:.0} ms"), beside)
    };
    let each_mb = (cached.memory_mb - alone.memory_mb) / count;
    let beside = format!("{count} plugins {:.1} MB, none {:.1} MB", cached.memory_mb, alone.memory_mb);
    Ok(vec![
        row("loading a plugin, compiled", &compiled),
        row("loading a plugin, from the cache", &cached),
        Row::figure("memory of a loaded plugin", format!("{each_mb:.1} MB"), beside),
    ])
}

/// Medians of several starts.
struct Starts {
    wall_ms: f64,
    cpu_ms: f64,
    memory_mb: f64,
}

impl Starts {
    fn of(mut doorward: Doorward, is_cold: bool) -> Outcome<Self> {
        let (mut wall, mut cpu, mut memory) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..STARTS {
            doorward = if is_cold { doorward.restart_cold()? } else { doorward.restart()? };
            wall.push(doorward.process.started_in.as_secs_f64() * 1e3);
            cpu.push(doorward.process.cpu()?.as_secs_f64() * 1e3);
            memory.push(doorward.process.memory_mb()?);
        }
        Ok(Self { wall_ms: median(wall), cpu_ms: median(cpu), memory_mb: median(memory) })
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
