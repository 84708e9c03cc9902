//! Asks for a range of hashes: the other server learns the first five hex digits of a SHA-1 and nothing else.
//!
//! Source: https://haveibeenpwned.com/API/v3#PwnedPasswords, by k-anonymity.

use doorward_sdk::http;
use sha1::{Digest, Sha1};
use std::fmt::Write;

const PREFIX_DIGITS: usize = 5;

/// How often the password was seen in breaches.
///
/// # Errors
/// Why nobody knows.
pub fn times_seen(password: &str, url: &str, timeout_ms: u32) -> Result<u64, String> {
    let hash = sha1_hex(password);
    let (prefix, rest) = hash.split_at(PREFIX_DIGITS);
    // With padding, an answer's length tells nothing about the range.
    let request = http::Request::get(&format!("{url}{prefix}")).header("add-padding", "true").timeout_ms(timeout_ms);
    let answer = request.send().map_err(|failure| format!("{failure:?}"))?;
    if !answer.is_success() {
        return Err(format!("status {}", answer.status()));
    }
    let lines = answer.text().ok_or("the answer is no text")?.lines();
    let counts =
        lines.filter_map(|line| line.trim().split_once(':')).filter(|(hash, _)| hash.eq_ignore_ascii_case(rest));
    Ok(counts.filter_map(|(_, count)| count.parse::<u64>().ok()).max().unwrap_or(0))
}

fn sha1_hex(text: &str) -> String {
    Sha1::digest(text.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        _ = write!(hex, "{byte:02X}");
        hex
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_hash_is_the_one_that_the_list_has() {
        assert_eq!(super::sha1_hex("password"), "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8");
    }
}
