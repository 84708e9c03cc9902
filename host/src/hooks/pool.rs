//! Threads of their own for scripts that were slow, so that no server worker waits for them.
//!
//! Invariant: a fixed number of slow calls run at once and a bounded number wait; one more is refused at once.

use std::sync::OnceLock;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::auth::password::step_back;

const THREADS: usize = 2;
const WAITING: usize = 64;
/// Longest time from the wish to the result; the limits of a call end it long before.
const DEADLINE: Duration = Duration::from_secs(2);

type Job = Box<dyn FnOnce() + Send>;

/// The threads; they start with the first slow call.
#[derive(Default)]
pub struct Pool(OnceLock<Option<flume::Sender<Job>>>);

/// Why a call was not made, or brought no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// Too many calls wait.
    #[error("too many slow scripts wait")]
    Busy,
    /// No result in time.
    #[error("the script did not end in time")]
    Late,
}

impl Pool {
    /// Does `work` on one of the threads.
    ///
    /// # Errors
    /// When too many calls wait or no result comes in time.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, PoolError> {
        let jobs = self.0.get_or_init(start).as_ref().ok_or(PoolError::Busy)?;
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move || {
            // A caller who gave up while the job waited gets nothing done.
            if !sender.is_closed() {
                _ = sender.send(work());
            }
        });
        jobs.try_send(job).map_err(|_| PoolError::Busy)?;
        match tokio::time::timeout(DEADLINE, receiver).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(_)) | Err(_) => Err(PoolError::Late),
        }
    }
}

fn start() -> Option<flume::Sender<Job>> {
    let (jobs, queue) = flume::bounded::<Job>(WAITING);
    for number in 0..THREADS {
        let queue = queue.clone();
        let run = move || {
            step_back();
            for job in queue {
                job();
            }
        };
        if let Err(error) = std::thread::Builder::new().name(format!("script-{number}")).spawn(run) {
            tracing::error!(%error, "cannot start a thread for slow scripts");
            return None;
        }
    }
    Some(jobs)
}
