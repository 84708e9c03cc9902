//! A person as an export describes them, whoever made it.

use serde_json::{Map, Value as Json};

use crate::clock::Timestamp;

/// Somebody who had an account there. Empty texts count as none.
#[derive(Debug, Default)]
pub struct Person {
    /// Their id there.
    pub id: Option<String>,
    pub email: String,
    pub email_verified: bool,
    pub name: Option<String>,
    pub image: Option<String>,
    pub username: Option<String>,
    pub created_at: Option<Timestamp>,
    /// Kept out there, for ever or for now.
    pub is_disabled: bool,
    /// In a form that `auth::password` compares.
    pub password_hash: Option<String>,
    /// Other ways to sign in: the provider as this server names it, and the person's id there.
    pub accounts: Vec<(String, String)>,
    /// Everything else that has a name.
    pub fields: Map<String, Json>,
}

/// Reads members of a JSON object, in the forms that exports use.
pub struct Members<'a>(pub &'a Map<String, Json>);

impl Members<'_> {
    /// A text that is not empty; numbers count as their digits.
    pub fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Json::String(text) => Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned),
            Json::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// The first of these that is there.
    pub fn first(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.text(name))
    }

    /// `true`, `"true"`, `1`, `"TRUE"`, `"t"`, `"yes"`.
    pub fn is_true(&self, name: &str) -> bool {
        match self.0.get(name) {
            Some(Json::Bool(is_true)) => *is_true,
            Some(Json::String(text)) => matches!(text.trim().to_ascii_lowercase().as_str(), "true" | "t" | "1" | "yes"),
            Some(Json::Number(number)) => number.as_i64() == Some(1),
            _ => false,
        }
    }

    /// A moment: ISO text, the text of a database, or milliseconds or seconds since 1970.
    pub fn moment(&self, name: &str) -> Option<Timestamp> {
        moment(&self.text(name)?)
    }

    /// An object, or one written as a text.
    pub fn object(&self, name: &str) -> Map<String, Json> {
        match self.0.get(name) {
            Some(Json::Object(object)) => object.clone(),
            Some(Json::String(text)) => serde_json::from_str(text).unwrap_or_default(),
            _ => Map::new(),
        }
    }

    /// The objects of a list, or of one written as a text.
    pub fn objects(&self, name: &str) -> Vec<Map<String, Json>> {
        let items = match self.0.get(name) {
            Some(Json::Array(items)) => items.clone(),
            Some(Json::String(text)) => serde_json::from_str(text).unwrap_or_default(),
            _ => Vec::new(),
        };
        items.into_iter().filter_map(|item| if let Json::Object(object) = item { Some(object) } else { None }).collect()
    }
}

/// Numbers above this are milliseconds: as seconds, they would lie in the year 5138.
const LAST_SECOND: i64 = 100_000_000_000;

fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(number) = text.parse::<f64>() {
        #[allow(clippy::cast_possible_truncation, reason = "moments are far below the bound of whole numbers")]
        let whole = number as i64;
        return Some(Timestamp(if whole > LAST_SECOND { whole } else { whole.saturating_mul(1000) }));
    }
    // `2023-01-31 12:00:00.123456+00`
    let iso = text.replacen(' ', "T", 1);
    let zone = iso.get(19..).unwrap_or_default();
    let iso = match zone.rfind(['+', '-']) {
        Some(at) if zone.len() - at == 3 => format!("{iso}:00"),
        None if !iso.ends_with('Z') => format!("{iso}Z"),
        _ => iso,
    };
    Timestamp::parse_iso(&iso)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_exports_write_them() {
        let at = Timestamp(1_675_166_400_123);
        for text in [
            "2023-01-31T12:00:00.123Z",
            "2023-01-31 12:00:00.123+00",
            "2023-01-31T14:00:00.123+02:00",
            "2023-01-31 12:00:00.123",
            "1675166400123",
        ] {
            assert_eq!(moment(text), Some(at), "{text}");
        }
        assert_eq!(moment("1675166400"), Some(Timestamp(1_675_166_400_000)));
        assert_eq!(moment("yesterday"), None);
    }
}
