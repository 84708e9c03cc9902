//! CPU of the server for one request: `get-session`, and what a matched hook adds.

use std::thread;
use std::time::Duration;

use crate::doorward::{Doorward, Extras, components, postgres_database};
use crate::load::{Load, Target, closed_loop};
use crate::process::Cpu;
use crate::table::{Budget, Row};
use crate::{Length, Outcome, bare, progress};

const CONNECTIONS: usize = 16;
const ROUNDS: usize = 5;

/// `get-session` with everything switched on, on SQLite and PostgreSQL, beside the bare handler.
pub fn get_session(length: Length) -> Outcome<Vec<Row>> {
    let mut rows = Vec::new();
    let what = format!("CPU per get-session, {} plugins, SQLite", components().len());
    rows.push(beside_bare(&what, None, Budget::times(4.5), length)?);
    rows.push(with_token(length)?);
    let (what, budget) = ("CPU per get-session, PostgreSQL", Budget::times(9.0));
    rows.push(match postgres_database("cost")? {
        Some(url) => beside_bare(what, Some(&url), budget, length)?,
        None => Row::not_measured(what, "DOORWARD_TEST_POSTGRES_URL is unset", budget),
    });
    Ok(rows)
}

fn beside_bare(what: &str, url: Option<&str>, budget: Budget, length: Length) -> Outcome<Row> {
    progress(what);
    let (all, core) = (Doorward::start(Extras::All, url)?, Doorward::start(Extras::None, None)?);
    let (cookie, core_cookie) = (all.sign_up()?, core.sign_up()?);
    let bare = bare::start()?;
    let sides = [
        (&all.process, all.get_session(&cookie)),
        (&core.process, core.get_session(&core_cookie)),
        (&bare, bare::target(&bare, &cookie)),
    ];
    let [all, core, bare] = micros_per_request(&sides, length)?;
    let beside = format!("bare actix {bare:.1} µs, core alone on SQLite {core:.1} µs");
    Ok(Row::new(what, format!("{all:.1} µs"), beside, all / bare, budget))
}

/// The same with `set-auth-jwt`: a matched hook and a signature.
fn with_token(length: Length) -> Outcome<Row> {
    let what = "the same with a token in a header";
    progress(what);
    let (with, without) = (Doorward::start(Extras::AllWithToken, None)?, Doorward::start(Extras::All, None)?);
    let (cookie, other_cookie) = (with.sign_up()?, without.sign_up()?);
    let sides = [(&with.process, with.get_session(&cookie)), (&without.process, without.get_session(&other_cookie))];
    let [with, without] = micros_per_request(&sides, length)?;
    let beside = format!("without {without:.1} µs");
    Ok(Row::new(what, format!("{with:.1} µs"), beside, with, Budget::time(60.0, "µs")))
}

/// What a matched hook adds to a request that costs little else.
pub fn hooks(length: Length) -> Outcome<Vec<Row>> {
    Ok(vec![
        hook("a matched plugin hook", Extras::Plugin, Budget::time(12.0, "µs"), length)?,
        hook("a matched script hook", Extras::Script, Budget::time(6.0, "µs"), length)?,
    ])
}

fn hook(what: &str, extras: Extras, budget: Budget, length: Length) -> Outcome<Row> {
    if !extras.exist() {
        return Ok(Row::not_measured(what, "not built", budget));
    }
    progress(what);
    let (with, without) = (Doorward::start(extras, None)?, Doorward::start(Extras::Unhooked, None)?);
    let sides = [(&with.process, with.refused_sign_up()), (&without.process, without.refused_sign_up())];
    let [with, without] = micros_per_request(&sides, length)?;
    Ok(Row::new(what, format!("{with:.1} µs"), format!("without {without:.1} µs"), with - without, budget))
}

/// Median CPU per request of each side, in microseconds. The sides take turns, so that what else the machine does
/// falls on all of them.
pub fn micros_per_request<C: Cpu, const SIDES: usize>(
    sides: &[(&C, Target); SIDES],
    length: Length,
) -> Outcome<[f64; SIDES]> {
    micros_by(sides, length, |target, length| closed_loop(target, CONNECTIONS, length))
}

/// As [`micros_per_request`], with other clients.
pub fn micros_by<C: Cpu, const SIDES: usize>(
    sides: &[(&C, Target); SIDES],
    length: Length,
    ask: impl Fn(&Target, Duration) -> Outcome<Load>,
) -> Outcome<[f64; SIDES]> {
    let mut rounds = [const { Vec::new() }; SIDES];
    for round in 0..=ROUNDS {
        for ((process, target), micros) in sides.iter().zip(&mut rounds) {
            let before = process.cpu()?;
            let load = ask(target, length.0 / 2)?;
            // What the last request left behind is part of its cost.
            thread::sleep(Duration::from_millis(20));
            let used = process.cpu()? - before;
            // The first round warms caches and pools.
            if round > 0 {
                micros.push(used.as_secs_f64() * 1e6 / f64::from(load.answers));
            }
        }
    }
    Ok(rounds.map(|mut micros| {
        micros.sort_by(f64::total_cmp);
        micros.get(micros.len() / 2).copied().unwrap_or_default()
    }))
}
