//! Pauses between attempts: longer each time, and of random length, so that those who collided do not collide again.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The first pause is about so long, and each one twice as long as the one before.
const FIRST_MICROS: u64 = 2_000;
const LONGEST_MICROS: u64 = 200_000;

/// Waits before attempt `number`, counted from 2.
pub(super) async fn before_attempt(number: u32) {
    tokio::time::sleep(length(number, RandomState::new().hash_one(number))).await;
}

/// Between half and one and a half times the length of that attempt's pause.
fn length(number: u32, random: u64) -> Duration {
    let middle =
        FIRST_MICROS.checked_shl(number.saturating_sub(2)).map_or(LONGEST_MICROS, |long| long.min(LONGEST_MICROS));
    Duration::from_micros(middle / 2 + random % middle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_bounded() {
        assert_eq!(length(2, 0), Duration::from_millis(1));
        assert_eq!(length(2, 1_999), Duration::from_micros(2_999));
        assert_eq!(length(4, 0), Duration::from_millis(4));
        assert_eq!(length(80, 0), Duration::from_millis(100));
    }
}
