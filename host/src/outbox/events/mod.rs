//! Events for other systems: written with the change that they tell of, signed and posted after its commit.
//!
//! A change of a row is told in the transaction of the change (`observer`). What the audit log alone knows, such as a refused
//! sign-in, follows from its rows, with a position for each receiver (`tail`). Either way there is one row for each event and
//! receiver, which is the queue and, once it was delivered or given up, the log.

mod check;
pub mod kinds;
pub mod observer;
pub mod queue;
pub mod receivers;
mod set;
mod syslog;
mod tail;
mod write;

pub use observer::EventObserver;
pub use receivers::Receivers;
pub use set::SigningKeys;
pub(super) use tail::follow;
pub use write::{plugin_row, tell, tells_of};

use crate::clock::Timestamp;

/// Days that a delivery is kept after it was made or given up.
const KEPT_DAYS: i64 = 30;
/// Until the next attempt, in seconds: ten attempts in three days, as the specification of Standard Webhooks advises.
const PAUSES_SECS: [i64; 9] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// When a delivery that was tried `attempts` times is tried again; none when it is given up.
pub fn next_try(attempts: i64, now: Timestamp) -> Option<Timestamp> {
    let place = usize::try_from(attempts.max(1) - 1).ok()?;
    PAUSES_SECS.get(place).map(|pause| now.plus_secs(*pause))
}

/// When what ends now may be removed.
pub fn keep_until(now: Timestamp) -> Timestamp {
    now.plus_secs(KEPT_DAYS * 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_end_after_three_days() {
        let mut now = Timestamp(0);
        let mut attempts = 1;
        while let Some(next) = next_try(attempts, now) {
            now = next;
            attempts += 1;
        }
        assert_eq!(attempts, 10);
        assert!((2 * 86_400..4 * 86_400).contains(&now.as_secs()), "{}", now.as_secs());
    }
}
