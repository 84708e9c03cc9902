//! From the start of the process to its first answer, with every cache warm.

use crate::doorward::{Doorward, Extras};
use crate::table::{Budget, Row};
use crate::{Outcome, progress};

const STARTS: usize = 5;

/// The median of several starts.
pub fn rows() -> Outcome<Vec<Row>> {
    progress("start");
    let mut doorward = Doorward::start(Extras::AllWithToken, None)?;
    let first_ms = doorward.process.started_in.as_secs_f64() * 1e3;
    let mut times = Vec::new();
    for _ in 0..STARTS {
        doorward = doorward.restart()?;
        times.push(doorward.process.started_in.as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    let median_ms = times.get(STARTS / 2).copied().unwrap_or_default();
    let beside = format!("first start {first_ms:.0} ms");
    let budget = Budget::time(60.0, "ms");
    Ok(vec![Row::new("start to first answer, warm cache", String::new(), beside, median_ms, budget)])
}
