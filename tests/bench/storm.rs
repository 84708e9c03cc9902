//! A storm of sign-ins: their rate beside bare hashing, the session checks meanwhile, and the memory.

use std::thread;
use std::time::Duration;

use crate::doorward::{Doorward, Extras};
use crate::load::{closed_loop, latencies, percentile};
use crate::table::{Budget, Row};
use crate::{Length, Outcome, bare, progress};

const IN_FLIGHT: usize = 48;
const ROUNDS: u32 = 2;

/// All rows of the storm, on SQLite with everything switched on.
pub fn rows(length: Length) -> Outcome<Vec<Row>> {
    progress("idle memory");
    // The first start compiles the plugins; what that took is not the server's.
    let doorward = Doorward::start(Extras::AllWithToken, None)?.restart()?;
    thread::sleep(Duration::from_millis(500));
    let (idle_mb, own_mb) = (doorward.process.memory_mb()?, doorward.process.own_memory_mb()?);
    progress("get-session alone");
    let cookie = doorward.sign_up()?;
    let check = doorward.get_session(&cookie);
    let idle = latencies(&check, length.0 * 2)?;

    progress("sign-ins beside bare argon2id");
    let (sign_in, mut rate, mut bare_rate) = (doorward.sign_in(), 0.0, 0.0);
    for _ in 0..ROUNDS {
        rate += closed_loop(&sign_in, IN_FLIGHT, length.0 * 2)?.per_sec() / f64::from(ROUNDS);
        bare_rate += bare::hashes_per_sec(length.0)? / f64::from(ROUNDS);
    }

    progress("get-session during sign-ins");
    let busy = thread::scope(|scope| {
        let storm = scope.spawn(|| closed_loop(&sign_in, IN_FLIGHT, length.0 * 3));
        // The storm has begun when the first sign-ins wait for a hash, and lasts longer than the samples.
        thread::sleep(Duration::from_millis(200));
        let busy = latencies(&check, length.0 * 2);
        storm.join().map_err(|_| "the storm panicked")??;
        busy
    })?;
    let peak_mb = doorward.process.peak_memory_mb()?;

    let [idle_p99, busy_p99] = [&idle, &busy].map(|times| percentile(times, 0.99).as_secs_f64());
    Ok(vec![
        Row::new(
            "sign-ins/s, argon2id",
            format!("{rate:.1}/s"),
            format!("bare argon2id {bare_rate:.1}/s"),
            rate / bare_rate,
            Budget::at_least(1.0),
        ),
        Row::new(
            &format!("get-session p99 during {IN_FLIGHT} sign-ins"),
            p50_and_p99(&busy),
            format!("idle {}", p50_and_p99(&idle)),
            busy_p99 / idle_p99,
            Budget::times(3.0),
        ),
        Row::new("peak memory in that storm", String::new(), String::new(), peak_mb, Budget::megabytes(100.0)),
        Row::new(
            "idle memory",
            String::new(),
            format!("{own_mb:.0} MB without the program and compiled plugins"),
            idle_mb,
            Budget::megabytes(35.0),
        ),
    ])
}

fn p50_and_p99(times: &[Duration]) -> String {
    let [p50, p99] = [0.5, 0.99].map(|share| percentile(times, share).as_secs_f64() * 1e3);
    format!("p50 {p50:.2} p99 {p99:.2} ms")
}
