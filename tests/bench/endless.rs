//! A script that loops for ever: what the others' requests notice of it.

use std::thread;
use std::time::Duration;

use crate::doorward::{Doorward, Extras};
use crate::load::{closed_loop, latencies, percentile};
use crate::table::{Budget, Row};
use crate::{Length, Outcome, progress};

/// Requests to the endless hook at once.
const IN_FLIGHT: usize = 4;

/// `get-session` alone, and beside requests that meet the endless hook.
pub fn rows(length: Length) -> Outcome<Vec<Row>> {
    progress("get-session beside a script without an end");
    let doorward = Doorward::start(Extras::Endless, None)?;
    let cookie = doorward.sign_up()?;
    let (check, endless) = (doorward.get_session(&cookie), doorward.endless());
    let idle = latencies(&check, length.0 * 2)?;
    let (busy, looped) = thread::scope(|scope| {
        let loops = scope.spawn(|| closed_loop(&endless, IN_FLIGHT, length.0 * 3));
        // The first call takes its 10 ms on a worker; from then on the script has threads of its own.
        thread::sleep(Duration::from_millis(200));
        let busy = latencies(&check, length.0 * 2);
        let looped = loops.join().map_err(|_| "the loops panicked")??;
        Outcome::Ok((busy?, looped))
    })?;
    let [idle_p99, busy_p99] = [&idle, &busy].map(|times| percentile(times, 0.99).as_secs_f64());
    let ms = |times: &[Duration]| {
        let [p50, p99] = [0.5, 0.99].map(|share| percentile(times, share).as_secs_f64() * 1e3);
        format!("p50 {p50:.2} p99 {p99:.2} ms")
    };
    let beside = format!("idle {}, {:.0} endless calls/s", ms(&idle), looped.per_sec());
    let what = "get-session p99 beside endless scripts";
    Ok(vec![Row::new(what, ms(&busy), beside, busy_p99 / idle_p99, Budget::times(3.0))])
}
