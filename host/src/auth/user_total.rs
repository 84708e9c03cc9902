//! How many users there are: counted where they are few, remembered for a while where they are many.

use std::sync::{Mutex, PoisonError};

use super::{Auth, Scope};
use crate::clock::Timestamp;
use crate::store::{Models, StoreError, user};

/// Up to so many are counted each time.
const FEW: u64 = 10_000;
/// How long a greater number is told without counting again.
const KEPT_SECS: i64 = 60;

/// A number of users, and when they were counted.
#[derive(Default)]
pub struct UserTotal(Mutex<Option<(u64, Timestamp)>>);

impl UserTotal {
    fn kept(&self, now: Timestamp) -> Option<u64> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (total, counted_at) = kept.as_mut()?;
        // A clock that was set back does not make it last longer.
        if (counted_at.0..counted_at.plus_secs(KEPT_SECS).0).contains(&now.0) {
            return Some(*total);
        }
        // Whoever finds it old counts anew. All others are told the old one until then.
        *counted_at = now;
        None
    }

    fn keep(&self, total: u64, now: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (total > FEW).then_some((total, now));
    }
}

/// The number of users. Of more than 10,000, it may be a minute old: a database reads every row to count them.
///
/// # Errors
/// As `Models`.
pub async fn count(auth: &Auth, scope: &Scope) -> Result<u64, StoreError> {
    let now = auth.now();
    if let Some(total) = auth.user_total.kept(now) {
        return Ok(total);
    }
    let total = scope.lagging(auth).count(user::MODEL, &[]).await?;
    auth.user_total.keep(total, now);
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_great_number_is_kept_for_a_minute_and_a_small_one_never() {
        let total = UserTotal::default();
        let at = |secs: i64| Timestamp(1_000_000).plus_secs(secs);
        total.keep(FEW, at(0));
        assert_eq!(total.kept(at(0)), None);
        total.keep(FEW + 1, at(0));
        let found = [0, 59, 60, 60, 119, 59, 59].map(|secs| total.kept(at(secs)));
        let known = Some(FEW + 1);
        assert_eq!(found, [known, known, None, known, known, None, known], "one who finds it old counts");
        total.keep(5, at(61));
        assert_eq!(total.kept(at(61)), None);
    }
}
