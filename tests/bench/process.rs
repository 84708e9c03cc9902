//! A child process: started, waited for, asked by way of /proc what it has used, and killed when dropped.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::load::{Client, get};

/// The clock tick in which /proc counts CPU time; the same on every Linux.
const TICK: Duration = Duration::from_millis(10);
const START_LIMIT: Duration = Duration::from_secs(30);

/// What tells how much CPU time it has used.
pub trait Cpu {
    /// User and system time of all its threads so far.
    fn cpu(&self) -> Outcome<Duration>;
}

impl Cpu for Process {
    fn cpu(&self) -> Outcome<Duration> {
        cpu_of(&self.child.id().to_string())
    }
}

/// CPU time of a process of this machine, by its id; `self` is this one.
pub fn cpu_of(process: &str) -> Outcome<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name in parentheses may hold anything; utime and stime are the 12th and 13th field behind it.
    let fields = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    let ticks: u32 = fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u32>().ok()).sum();
    Ok(TICK * ticks)
}

/// A server that answers on a port of the loopback interface.
pub struct Process {
    child: Child,
    pub port: u16,
    /// From the start of the process to its first answer.
    pub started_in: Duration,
}

impl Process {
    /// Starts `command` and waits until `GET path` is answered 200.
    pub fn start(mut command: Command, port: u16, path: &str) -> Outcome<Self> {
        let start = Instant::now();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        let mut process = Self { child, port, started_in: Duration::ZERO };
        let request = get(path, None);
        while start.elapsed() < START_LIMIT {
            let answer = Client::connect(port).and_then(|mut client| client.ask(&request));
            if answer.is_ok_and(|answer| answer.status == 200) {
                process.started_in = start.elapsed();
                return Ok(process);
            }
            if let Some(status) = process.child.try_wait()? {
                return Err(format!("{command:?} ended with {status}").into());
            }
            thread::sleep(Duration::from_millis(1));
        }
        Err(format!("{command:?} did not answer").into())
    }

    /// Resident memory now, in MB.
    pub fn memory_mb(&self) -> Outcome<f64> {
        self.status_mb("VmRSS:")
    }

    /// What of it no file backs, so that the system cannot take it back, in MB.
    pub fn own_memory_mb(&self) -> Outcome<f64> {
        self.status_mb("RssAnon:")
    }

    /// The most resident memory it ever had, in MB.
    pub fn peak_memory_mb(&self) -> Outcome<f64> {
        self.status_mb("VmHWM:")
    }

    fn status_mb(&self, name: &str) -> Outcome<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("/proc tells no memory")?;
        let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib * 1024.0 / 1e6)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// A TCP port that nothing listened on a moment ago.
pub fn free_port() -> Outcome<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
