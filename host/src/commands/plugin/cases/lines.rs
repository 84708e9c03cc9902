//! Keeps the lines that are logged while a case runs.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// The lines so far. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    /// The lines since the last time.
    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let is_own = metadata.target().starts_with("doorward") && *metadata.level() <= Level::INFO;
        // A plugin's lines count at every level.
        let mut line = Line { text: metadata.level().to_string(), of_plugin: false };
        event.record(&mut line);
        if is_own || line.of_plugin {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line.text);
        }
    }
}

struct Line {
    text: String,
    of_plugin: bool,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.of_plugin |= field.name() == "plugin";
        // Writing to a text cannot fail.
        _ = match field.name() {
            "message" => write!(self.text, " {value:?}"),
            name => write!(self.text, " {name}={value:?}"),
        };
    }
}
