//! Measures Doorward side by side with what it is made of, and prints the ratios beside the budgets: `cargo bench`.
//!
//! Options behind `--`: `--check` fails when a ratio or a size is over its budget, `--quick` measures briefly, `--report`
//! writes `docs/benchmarks.md`, and the name of a group (`cost`, `one-thread`, `storm`, `hooks`, `endless`, `start`, `plugins`,
//! `calls`, `scale`, `reference`) measures it alone.

mod bare;
mod calls;
mod cost;
mod crowd;
mod doorward;
mod endless;
mod load;
mod one_thread;
mod plugins;
mod process;
mod reference;
mod report;
mod scale;
mod start;
mod storm;
mod table;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use table::Row;

/// A result whose error is a text for people.
pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The time that one step of a measurement is given; some take a multiple.
#[derive(Clone, Copy)]
pub struct Length(pub Duration);

type Group = fn(Length) -> Outcome<Vec<Row>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.as_slice() {
        [mode, port, ..] if mode == bare::SERVE => {
            port.parse().map_err(Into::into).and_then(bare::serve).map(|()| true)
        }
        arguments => measure(arguments),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(2),
        Err(error) => {
            progress(&format!("failed: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Prints the table; tells whether the run may count as passed.
fn measure(arguments: &[String]) -> Outcome<bool> {
    let has = |option: &str| arguments.iter().any(|argument| argument == option);
    let length = Length(Duration::from_secs(if has("--quick") { 1 } else { 4 }));
    let groups: [(&str, Group); 10] = [
        ("cost", cost::get_session),
        ("one-thread", one_thread::rows),
        ("storm", storm::rows),
        ("hooks", cost::hooks),
        ("endless", endless::rows),
        ("start", |_| start::rows()),
        ("plugins", plugins::rows),
        ("calls", calls::rows),
        ("scale", scale::rows),
        ("reference", reference::rows),
    ];
    let chosen = |name: &str| has(name) || !groups.iter().any(|(name, _)| has(name));
    let mut rows = Vec::new();
    for (name, measure) in groups {
        if chosen(name) {
            rows.extend(measure(length)?);
        }
    }
    table::print(&rows);
    if has("--report") {
        report::write(&rows, arguments)?;
    }
    Ok(!has("--check") || !rows.iter().any(Row::is_broken))
}

/// Tells what is being measured.
#[expect(clippy::print_stderr, reason = "a long run shows that it is alive")]
pub fn progress(text: &str) {
    eprintln!("bench: {text}");
}
