//! When a delivery is tried again, and when it is given up.

use super::{TransportError, events};
use crate::clock::Timestamp;
use crate::store::outbox::Delivery;

/// How long a delivery is nobody else's; it is renewed while a try lasts.
pub const LEASE_SECS: i64 = 40;
/// Nothing is tried for longer: by then whoever waits has asked again.
pub const LONGEST_AGE_SECS: i64 = 86_400;
const MOST_ATTEMPTS: i64 = 30;
/// Of a job, after which it is kept as failed: about 40 minutes.
const MOST_RUNS: i64 = 10;
const FIRST_RETRY_SECS: i64 = 5;
const LAST_RETRY_SECS: i64 = 3600;

/// Why a delivery that is due is not worth a try; `None` when it is.
pub fn too_late(delivery: &Delivery, now: Timestamp) -> Option<&'static str> {
    if delivery.is_job() || delivery.is_event() {
        return None;
    }
    if delivery.ends_at().is_some_and(|end| end <= now) {
        return Some("what it leads to is over");
    }
    (now >= delivery.created_at().plus_secs(LONGEST_AGE_SECS)).then_some("it is too old")
}

/// The time of the next try after `error`; `None` when there is none.
pub fn retry_at(delivery: &Delivery, error: &TransportError, now: Timestamp) -> Option<Timestamp> {
    if delivery.is_event() {
        return events::next_try(delivery.attempts(), now).filter(|_| !error.is_lasting());
    }
    let most = if delivery.is_job() { MOST_RUNS } else { MOST_ATTEMPTS };
    if error.is_lasting() || delivery.attempts() >= most {
        return None;
    }
    let again = now.plus_secs(delay_secs(delivery.attempts()));
    too_late(delivery, again).is_none().then_some(again)
}

/// The longest that a delivery which was taken `attempts` times may have to wait.
pub fn longest_wait_secs(attempts: i64) -> i64 {
    delay_secs(attempts).max(LEASE_SECS)
}

/// Doubles from five seconds to an hour.
fn delay_secs(attempts: i64) -> i64 {
    let doublings = u32::try_from(attempts.clamp(1, 20) - 1).unwrap_or(0);
    (FIRST_RETRY_SECS << doublings).min(LAST_RETRY_SECS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Record, Schema};

    fn delivery(attempts: i64, ends_at: Option<i64>) -> Delivery {
        let schema = Schema::core();
        let mut record = Record::new(schema.model("doorward_outbox").unwrap());
        record.set("createdAt", Timestamp(0)).unwrap();
        record.set("attempts", attempts).unwrap();
        record.set("payload", serde_json::json!({ "endsAt": ends_at })).unwrap();
        Delivery(record)
    }

    #[test]
    fn retries_back_off_to_an_hour_and_end() {
        let error = TransportError::passing("451 later");
        let delay = |n| retry_at(&delivery(n, None), &error, Timestamp(0)).map(Timestamp::as_secs);
        let delays = [1, 2, 3, 10, 11, 29, 30].map(delay);
        assert_eq!(delays, [Some(5), Some(10), Some(20), Some(2560), Some(3600), Some(3600), None]);
        let lasting = TransportError::lasting("550 no such user");
        assert_eq!(retry_at(&delivery(1, None), &lasting, Timestamp(0)), None);
    }

    #[test]
    fn a_job_ends_sooner_and_is_never_too_old() {
        let schema = Schema::core();
        let job = |attempts: i64| {
            let mut record = Record::new(schema.model("doorward_job").unwrap());
            record.set("createdAt", Timestamp(0)).unwrap();
            record.set("attempts", attempts).unwrap();
            Delivery(record)
        };
        let (error, later) = (TransportError::passing("it refuses"), Timestamp(90 * 86_400_000));
        assert_eq!(too_late(&job(1), later), None);
        assert_eq!(retry_at(&job(9), &error, later), Some(later.plus_secs(1280)));
        assert_eq!(retry_at(&job(10), &error, later), None);
    }

    #[test]
    fn nothing_is_tried_when_its_end_has_come() {
        let error = TransportError::passing("451 later");
        for (ends_at, now, is_late) in
            [(Some(60_000), 59_999, false), (Some(60_000), 60_000, true), (None, 60_000, false)]
        {
            assert_eq!(too_late(&delivery(1, ends_at), Timestamp(now)).is_some(), is_late, "{ends_at:?} {now}");
        }
        assert!(too_late(&delivery(1, None), Timestamp(86_400_000)).is_some());
        assert_eq!(
            retry_at(&delivery(1, Some(60_000)), &error, Timestamp(55_000)),
            None,
            "the try would come too late"
        );
        assert!(retry_at(&delivery(1, Some(60_000)), &error, Timestamp(54_000)).is_some());
    }
}
