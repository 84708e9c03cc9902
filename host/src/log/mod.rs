//! The log of the process: its lines go to the standard error output, as text or as JSON, and never hold anybody up.

mod writer;

use std::io::Write;
use std::panic::PanicHookInfo;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{Format, Full, Json, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use crate::config::{LogFormat, nearest};
use writer::Queue;

/// The variable that says what is logged.
pub const VARIABLE: &str = "DOORWARD_LOG";
const DEFAULT: &str = "info,actix_server=warn";
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
/// How long the last lines may take when the process ends.
const LONGEST_END: Duration = Duration::from_secs(1);

static QUEUE: OnceLock<Queue> = OnceLock::new();
static IS_JSON: AtomicBool = AtomicBool::new(false);

/// What is logged, by an operator's wish as `info,audit=off`; without one, what most want.
///
/// # Errors
/// When a part is neither a level nor gives a name one: it would silence all the rest.
pub fn filter(wish: Option<&str>) -> Result<EnvFilter, String> {
    let Some(wish) = wish.filter(|wish| !wish.trim().is_empty()) else { return Ok(EnvFilter::new(DEFAULT)) };
    let parts: Vec<&str> = wish.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    for part in parts.iter().filter(|part| !part.contains('=')) {
        if part.parse::<LevelFilter>().is_err() {
            let meant = nearest(&part.to_lowercase(), LEVELS.into_iter());
            let meant = meant.map(|level| format!("; did you mean `{level}`?")).unwrap_or_else(|| ".".to_owned());
            let (levels, part) = (LEVELS.join(", "), part.escape_debug());
            return Err(format!(
                "{VARIABLE}: `{part}` is none of the levels {levels}{meant} A part of the log has a level of its own: audit=off"
            ));
        }
    }
    EnvFilter::try_new(parts.join(",")).map_err(|error| format!("{VARIABLE}: {error}. Write it as info,audit=off"))
}

/// Sends what the process logs, panics included, to the standard error output. Call it once, first of all.
///
/// # Errors
/// When there is no thread to be had for it.
pub fn start(filter: EnvFilter, has_colors: bool) -> std::io::Result<()> {
    let tell =
        |lost: u64| tracing::warn!(lost, "lines of the log could not be written; the number is that since the start");
    let queue = QUEUE.get_or_init(Queue::default);
    queue.start(output()?, tell)?;
    let lines = Lines {
        text: Format::default(),
        json: Format::default().json().with_current_span(false).with_span_list(false),
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(has_colors)
        .event_format(lines)
        .with_writer(Lined(queue.clone()))
        .init();
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Makes lines look so from now on.
pub fn set_format(format: LogFormat) {
    IS_JSON.store(format == LogFormat::Json, Ordering::Relaxed);
}

/// Whether lines are JSON.
pub fn is_json() -> bool {
    IS_JSON.load(Ordering::Relaxed)
}

/// Lines that could not be written since the start.
pub fn lost() -> u64 {
    QUEUE.get().map_or(0, Queue::lost)
}

/// Waits until what was logged is written, for a second at most.
pub fn flush() {
    if let Some(queue) = QUEUE.get() {
        queue.flush(LONGEST_END);
    }
}

/// The standard error output without the lock that others would wait for while a write stalls.
#[cfg(unix)]
fn output() -> std::io::Result<impl Write + Send + 'static> {
    use std::os::fd::AsFd;
    Ok(std::fs::File::from(std::io::stderr().as_fd().try_clone_to_owned()?))
}

#[cfg(not(unix))]
fn output() -> std::io::Result<impl Write + Send + 'static> {
    Ok(std::io::stderr())
}

/// The system's own hook would wait for a reader that stalls.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(tracing::field::display);
    let text = panic.payload_as_str().unwrap_or("it has no text");
    let backtrace = std::backtrace::Backtrace::capture();
    let is_captured = backtrace.status() == std::backtrace::BacktraceStatus::Captured;
    tracing::error!(
        place,
        backtrace = is_captured.then(|| tracing::field::display(&backtrace)),
        "a thread panicked: {text}"
    );
}

/// A line of text or of JSON, as the options say when it is written.
struct Lines {
    text: Format<Full>,
    json: Format<Json>,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, writer: Writer<'_>, event: &Event<'_>) -> std::fmt::Result {
        if is_json() {
            self.json.format_event(context, writer, event)
        } else {
            self.text.format_event(context, writer, event)
        }
    }
}

/// Gives each line to the queue.
struct Lined(Queue);

impl<'a> MakeWriter<'a> for Lined {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(&self.0)
    }
}

/// Takes one line in one write.
struct Line<'a>(&'a Queue);

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_that_would_silence_the_log_is_refused() {
        for wish in
            [None, Some(""), Some("debug"), Some("INFO,audit=off"), Some("warn, doorward::store=trace"), Some("off")]
        {
            assert!(filter(wish).is_ok(), "{wish:?}");
        }
        for (wish, part) in [
            ("inof", "`inof` is none of the levels off, error, warn, info, debug, trace; did you mean `info`?"),
            ("audit=off,verbose", "`verbose` is none of the levels"),
            ("audit=loud", "DOORWARD_LOG: "),
        ] {
            let refusal = filter(Some(wish)).map(drop).unwrap_err();
            assert!(refusal.contains(part), "{wish}: {refusal}");
        }
    }
}
