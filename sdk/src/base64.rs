//! Base64 in both of its alphabets.

/// Base64 for URLs, without padding.
///
/// ```
/// use doorward_sdk::crypto;
/// assert_eq!(crypto::base64url(&[251, 255, 1]), "-_8B");
/// ```
pub fn base64url(bytes: &[u8]) -> String {
    encode(bytes, [b'-', b'_'])
}

/// What [`base64url`] was given; none for text that it does not make.
///
/// ```
/// use doorward_sdk::crypto;
/// let token = crypto::base64url(b"seat 7");
/// assert_eq!(crypto::from_base64url(&token).as_deref(), Some(&b"seat 7"[..]));
/// assert_eq!(crypto::from_base64url("seat 7!"), None);
/// ```
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    decode(text, [b'-', b'_'])
}

/// Base64 as mail has it, with padding.
///
/// ```
/// use doorward_sdk::crypto;
/// let credentials = crypto::base64(b"client:secret");
/// assert_eq!(format!("Basic {credentials}"), "Basic Y2xpZW50OnNlY3JldA==");
/// ```
pub fn base64(bytes: &[u8]) -> String {
    let text = encode(bytes, [b'+', b'/']);
    let padding = "=".repeat(text.len().next_multiple_of(4) - text.len());
    text + &padding
}

/// What [`base64`] was given; none for text that it does not make.
///
/// ```
/// use doorward_sdk::crypto;
/// assert_eq!(crypto::from_base64("QWRh").as_deref(), Some(&b"Ada"[..]));
/// assert_eq!(crypto::from_base64("QWRhIQ"), None, "its padding is missing");
/// ```
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    let bare = text.trim_end_matches('=');
    let is_padded = bare.len().next_multiple_of(4) == text.len();
    decode(bare, [b'+', b'/']).filter(|_| is_padded)
}

/// The letters, digits and these two signs for 62 and 63.
fn encode(bytes: &[u8], signs: [u8; 2]) -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().chain([0, 0].iter()).take(3).fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
        for position in 0..=chunk.len() {
            let index = (group >> (18 - 6 * position) & 63) as usize;
            text.extend(ALPHABET.iter().chain(&signs).nth(index).map(|byte| char::from(*byte)));
        }
    }
    text
}

fn decode(text: &str, [sign_62, sign_63]: [u8; 2]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut bits, mut held) = (0u32, 0);
    for byte in text.bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            byte if byte == sign_62 => 62,
            byte if byte == sign_63 => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(digit);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    (bits == 0 && held < 6).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{base64, base64url, from_base64, from_base64url};

    #[test]
    fn base64url_has_no_padding() {
        let cases: [(&[u8], &str); 5] =
            [(b"", ""), (b"f", "Zg"), (b"fo", "Zm8"), (b"foo", "Zm9v"), (&[255, 254], "__4")];
        for (bytes, expected) in cases {
            assert_eq!(base64url(bytes), expected);
            assert_eq!(from_base64url(expected).as_deref(), Some(bytes));
        }
        for other in ["A", "Zg==", "Zh", "Zm+v", "Z g"] {
            assert_eq!(from_base64url(other), None, "{other}");
        }
    }

    #[test]
    fn base64_is_padded() {
        let cases: [(&[u8], &str); 5] =
            [(b"", ""), (b"f", "Zg=="), (b"fo", "Zm8="), (b"foo", "Zm9v"), (&[255, 239], "/+8=")];
        for (bytes, expected) in cases {
            assert_eq!(base64(bytes), expected);
            assert_eq!(from_base64(expected).as_deref(), Some(bytes));
        }
        for other in ["Zg", "Zg=", "Zg===", "Zm8", "Zm9v====", "__8=", "=", "===="] {
            assert_eq!(from_base64(other), None, "{other}");
        }
    }
}
