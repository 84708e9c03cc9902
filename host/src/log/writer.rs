//! Writes the lines of the log on a thread of its own, so that whoever logs never waits for a disk or a reader.
//!
//! Invariant: a line that cannot be written is dropped and counted; it never becomes an error of its writer.

use std::collections::VecDeque;
use std::io::{ErrorKind, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Bytes of lines that wait; a reader that stalls for longer loses lines.
const MOST_BYTES: usize = 1 << 20;
/// Between two tries to write to an output that does not block.
const BLOCKED: Duration = Duration::from_millis(10);

/// The lines that wait to be written. Clones share them.
#[derive(Clone, Default)]
pub struct Queue(Arc<Shared>);

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    lost: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    lines: VecDeque<Vec<u8>>,
    /// Of the lines that wait, and of those that are being written.
    bytes: usize,
}

impl Queue {
    /// Lets a new thread write the lines to `out`. When a line could be written after others were lost, `tell` is given how
    /// many were lost since the start.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub fn start(&self, out: impl Write + Send + 'static, tell: impl Fn(u64) + Send + 'static) -> std::io::Result<()> {
        let shared = Arc::clone(&self.0);
        std::thread::Builder::new().name("log".to_owned()).spawn(move || shared.write_for_ever(out, tell)).map(drop)
    }

    /// Puts a line behind the others, or drops it when too much waits.
    pub fn push(&self, line: &[u8]) {
        let mut waiting = self.0.waiting();
        if waiting.bytes + line.len() > MOST_BYTES {
            self.0.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.bytes += line.len();
        waiting.lines.push_back(line.to_vec());
        drop(waiting);
        self.0.changed.notify_all();
    }

    /// Lines that were dropped since the start.
    pub fn lost(&self) -> u64 {
        self.0.lost.load(Ordering::Relaxed)
    }

    /// Waits until everything is written, or for `longest`.
    pub fn flush(&self, longest: Duration) {
        let waited = self.0.changed.wait_timeout_while(self.0.waiting(), longest, |waiting| waiting.bytes > 0);
        drop(waited);
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_for_ever(&self, mut out: impl Write, tell: impl Fn(u64)) {
        let mut is_torn = false;
        let mut told = 0;
        loop {
            let line = self.next();
            // After a line that broke off, the next one begins a new line.
            let begun = if is_torn { write_all(&mut out, b"\n") } else { Ok(()) };
            let written = begun.and_then(|()| write_all(&mut out, &line));
            let lost = match written {
                Ok(()) => self.lost.load(Ordering::Relaxed),
                Err(_) => self.lost.fetch_add(1, Ordering::Relaxed),
            };
            is_torn = written.map_or_else(|bytes| is_torn || bytes > 0, |()| false);
            if written.is_ok() && lost > told {
                told = lost;
                tell(lost);
            }
            self.waiting().bytes -= line.len();
            self.changed.notify_all();
        }
    }

    fn next(&self) -> Vec<u8> {
        let mut waiting = self.waiting();
        loop {
            if let Some(line) = waiting.lines.pop_front() {
                return line;
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Writes the whole line, or says how many bytes of it were written.
fn write_all(out: &mut impl Write, line: &[u8]) -> Result<(), usize> {
    let mut written = 0;
    while let Some(rest) = line.get(written..).filter(|rest| !rest.is_empty()) {
        match out.write(rest) {
            Ok(0) => return Err(written),
            Ok(bytes) => written += bytes,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(BLOCKED),
            Err(_) => return Err(written),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    /// An output that does with each write as it is told.
    struct Told {
        verdicts: Receiver<std::io::Result<usize>>,
        text: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Told {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let taken = self.verdicts.recv().unwrap()?.min(bytes.len());
            self.text.lock().unwrap().extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    struct Bench {
        queue: Queue,
        verdicts: Sender<std::io::Result<usize>>,
        text: Arc<Mutex<Vec<u8>>>,
        told: Arc<Mutex<Vec<u64>>>,
    }

    fn bench() -> Bench {
        let (verdicts, received) = channel();
        let (text, told) = (Arc::<Mutex<Vec<u8>>>::default(), Arc::<Mutex<Vec<u64>>>::default());
        let (out, heard) = (Told { verdicts: received, text: Arc::clone(&text) }, Arc::clone(&told));
        let queue = Queue::default();
        queue.start(out, move |lost| heard.lock().unwrap().push(lost)).unwrap();
        Bench { queue, verdicts, text, told }
    }

    impl Bench {
        fn verdict(&self, verdict: std::io::Result<usize>) {
            self.verdicts.send(verdict).unwrap();
        }

        fn text(&self) -> String {
            String::from_utf8(self.text.lock().unwrap().clone()).unwrap()
        }
    }

    #[test]
    fn a_full_disk_loses_lines_and_says_so_afterwards() {
        let bench = bench();
        bench.queue.push(b"one\n");
        bench.verdict(Ok(2));
        bench.verdict(Err(ErrorKind::StorageFull.into()));
        bench.queue.push(b"two\n");
        bench.verdict(Err(ErrorKind::StorageFull.into()));
        bench.queue.flush(LONG);
        assert_eq!((bench.queue.lost(), bench.told.lock().unwrap().len()), (2, 0));
        bench.queue.push(b"three\n");
        (0..3).for_each(|_| bench.verdict(Ok(99)));
        bench.queue.push(b"four\n");
        bench.queue.flush(LONG);
        assert_eq!(bench.text(), "on\nthree\nfour\n");
        assert_eq!((bench.queue.lost(), bench.told.lock().unwrap().clone()), (2, vec![2]));
    }

    #[test]
    fn a_stalled_reader_holds_nobody_up() {
        let bench = bench();
        let line = vec![b'x'; 1024];
        for _ in 0..3000 {
            bench.queue.push(&line);
        }
        assert_eq!(bench.queue.lost(), 3000 - 1024);
        (0..1024).for_each(|_| bench.verdict(Ok(2048)));
        bench.queue.flush(LONG);
        assert_eq!(bench.text().len(), 1024 * 1024);
        assert_eq!(bench.told.lock().unwrap().clone(), [3000 - 1024]);
    }

    #[test]
    fn what_interrupts_a_write_loses_nothing() {
        let bench = bench();
        bench.queue.push(b"one\n");
        bench.verdict(Err(ErrorKind::Interrupted.into()));
        bench.verdict(Err(ErrorKind::WouldBlock.into()));
        bench.verdict(Ok(1));
        bench.verdict(Ok(3));
        bench.queue.flush(LONG);
        assert_eq!((bench.text().as_str(), bench.queue.lost()), ("one\n", 0));
    }
}
