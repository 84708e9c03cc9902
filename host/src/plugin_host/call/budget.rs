//! What a request's calls of the host may add up to, and the pace of a plugin's log.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use super::cpu::CpuTime;
use crate::clock::Timestamp;
use crate::config::PluginLimits;
use crate::plugin_host::error::Limit;

/// A call of the host, by what it costs beside itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::plugin_host) enum Cost {
    /// Nothing else.
    Call,
    /// Work for the database.
    Data,
    /// A mail.
    Mail,
    /// A password's hash.
    Hash,
}

/// What the calls of one plugin have used in one request, whatever instances they ran in.
#[derive(Debug, Default)]
pub(in crate::plugin_host) struct Spent {
    /// Time of processors.
    pub(in crate::plugin_host) cpu: CpuTime,
    calls: AtomicU32,
    data_calls: AtomicU32,
    mails: AtomicU32,
    hashes: AtomicU32,
    sent: AtomicU32,
}

impl Spent {
    /// Counts one call.
    ///
    /// # Errors
    /// The limit that it breaks.
    pub(in crate::plugin_host) fn add(&self, cost: Cost, limits: &PluginLimits) -> Result<(), Limit> {
        let (used, most) = match cost {
            Cost::Call => (&self.calls, limits.host_calls),
            Cost::Data => (&self.data_calls, limits.data_calls),
            Cost::Mail => (&self.mails, limits.mails),
            Cost::Hash => (&self.hashes, limits.password_hashes),
        };
        match (cost, used.fetch_add(1, Ordering::Relaxed) >= most) {
            (_, false) => Ok(()),
            (Cost::Call, true) => Err(Limit::HostCalls(most)),
            (Cost::Data, true) => Err(Limit::DataCalls(most)),
            (Cost::Mail, true) => Err(Limit::Mails(most)),
            (Cost::Hash, true) => Err(Limit::Hashes(most)),
        }
    }

    /// Begins anew for the next chunk of a body: time, calls of the host and calls for data.
    pub(in crate::plugin_host) fn renew(&self) {
        self.cpu.renew();
        self.calls.store(0, Ordering::Relaxed);
        self.data_calls.store(0, Ordering::Relaxed);
    }

    /// Counts a request to another server. False when there were as many as there may be.
    pub(in crate::plugin_host) fn may_send(&self, limits: &PluginLimits) -> bool {
        self.sent.fetch_add(1, Ordering::Relaxed) < limits.http_calls
    }
}

/// Lines that a plugin writes to the log in one second, all requests together.
#[derive(Debug, Default)]
pub(in crate::plugin_host) struct LogPace(Mutex<Second>);

#[derive(Debug, Default)]
struct Second {
    begin: i64,
    lines: u32,
    dropped: u64,
}

impl LogPace {
    /// Counts one line. None when it must not be written; else how many were dropped before it and not told of yet.
    pub(in crate::plugin_host) fn admit(&self, now: Timestamp, most: u32) -> Option<u64> {
        let mut second = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let told = second.take_line(now, most);
        if told.is_none() {
            second.dropped += 1;
        }
        told
    }

    /// Counts lines that were dropped for another reason. How many to tell of now; none while the pace is used up.
    pub(in crate::plugin_host) fn dropped(&self, lines: u32, now: Timestamp, most: u32) -> Option<u64> {
        let mut second = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        second.dropped += u64::from(lines);
        second.take_line(now, most)
    }
}

impl Second {
    fn take_line(&mut self, now: Timestamp, most: u32) -> Option<u64> {
        if !(self.begin..self.begin + 1000).contains(&now.0) {
            self.begin = now.0;
            self.lines = 0;
        }
        if self.lines >= most {
            return None;
        }
        self.lines += 1;
        Some(std::mem::take(&mut self.dropped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_call_has_its_own_limit() {
        let limits =
            PluginLimits { host_calls: 2, data_calls: 1, mails: 0, password_hashes: 0, ..PluginLimits::default() };
        let spent = Spent::default();
        let costs = [Cost::Call, Cost::Data, Cost::Data, Cost::Mail, Cost::Hash, Cost::Call, Cost::Call];
        let ends = costs.map(|cost| spent.add(cost, &limits).err());
        let (data, mail, hash) = (Limit::DataCalls(1), Limit::Mails(0), Limit::Hashes(0));
        assert_eq!(ends, [None, None, Some(data), Some(mail), Some(hash), None, Some(Limit::HostCalls(2))]);
    }

    #[test]
    fn a_flood_is_cut_each_second_and_told_of_once() {
        let pace = LogPace::default();
        let at = |millis: i64| Timestamp(5_000 + millis);
        assert_eq!([0, 1, 2, 999].map(|millis| pace.admit(at(millis), 2)), [Some(0), Some(0), None, None]);
        assert_eq!(pace.dropped(5, at(999), 2), None);
        assert_eq!(pace.admit(at(1000), 2), Some(7));
        assert_eq!(pace.dropped(1, at(1001), 2), Some(1));
        assert_eq!(pace.admit(at(-9000), 2), Some(0), "a clock that was set back does not silence it");
    }
}
