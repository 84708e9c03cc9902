//! What the running script may still cost, and whose it is: the state of the one call on this thread.
//!
//! The engine gives its progress and print callbacks no context, and a call never leaves its thread: hence thread-local.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rhai::{Dynamic, Engine, EvalAltResult, Position};

use super::native::{MAX_OPERATIONS, Native};
use crate::hooks::script_log::ScriptLog;

/// Time that one call may take.
const MAX_TIME: Duration = Duration::from_millis(10);
/// Time after which a call ends although the machine gave it less than [`MAX_TIME`].
const MAX_WALL_CLOCK: Duration = Duration::from_millis(250);
/// Longest step that counts in full: when the machine takes the thread away, the script is not to blame.
const LONGEST_STEP: Duration = Duration::from_millis(1);
/// The clock is read after this many operations.
const OPERATIONS_PER_STEP: u64 = 16;
const TOO_LONG: &str = "the script takes too long";

thread_local! {
    static RUNNING: RefCell<Option<Running>> = const { RefCell::new(None) };
}

struct Running {
    log: Arc<ScriptLog>,
    began: Instant,
    last_step: Instant,
    spent: Duration,
    operations: u64,
    is_over: bool,
}

/// What a call cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// Time, without what the machine gave to others.
    pub spent: Duration,
    /// Operations, in steps.
    pub operations: u64,
    /// Whether it used up its time or its operations.
    pub is_over: bool,
}

/// Ends the call's state when it is dropped, also when the call panics.
pub struct Session(());

/// Starts the clock of a call on this thread.
pub fn start(log: Arc<ScriptLog>) -> Session {
    let now = Instant::now();
    RUNNING.set(Some(Running {
        log,
        began: now,
        last_step: now,
        spent: Duration::ZERO,
        operations: 0,
        is_over: false,
    }));
    Session(())
}

impl Session {
    /// What the call cost. Some functions of the language swallow errors, so that a script that was stopped can still
    /// seem to end well.
    pub fn end(self) -> Cost {
        let ended = RUNNING.with_borrow_mut(|running| {
            let running = running.as_mut()?;
            running.step(Instant::now(), LONGEST_STEP);
            Some(Cost { spent: running.spent, operations: running.operations, is_over: running.is_over })
        });
        ended.unwrap_or_default()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        RUNNING.set(None);
    }
}

impl Running {
    fn step(&mut self, now: Instant, longest: Duration) {
        self.spent += (now - self.last_step).min(longest);
        self.last_step = now;
        self.is_over |= self.spent > MAX_TIME || now - self.began > MAX_WALL_CLOCK;
    }
}

/// Gives scripts `log`, `print` and `debug`, and stops them when their time is over.
pub fn register(engine: &mut Engine) {
    engine.on_progress(|operations| {
        let is_over = operations.is_multiple_of(OPERATIONS_PER_STEP) && step(operations);
        is_over.then(|| Dynamic::from(TOO_LONG))
    });
    engine.on_print(line);
    engine.on_debug(|text, _, _| line(text));
    engine.register_fn("log", line);
}

fn step(operations: u64) -> bool {
    RUNNING.with_borrow_mut(|running| {
        let Some(running) = running else { return false };
        running.step(Instant::now(), LONGEST_STEP);
        running.operations = operations;
        running.is_over |= operations >= MAX_OPERATIONS;
        running.is_over
    })
}

/// Does the work of a function that costs more than an operation of the language: all its time counts, and a call whose
/// time is over ends with it.
///
/// # Errors
/// When the time is over; a script cannot catch this.
pub fn heavy<T>(work: impl FnOnce() -> T) -> Native<T> {
    let began = Instant::now();
    let done = work();
    let is_over = RUNNING.with_borrow_mut(|running| {
        let Some(running) = running else { return false };
        running.step(began, LONGEST_STEP);
        running.step(Instant::now(), Duration::MAX);
        running.is_over
    });
    if is_over {
        return Err(Box::new(EvalAltResult::ErrorTerminated(Dynamic::from(TOO_LONG), Position::NONE)));
    }
    Ok(done)
}

/// The name of the script that runs on this thread.
pub fn script() -> Option<String> {
    RUNNING.with_borrow(|running| running.as_ref().map(|running| running.log.script().to_owned()))
}

fn line(text: &str) {
    RUNNING.with_borrow(|running| {
        if let Some(running) = running {
            running.log.write(text);
        }
    });
}
