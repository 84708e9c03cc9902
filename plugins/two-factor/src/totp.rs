//! Codes of authenticator apps.
//!
//! Source: RFC 6238 with SHA-1 and one step to either side; key and `otpauth:` address as the reference makes them.

use crate::options::TotpOptions;
use doorward_sdk::prelude::*;
use totp_rs::{Builder, Secret, Totp};

const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
/// 192 bits.
const LENGTH: u32 = 32;
/// Marks a seed that came from another server: its key is what the base32 after it stands for.
const BASE32: &str = "base32:";
/// Steps that a clock may be wrong, to either side.
pub const SKEW: u64 = 1;

/// The secret that a user's app and this server share. It does not print itself.
pub struct Seed(Vec<u8>);

impl Seed {
    /// The text of a new seed, which is what is stored (sealed).
    pub fn draw() -> Result<String> {
        crypto::random_string(LENGTH, ALPHABET)
    }

    /// The key is the text itself, unless it says that it is base32. None when it says so and is not.
    pub fn of(text: &str) -> Option<Seed> {
        let Some(encoded) = text.strip_prefix(BASE32) else { return Some(Seed(text.as_bytes().to_vec())) };
        let encoded = encoded.trim_end_matches('=').to_ascii_uppercase();
        Secret::try_from_base32(encoded).ok().map(|secret| Seed(secret.as_bytes().to_vec()))
    }

    /// The step whose code this is, if it is one of the present step or its neighbours.
    pub fn check(&self, options: &TotpOptions, code: &str, now_secs: u64) -> Option<u64> {
        let is_code = code.len() == usize::from(options.digits) && code.bytes().all(|byte| byte.is_ascii_digit());
        is_code.then(|| self.totp(options).check(code, now_secs)).flatten()
    }

    /// The code of this moment.
    pub fn code(&self, options: &TotpOptions, now_secs: u64) -> String {
        self.totp(options).generate(now_secs).to_string()
    }

    /// What an authenticator app reads from a QR code.
    pub fn uri(&self, options: &TotpOptions, issuer: &str, account: &str) -> String {
        let uri = format!("otpauth://totp/{}:{}", component(issuer), component(account));
        let key = Secret::from(self.0.clone()).to_base32();
        let (digits, period) = (options.digits.to_string(), options.period.to_string());
        let parts = [("secret", key.as_str()), ("issuer", issuer), ("digits", &digits), ("period", &period)];
        parts.iter().fold(uri, |uri, (name, value)| links::with_query(&uri, name, value))
    }

    fn totp(&self, options: &TotpOptions) -> Totp {
        Builder::new()
            .with_secret(self.0.clone())
            .with_digits(options.digits)
            .with_step_duration(options.period.into())
            .build_noncompliant()
    }
}

/// As JavaScript's `encodeURIComponent`.
fn component(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => escaped.push(char::from(byte)),
            b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')' => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B: the key is `12345678901234567890`, of the eight digits the last six are shown.
    const VECTORS: [(u64, &str); 6] = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];

    #[test]
    fn the_vectors_of_the_standard_hold() {
        let options = TotpOptions::default();
        let plain = Seed::of("12345678901234567890").expect("seed");
        let imported = Seed::of("base32:gezdgnbvgy3tqojqgezdgnbvgy3tqojq").expect("seed");
        for (time, code) in VECTORS {
            for seed in [&plain, &imported] {
                assert_eq!(seed.code(&options, time), code);
                assert_eq!(seed.check(&options, code, time), Some(time / 30));
            }
        }
        let eight = TotpOptions { digits: 8, ..TotpOptions::default() };
        assert_eq!(plain.code(&eight, 59), "94287082");
    }

    #[test]
    fn a_code_is_good_for_its_step_and_the_neighbours() {
        let (options, seed) = (TotpOptions::default(), Seed::of("12345678901234567890").expect("seed"));
        let code = seed.code(&options, 1_000_000);
        for (shift, is_good) in [(-61, false), (-30, true), (0, true), (30, true), (61, false), (600, false)] {
            let step = seed.check(&options, &code, 1_000_000_u64.saturating_add_signed(shift));
            assert_eq!(step, is_good.then_some(1_000_000 / 30), "{shift}");
        }
    }

    #[test]
    fn only_the_digits_themselves_are_a_code() {
        let (options, seed) = (TotpOptions::default(), Seed::of("12345678901234567890").expect("seed"));
        for code in ["81804", "0081804", " 081804", "081804 ", "081 804", "０８１８０４", "+81804", ""] {
            assert_eq!(seed.check(&options, code, 1_111_111_109), None, "{code}");
        }
    }

    #[test]
    fn the_address_is_what_apps_read() {
        let seed = Seed::of("12345678901234567890").expect("seed");
        assert_eq!(
            seed.uri(&TotpOptions::default(), "Wire App", "ada@example.com"),
            "otpauth://totp/Wire%20App:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Wire+App&digits=6&period=30"
        );
        assert!(Seed::of("base32:0189").is_none());
    }
}
