//! What a setting takes, as a person would say it.

use serde_json::Value as Json;

use super::{LONGEST_SECRET, SettingKind, length};

/// Units of time, the largest first, with their seconds.
const UNITS: [(&str, u64); 4] = [("days", 86_400), ("hours", 3600), ("minutes", 60), ("seconds", 1)];

impl SettingKind {
    /// What to write in place of `given`, which does not fit.
    pub(super) fn asked(self, given: &Json) -> String {
        match self {
            Self::Switch => "must be true or false".to_owned(),
            Self::Number(least, most) => format!("must be a whole number from {} to {}", grouped(least), grouped(most)),
            Self::Seconds(least, most) => {
                let (from, to) = (spoken(least), spoken(most));
                format!(
                    "must be a whole number of seconds from {} ({from}) to {} ({to})",
                    grouped(least),
                    grouped(most)
                )
            }
            Self::Text(least, most) => text(given, least, most),
            Self::Secret => text(given, 1, LONGEST_SECRET),
            Self::Colour => "must be a colour such as #0a66c2".to_owned(),
            Self::Languages(most) => format!("must be a list of at most {most} languages, such as en, de or pt-BR"),
            Self::Picture => "must be an SVG, PNG or WebP picture as data:image/png;base64,…".to_owned(),
        }
    }
}

/// What is wrong with a text that should have `least` to `most` letters.
fn text(given: &Json, least: u64, most: u64) -> String {
    let most = grouped(most);
    match given.as_str().map(length) {
        None => "must be a text".to_owned(),
        Some(0) => "must not be empty".to_owned(),
        Some(letters) if letters < least => format!("must have at least {least} characters"),
        Some(_) => format!("must have at most {most} characters"),
    }
}

/// Seconds in the largest unit that they fill.
fn spoken(secs: u64) -> String {
    let unit = UNITS.into_iter().find(|(_, size)| secs >= *size && secs.is_multiple_of(*size));
    let (name, size) = unit.unwrap_or(("seconds", 1));
    let count = secs / size;
    format!("{} {}", grouped(count), if count == 1 { name.trim_end_matches('s') } else { name })
}

/// `34560000` as people read it: `34,560,000`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_person_reads_what_to_write() {
        for (kind, given, expected) in [
            (SettingKind::Switch, json!("yes"), "must be true or false"),
            (SettingKind::Number(3, 100_000), json!(1), "must be a whole number from 3 to 100,000"),
            (
                SettingKind::Seconds(300, 34_560_000),
                json!(1),
                "must be a whole number of seconds from 300 (5 minutes) to 34,560,000 (400 days)",
            ),
            (
                SettingKind::Seconds(1, 5400),
                json!(0),
                "must be a whole number of seconds from 1 (1 second) to 5,400 (90 minutes)",
            ),
            (SettingKind::Text(1, 100), json!(""), "must not be empty"),
            (SettingKind::Text(3, 320), json!("a"), "must have at least 3 characters"),
            (SettingKind::Text(1, 2), json!("äöü"), "must have at most 2 characters"),
            (SettingKind::Text(1, 2), json!(5), "must be a text"),
            (SettingKind::Secret, json!(""), "must not be empty"),
            (SettingKind::Secret, json!("x".repeat(5000)), "must have at most 4,096 characters"),
            (SettingKind::Colour, json!("blue"), "must be a colour such as #0a66c2"),
            (
                SettingKind::Languages(20),
                json!("en"),
                "must be a list of at most 20 languages, such as en, de or pt-BR",
            ),
            (SettingKind::Picture, json!("/x"), "must be an SVG, PNG or WebP picture as data:image/png;base64,…"),
        ] {
            assert_eq!(kind.asked(&given), expected);
        }
    }
}
