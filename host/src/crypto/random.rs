//! Randomness as a port: bytes, and strings drawn evenly from an alphabet.

#[expect(clippy::disallowed_types, reason = "the one place that reads the machine's randomness")]
use rand::rngs::SysRng;
use rand::{Rng, TryRng};

/// `a-z`, `A-Z`, `0-9`: ids and session tokens.
pub const ALPHANUMERIC: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
/// `a-z`, `A-Z`: magic-link tokens.
pub const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// `0-9`, `a-z`: tokens that travel in lower case.
pub const LOWER_ALPHANUMERIC: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// A source of unpredictable bytes. Injected, so that tests can fix it.
pub trait Random: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);

    /// `length` characters drawn evenly from `alphabet` (ASCII, at most 256 characters).
    fn string(&self, alphabet: &[u8], length: usize) -> String {
        let usable = 256 - 256 % alphabet.len().max(1);
        let mut text = Vec::with_capacity(length);
        let mut block = [0u8; 64];
        while text.len() < length {
            self.fill(&mut block);
            let fair = block.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < usable);
            let letters = fair.filter_map(|byte| alphabet.get(byte % alphabet.len()));
            text.extend(letters.take(length - text.len()).copied());
        }
        String::from_utf8(text).unwrap_or_default()
    }

    /// 16 characters that tell one request from another, and are no secret.
    fn tag(&self) -> String {
        self.string(LOWER_ALPHANUMERIC, 16)
    }

    /// A new id of a row: 32 characters of `a-zA-Z0-9`.
    fn id(&self) -> String {
        self.string(ALPHANUMERIC, 32)
    }

    /// A random UUID (version 4), in lower case with hyphens.
    fn uuid(&self) -> String {
        let mut bytes = [0u8; 16];
        self.fill(&mut bytes);
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let text = crate::crypto::hex(&bytes);
        let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
        [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
    }
}

/// The operating system's generator.
pub struct SystemRandom;

impl Random for SystemRandom {
    fn tag(&self) -> String {
        ThreadRandom.string(LOWER_ALPHANUMERIC, 16)
    }

    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness no secret may be made: the request ends here, in the pipeline's panic guard.
        #[expect(clippy::panic, reason = "continuing with predictable secrets would be worse")]
        if SysRng.try_fill_bytes(bytes).is_err() {
            panic!("the operating system gives no randomness");
        }
    }
}

/// A generator of the thread, which asks the system only now and then.
struct ThreadRandom;

impl Random for ThreadRandom {
    fn fill(&self, bytes: &mut [u8]) {
        #[expect(clippy::disallowed_methods, reason = "the one place that draws from it")]
        rand::rng().fill_bytes(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_have_the_length_and_the_alphabet() {
        for length in [0, 1, 24, 32, 200] {
            let text = SystemRandom.string(ALPHANUMERIC, length);
            assert_eq!(text.len(), length);
            assert!(text.bytes().all(|byte| ALPHANUMERIC.contains(&byte)));
        }
        assert_ne!(SystemRandom.id(), SystemRandom.id());
        let uuid = SystemRandom.uuid();
        let shape: String = uuid.chars().map(|c| if c.is_ascii_hexdigit() { 'x' } else { c }).collect();
        assert_eq!(shape, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
        assert!(uuid[14..15] == *"4" && "89ab".contains(&uuid[19..20]), "{uuid}");
    }
}
