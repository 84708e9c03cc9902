//! The one thread that writes. All waiting jobs share one SQLite transaction, so that they cost one sync of the disk.
//!
//! Invariant: a commit is acknowledged after the outer COMMIT has returned, never before.
//! Invariant: each job is a savepoint. A job that fails or is abandoned is undone alone.

use std::thread;
use std::time::{Duration, Instant};

use diesel::SqliteConnection;
use flume::{Receiver, RecvTimeoutError};

use super::connection::{command, run};
use crate::store::error::StoreError;
use crate::store::row::Row;
use crate::store::statement::Statement;
use crate::store::transaction::{Command, Health, Reply, Served};

/// Maximum jobs in one commit.
const MAX_JOBS: usize = 256;
/// A batch of this age takes no further job, so that finished jobs do not wait for ever newer ones.
const MAX_AGE: Duration = Duration::from_millis(5);

/// A job for the writer.
pub(super) enum Job {
    /// One statement, committed on its own.
    Statement(Statement, Reply<Vec<Row>>),
    /// A transaction: what its handles ask, and a signal that its turn has come.
    Transaction(Served, Reply<()>),
}

/// An answer that waits for the outer COMMIT.
enum Pending {
    Rows(Vec<Row>, Reply<Vec<Row>>),
    Done(Reply<()>),
}

impl Pending {
    /// Sends the answer, or the error of the outer COMMIT. If the caller is gone, nobody needs it.
    fn answer(self, outcome: &Result<(), StoreError>) {
        match self {
            Self::Rows(rows, reply) => drop(reply.send(outcome.clone().map(|()| rows))),
            Self::Done(reply) => drop(reply.send(outcome.clone())),
        }
    }
}

/// Starts the writer. It ends when the last sender is dropped.
pub(super) fn start(mut connection: SqliteConnection, jobs: Receiver<Job>, idle: Duration) -> Result<(), StoreError> {
    let work = move || {
        while let Ok(first) = jobs.recv() {
            write_batch(&mut connection, first, &jobs, idle);
        }
    };
    thread::Builder::new()
        .name("sqlite-writer".to_owned())
        .spawn(work)
        .map(drop)
        .map_err(|error| StoreError::Unavailable(format!("cannot start a thread: {error}")))
}

/// Runs `first` and the jobs that wait behind it, commits, and answers.
fn write_batch(connection: &mut SqliteConnection, first: Job, jobs: &Receiver<Job>, idle: Duration) {
    let mut pending = Vec::new();
    let mut outcome = command(connection, "BEGIN IMMEDIATE");
    if let Err(error) = &outcome {
        return refuse(first, error);
    }
    let start = Instant::now();
    let mut next = Some(first);
    while let Some(job) = next.take() {
        outcome = run_job(connection, job, idle, &mut pending);
        if outcome.is_ok() && pending.len() < MAX_JOBS && start.elapsed() < MAX_AGE {
            next = jobs.try_recv().ok();
        }
    }
    outcome = outcome.and_then(|()| command(connection, "COMMIT"));
    if outcome.is_err() {
        // SQLite may already have rolled back by itself; then this fails and changes nothing.
        let _ = command(connection, "ROLLBACK");
    }
    for answer in pending {
        answer.answer(&outcome);
    }
}

fn refuse(job: Job, error: &StoreError) {
    match job {
        Job::Statement(_, reply) => drop(reply.send(Err(error.clone()))),
        Job::Transaction(_, ready) => drop(ready.send(Err(error.clone()))),
    }
}

/// Runs one job in a savepoint. An error means that the whole batch is lost.
fn run_job(
    connection: &mut SqliteConnection,
    job: Job,
    idle: Duration,
    pending: &mut Vec<Pending>,
) -> Result<(), StoreError> {
    let is_wanted = match &job {
        Job::Statement(_, reply) => !reply.is_closed(),
        Job::Transaction(_, ready) => !ready.is_closed(),
    };
    if !is_wanted {
        return Ok(());
    }
    if let Err(error) = command(connection, "SAVEPOINT job") {
        refuse(job, &error);
        return Err(error);
    }
    match job {
        Job::Statement(statement, reply) => match run(connection, statement) {
            Ok(rows) => {
                pending.push(Pending::Rows(rows, reply));
                command(connection, "RELEASE job")
            }
            Err(error) => {
                let undone = undo(connection);
                drop(reply.send(Err(error)));
                undone
            }
        },
        Job::Transaction(served, ready) => {
            if ready.send(Ok(())).is_err() {
                return undo(connection);
            }
            serve(connection, &served, idle, pending)
        }
    }
}

fn undo(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    command(connection, "ROLLBACK TO job").and_then(|()| command(connection, "RELEASE job"))
}

/// Serves a transaction's handle until it commits, rolls back, is dropped or idles too long.
fn serve(
    connection: &mut SqliteConnection,
    served: &Served,
    idle: Duration,
    pending: &mut Vec<Pending>,
) -> Result<(), StoreError> {
    loop {
        match served.commands.recv_timeout(idle) {
            // If the reply cannot be sent, the caller is gone.
            Ok(Command::Run(statement, reply)) => {
                let result = run_healthy(connection, &served.health, statement);
                drop(reply.send(result));
            }
            Ok(Command::Commit(reply)) => {
                if let Err(failed) = served.health.check() {
                    let undone = undo(connection);
                    drop(reply.send(Err(failed)));
                    return undone;
                }
                pending.push(Pending::Done(reply));
                return command(connection, "RELEASE job");
            }
            Ok(Command::Rollback(reply)) => {
                let undone = undo(connection);
                drop(reply.send(Ok(())));
                return undone;
            }
            Err(RecvTimeoutError::Timeout) => {
                tracing::warn!("a transaction idled for {} ms and was rolled back", idle.as_millis());
                return undo(connection);
            }
            Err(RecvTimeoutError::Disconnected) => return undo(connection),
        }
    }
}

fn run_healthy(
    connection: &mut SqliteConnection,
    health: &Health,
    statement: Statement,
) -> Result<Vec<Row>, StoreError> {
    health.admit(&statement)?;
    let is_undo = statement.is_undo();
    let result = run(connection, statement);
    health.note(is_undo, &result);
    result
}
