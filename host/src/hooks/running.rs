//! What the running script may still cost, and its lines in the log: the state of the one call on this thread.
//!
//! The engine gives its progress and print callbacks no context, and a call never leaves its thread: hence thread-local.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rhai::{Dynamic, Engine};

use super::engine::MAX_OPERATIONS;

/// Time that one call may take.
const MAX_TIME: Duration = Duration::from_millis(10);
/// Longest step that counts in full: when the machine takes the thread away, the script is not to blame.
const LONGEST_STEP: Duration = Duration::from_millis(1);
/// The clock is read after this many operations.
const OPERATIONS_PER_STEP: u64 = 16;
const MAX_LINE_CHARS: usize = 500;
const LINES_PER_WINDOW: u32 = 50;
const LOG_WINDOW: Duration = Duration::from_secs(10);

thread_local! {
    static RUNNING: RefCell<Option<Running>> = const { RefCell::new(None) };
}

struct Running {
    log: Arc<ScriptLog>,
    last_step: Instant,
    spent: Duration,
    is_over: bool,
}

/// Ends the call's state when it is dropped, also when the call panics.
pub struct Session(());

/// Starts the clock of a call on this thread.
pub fn start(log: Arc<ScriptLog>) -> Session {
    RUNNING.set(Some(Running { log, last_step: Instant::now(), spent: Duration::ZERO, is_over: false }));
    Session(())
}

impl Session {
    /// Whether the call used up its time or its operations. Some functions of the language swallow errors, so that a
    /// script that was stopped can still seem to end well.
    pub fn ran_out(&self) -> bool {
        RUNNING.with_borrow(|running| running.as_ref().is_some_and(|running| running.is_over))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        RUNNING.set(None);
    }
}

/// Gives scripts `log`, `print` and `debug`, and stops them when their time is over.
pub fn register(engine: &mut Engine) {
    engine.on_progress(|operations| {
        let is_over = operations.is_multiple_of(OPERATIONS_PER_STEP) && step(operations);
        is_over.then(|| Dynamic::from("the script takes too long"))
    });
    engine.on_print(line);
    engine.on_debug(|text, _, _| line(text));
    engine.register_fn("log", line);
}

fn step(operations: u64) -> bool {
    RUNNING.with_borrow_mut(|running| {
        let Some(running) = running else { return false };
        let now = Instant::now();
        running.spent += (now - running.last_step).min(LONGEST_STEP);
        running.last_step = now;
        running.is_over |= running.spent > MAX_TIME || operations >= MAX_OPERATIONS;
        running.is_over
    })
}

fn line(text: &str) {
    RUNNING.with_borrow(|running| {
        if let Some(running) = running {
            running.log.write(text);
        }
    });
}

/// The log of one script: bounded in lines and in their length.
pub struct ScriptLog {
    script: String,
    window: Mutex<Window>,
}

struct Window {
    began: Instant,
    lines: u32,
}

impl ScriptLog {
    /// The log of the script of this name.
    pub fn new(script: &str) -> Self {
        Self { script: script.to_owned(), window: Mutex::new(Window { began: Instant::now(), lines: 0 }) }
    }

    fn write(&self, text: &str) {
        if self.may_write(Instant::now()) {
            tracing::info!(script = self.script, "{}", printable(text));
        }
    }

    fn may_write(&self, now: Instant) -> bool {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if now.duration_since(window.began) >= LOG_WINDOW {
            let dropped = window.lines.saturating_sub(LINES_PER_WINDOW);
            if dropped > 0 {
                tracing::warn!(script = self.script, dropped, "the script logs too much");
            }
            *window = Window { began: now, lines: 0 };
        }
        window.lines = window.lines.saturating_add(1);
        window.lines <= LINES_PER_WINDOW
    }
}

/// One line without control characters, of bounded length.
pub fn printable(text: &str) -> String {
    let mut line = String::new();
    for letter in text.chars().take(MAX_LINE_CHARS) {
        match letter {
            letter if letter.is_control() => line.extend(letter.escape_default()),
            letter => line.push(letter),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_cannot_break_out_of_the_log() {
        assert_eq!(printable("a\r\nb\u{1b}[31m\u{9b}é"), "a\\r\\nb\\u{1b}[31m\\u{9b}é");
        assert_eq!(printable(&"x".repeat(10_000)).len(), MAX_LINE_CHARS);
    }

    #[test]
    fn a_flood_is_cut_until_the_window_ends() {
        let log = ScriptLog::new("flood.rhai");
        let began = Instant::now();
        let written = (0..10_000).filter(|_| log.may_write(began)).count();
        assert_eq!(written, 50);
        assert!(log.may_write(began + LOG_WINDOW * 2));
    }
}
