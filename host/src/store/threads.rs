//! Numbers of the threads that ask a database, so that each may have a connection of its own as long as there are enough.

use std::sync::atomic::{AtomicUsize, Ordering};

static NEXT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static NUMBER: usize = NEXT.fetch_add(1, Ordering::Relaxed);
}

/// The calling thread's, counted from the first thread that wanted one.
pub(super) fn number() -> usize {
    NUMBER.with(|number| *number)
}
