//! What the running script may still cost, and whose it is: the state of the one call on this thread.
//!
//! The engine gives its progress and print callbacks no context, and a call never leaves its thread: hence thread-local.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rhai::{Dynamic, Engine, EvalAltResult, Position};
use serde_json::Value as Json;

use super::asking::{Journal, Question};
use super::native::{MAX_MEMORY_BYTES, MAX_OPERATIONS, MAX_SHARED, Native};
use crate::clock::processor_time;
use crate::hooks::script_log::ScriptLog;
use crate::memory::held_bytes;

/// The processor's time that one call may take.
const MAX_TIME: Duration = Duration::from_millis(10);
/// Time of its steps after which a call ends although it had less of the processor: it waits for itself, as one does that asks
/// for a value which it has locked.
const MAX_PASSED: Duration = Duration::from_millis(50);
/// The thread's own clock is looked at from here on: reading it costs more than a short call.
const MEASURED_FROM: Duration = Duration::from_millis(1);
/// The clock is read after this many operations.
const OPERATIONS_PER_STEP: u64 = 16;
/// Longest time that a step counts. One that took longer was interrupted: a virtual machine that stands still for a moment
/// charges it to whoever runs. So no call ends for its time that has made fewer than six steps.
const MAX_STEP: Duration = Duration::from_millis(2);
const TOO_LONG: &str = "the script takes too long";
const WAITING: &str = "the script waits for an answer";
const TOO_LARGE: &str = "the script needs too much memory";

thread_local! {
    static RUNNING: RefCell<Option<Running>> = const { RefCell::new(None) };
}

struct Running {
    log: Arc<ScriptLog>,
    /// When the last step ended.
    stepped: Instant,
    /// The time of all steps.
    passed: Duration,
    /// What had passed when the thread's processor time was first looked at, and what that was.
    measured_from: Option<(Duration, Duration)>,
    operations: u64,
    held_before: i64,
    /// What closures share, each with the address of its value.
    shared: Vec<(usize, Dynamic)>,
    over: Option<&'static str>,
    journal: Journal,
}

/// What a call cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// Time, without what the machine gave to others and without interruptions.
    pub spent: Duration,
    /// Operations, in steps.
    pub operations: u64,
    /// Why it was stopped, when it used up its time, its operations or its memory.
    pub over: Option<&'static str>,
}

/// Ends the call's state when it is dropped, also when the call panics.
pub struct Session(());

/// Starts the clock of a call on this thread.
pub fn start(log: Arc<ScriptLog>, journal: Journal) -> Session {
    RUNNING.set(Some(Running {
        log,
        stepped: Instant::now(),
        passed: Duration::ZERO,
        measured_from: None,
        operations: 0,
        held_before: held_bytes(),
        shared: Vec::new(),
        over: None,
        journal,
    }));
    Session(())
}

impl Session {
    /// What the call cost. Some functions of the language swallow errors, so that a script that was stopped can still
    /// seem to end well.
    pub fn end(self) -> (Cost, Journal) {
        let ended = RUNNING.with_borrow_mut(|running| {
            let running = running.as_mut()?;
            running.step();
            let cost = Cost { spent: running.spent(), operations: running.operations, over: running.over };
            Some((cost, std::mem::take(&mut running.journal)))
        });
        ended.unwrap_or_default()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // A closure may lie inside of the value that it shares: only emptied values let go of each other.
        for (_, mut value) in RUNNING.take().into_iter().flat_map(|running| running.shared) {
            let held = value.write_lock::<Dynamic>().map(|mut inner| std::mem::take(&mut *inner));
            drop(held);
        }
    }
}

impl Running {
    /// Ends the call when its time is over.
    fn step(&mut self) {
        let now = Instant::now();
        self.passed += now.saturating_duration_since(self.stepped).min(MAX_STEP);
        self.stepped = now;
        if self.passed > MEASURED_FROM && self.measured_from.is_none() {
            self.measured_from = Some((self.passed, processor_time()));
        }
        if self.passed > MAX_PASSED || (self.passed > MAX_TIME && self.spent() > MAX_TIME) {
            self.over.get_or_insert(TOO_LONG);
        }
    }

    fn spent(&self) -> Duration {
        let Some((before, began_at)) = self.measured_from else { return self.passed };
        (before + processor_time().saturating_sub(began_at)).min(self.passed)
    }

