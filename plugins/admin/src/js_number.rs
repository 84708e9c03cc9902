//! Numbers in a query, read as JavaScript's `Number()` reads text.

/// NaN for what is no number.
pub fn parse(text: &str) -> f64 {
    let text = text.trim();
    let radix = |digits: &str, radix| u64::from_str_radix(digits, radix).map_or(f64::NAN, |number| number as f64);
    match text.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => return radix(&text[2..], 16),
        Some("0o") => return radix(&text[2..], 8),
        Some("0b") => return radix(&text[2..], 2),
        _ => {}
    }
    match text {
        "" => 0.0,
        "Infinity" | "+Infinity" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        // Rust also reads words like "inf" and "nan".
        text if text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) => {
            text.parse().unwrap_or(f64::NAN)
        }
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_as_in_javascript() {
        for (text, expected) in [
            ("5", 5.0),
            (" 5\n", 5.0),
            ("-1", -1.0),
            ("1e1", 10.0),
            ("2.5", 2.5),
            (".5", 0.5),
            ("5.", 5.0),
            ("", 0.0),
            ("0x10", 16.0),
            ("0b11", 3.0),
            ("9e999", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
        ] {
            assert!((parse(text) - expected).abs() < f64::EPSILON || parse(text) == expected, "{text}");
        }
        for text in ["abc", "1;2", "NaN", "inf", "nan", "1e", "1_000", "0x", "--1", "٣"] {
            assert!(parse(text).is_nan(), "{text}");
        }
    }
}
