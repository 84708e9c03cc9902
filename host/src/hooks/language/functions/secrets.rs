//! Randomness, hashes and signatures.

use std::path::Path;
use std::sync::Arc;

use rhai::Engine;

use super::ports::Ports;
use crate::crypto::purpose::Purpose;
use crate::crypto::random::ALPHANUMERIC;
use crate::crypto::{constant_time_eq, hex, hmac_sha256, sha256};
use crate::hooks::language::native::Native;
use crate::hooks::language::running;

const MAX_RANDOM_LETTERS: i64 = 256;

/// Gives scripts `random`, `random_text`, `sha256`, `hmac_sha256`, `sign` and `same`.
pub fn register(engine: &mut Engine, ports: &Ports) {
    let random = Arc::clone(&ports.random);
    engine.register_fn("random", move |from: i64, to: i64| number(&*random, from, to));
    let random = Arc::clone(&ports.random);
    engine.register_fn("random_text", move |length: i64| -> Native<String> {
        let length = Some(length).filter(|length| (0..=MAX_RANDOM_LETTERS).contains(length));
        let length = length.and_then(|length| usize::try_from(length).ok());
        let length = length.ok_or_else(|| format!("random_text: 0 to {MAX_RANDOM_LETTERS} letters"))?;
        Ok(running::once(|| random.string(ALPHANUMERIC, length)))
    });
    engine.register_fn("sha256", |text: &str| running::heavy(|| hex(&sha256(text.as_bytes()))));
    engine.register_fn("hmac_sha256", |key: &str, text: &str| {
        running::heavy(|| hex(&hmac_sha256(key.as_bytes(), text.as_bytes())))
    });
    let key = ports.signing_key.clone();
    engine.register_fn("sign", move |text: &str| -> Native<String> {
        let script = running::script().ok_or("call this inside of a script")?;
        let name = Path::new(&script).file_name().unwrap_or_default().to_string_lossy();
        let own_key = Purpose::Script(&name).key(&key);
        running::heavy(|| hex(&hmac_sha256(own_key.expose(), text.as_bytes())))
    });
    engine.register_fn("same", |a: &str, b: &str| constant_time_eq(a.as_bytes(), b.as_bytes()));
    engine.register_fn("same", |_: &str, (): ()| false);
    engine.register_fn("same", |(): (), _: &str| false);
}

/// A number from `from` to `to`, both included.
fn number(random: &dyn crate::crypto::random::Random, from: i64, to: i64) -> Native<i64> {
    let span = to.checked_sub(from).and_then(|span| u64::try_from(span).ok());
    let span = span.ok_or_else(|| format!("random: {from} to {to} is no range"))?;
    let bytes = running::once(|| {
        let mut bytes = [0; 16];
        random.fill(&mut bytes);
        bytes
    });
    // 128 random bits make the remainder as good as even.
    let drawn = u128::from_le_bytes(bytes) % (u128::from(span) + 1);
    Ok(from.wrapping_add_unsigned(u64::try_from(drawn).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::SystemRandom;

    #[test]
    fn numbers_stay_in_their_range_and_reach_its_ends() {
        let drawn: Vec<i64> = (0..1000).map(|_| number(&SystemRandom, -1, 1).unwrap()).collect();
        assert!(drawn.iter().all(|drawn| (-1..=1).contains(drawn)));
        assert!([-1, 0, 1].iter().all(|wanted| drawn.contains(wanted)));
        assert_eq!(number(&SystemRandom, 7, 7).unwrap(), 7);
        assert!(number(&SystemRandom, 1, 0).is_err());
        assert!(number(&SystemRandom, i64::MIN, i64::MAX).is_err());
    }
}