    /// One operation more; why the call is over, if it is. The engine's own count begins anew in each call of a closure by
    /// a native function, such as `map`: only this one sees them all.
    fn operation(&mut self) -> Option<&'static str> {
        self.operations += 1;
        if self.journal.is_waiting() {
            self.over.get_or_insert(WAITING);
        }
        if held_bytes() - self.held_before > MAX_MEMORY_BYTES {
            self.over.get_or_insert(TOO_LARGE);
        }
        if self.operations >= MAX_OPERATIONS {
            self.over.get_or_insert(TOO_LONG);
        }
        // The language waits a while for a shared value that the call itself has locked.
        if self.operations.is_multiple_of(OPERATIONS_PER_STEP) || !self.shared.is_empty() {
            self.step();
        }
        self.over
    }
}

/// Gives scripts `log`, `print` and `debug`, and stops them when their time is over.
pub fn register(engine: &mut Engine) {
    // Some functions of the language swallow errors and go on: what is over ends at each operation again.
    engine.on_progress(|_| {
        let over = RUNNING.with_borrow_mut(|running| running.as_mut()?.operation());
        over.map(Dynamic::from)
    });
    engine.on_print(line);
    engine.on_debug(|text, _, _| line(text));
    engine.register_fn("log", line);
}

/// What an earlier run of this call made of it, or what `work` makes of it now.
pub fn once<T: Clone + Send + Sync + 'static>(work: impl FnOnce() -> T) -> T {
    let is_kept = RUNNING.with_borrow(|running| running.as_ref().is_some_and(|running| running.journal.is_kept()));
    if !is_kept {
        return work();
    }
    // The work is done outside of the state, which it may look at itself.
    let mut journal =
        RUNNING.with_borrow_mut(|running| running.as_mut().map(|running| std::mem::take(&mut running.journal)));
    let done = match &mut journal {
        Some(journal) => journal.once(work),
        None => work(),
    };
    RUNNING.with_borrow_mut(|running| {
        if let (Some(running), Some(journal)) = (running.as_mut(), journal) {
            running.journal = journal;
        }
    });
    done
}

/// Asks the server: the run ends here, unless the answer is known.
///
/// # Errors
/// What is wrong with the question; what ends the run, which no script can catch.
pub fn ask(question: Question) -> Native<Json> {
    RUNNING.with_borrow_mut(|running| match running {
        Some(running) => running.journal.ask(question),
        None => Err("call this inside of a script".into()),
    })
}

/// Keeps a value that closures share until the call ends; `address` tells it from others.
///
/// # Errors
/// When the call shares too many.
pub fn keep_shared(value: &Dynamic, address: usize) -> Native<()> {
    RUNNING.with_borrow_mut(|running| {
        let Some(running) = running else { return Ok(()) };
        if running.shared.iter().any(|(known, _)| *known == address) {
            return Ok(());
        }
        if running.shared.len() >= MAX_SHARED {
            return Err(format!("the closures of a call share at most {MAX_SHARED} variables").into());
        }
        running.shared.push((address, value.clone()));
        Ok(())
    })
}

/// Does the work of a function that costs more than an operation of the language: all its time counts, and a call whose
/// time is over ends with it.
///
/// # Errors
/// When the time is over; a script cannot catch this.
pub fn heavy<T>(work: impl FnOnce() -> T) -> Native<T> {
    let done = work();
    let over = RUNNING.with_borrow_mut(|running| {
        let running = running.as_mut()?;
        running.step();
        running.over
    });
    if let Some(reason) = over {
        return Err(Box::new(EvalAltResult::ErrorTerminated(Dynamic::from(reason), Position::NONE)));
    }
    Ok(done)
}

/// The name of the script that runs on this thread.
pub fn script() -> Option<String> {
    RUNNING.with_borrow(|running| running.as_ref().map(|running| running.log.script().to_owned()))
}

fn line(text: &str) {
    once(|| {
        RUNNING.with_borrow(|running| {
            if let Some(running) = running {
                running.log.write(text);
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::work;

    /// What ended a call that did this in one function of the host, so many times.
    fn ended_by(times: u32, deed: impl Fn()) -> Option<&'static str> {
        let session = start(Arc::new(ScriptLog::new("test.rhai")), Journal::default());
        for _ in 0..times {
            heavy(&deed).ok();
        }
        session.end().0.over
    }

    #[test]
    fn one_interruption_ends_no_call_and_work_without_end_does() {
        assert_eq!(ended_by(1, || work(MAX_TIME * 3)), None);
        assert_eq!(ended_by(3, || work(MAX_TIME)), None);
        assert_eq!(ended_by(9, || work(MAX_STEP)), Some(TOO_LONG));
    }

    #[test]
    fn a_call_that_waits_for_itself_ends() {
        let wait = || std::thread::sleep(MAX_STEP);
        assert_eq!(ended_by(9, wait), None);
        assert_eq!(ended_by(30, wait), Some(TOO_LONG));
    }
}
