//! Threads of their own for scripts that were slow, so that no server worker waits for them.
//!
//! Invariant: a fixed number of slow calls run at once and a bounded number wait; one more is refused at once. However long
//! a busy machine lets one wait, it is made: each call before it ends by its own limits.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use tokio::sync::oneshot;

use crate::auth::password::step_back;

const THREADS: usize = 2;
const WAITING: usize = 64;

type Job = Box<dyn FnOnce() + Send>;

/// The threads; they start with the first slow call.
#[derive(Default)]
pub struct Pool(OnceLock<Option<flume::Sender<Job>>>);

/// Too many calls wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

impl Pool {
    /// Does `work` on one of the threads.
    ///
    /// # Errors
    /// When too many calls wait.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let jobs = self.0.get_or_init(start).as_ref().ok_or(Busy)?;
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move || {
            // A caller who gave up while the job waited gets nothing done.
            if !sender.is_closed() {
                _ = sender.send(work());
            }
        });
        jobs.try_send(job).map_err(|_| Busy)?;
        receiver.await.map_err(|_| Busy)
    }
}

fn start() -> Option<flume::Sender<Job>> {
    let (jobs, queue) = flume::bounded::<Job>(WAITING);
    for number in 0..THREADS {
        let queue = queue.clone();
        let run = move || {
            step_back();
            for job in queue {
                // Whoever waits for a job that panics is refused like one for whom there is no room; the thread goes on.
                _ = catch_unwind(AssertUnwindSafe(job));
            }
        };
        if let Err(error) = std::thread::Builder::new().name(format!("script-{number}")).spawn(run) {
            tracing::error!(%error, "cannot start a thread for slow scripts");
            return None;
        }
    }
    Some(jobs)
}
