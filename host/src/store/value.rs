//! The value of a field, independent of how a database stores it.

use std::fmt;

use doorward_contract::FieldType;
use serde::{Serialize, Serializer};

use crate::clock::Timestamp;

use super::error::StoreError;

/// A field's value. `Debug` shows the kind and size of texts, never their content.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// Text without NUL characters.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// True or false.
    Boolean(bool),
    /// A time, stored with milliseconds.
    Timestamp(Timestamp),
    /// Any JSON.
    Json(serde_json::Value),
}

impl Value {
    /// True for SQL NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value as JSON: timestamps as ISO text, null for NULL.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Text(text) => text.as_str().into(),
            Self::Integer(number) => (*number).into(),
            Self::Boolean(is_true) => (*is_true).into(),
            Self::Timestamp(at) => at.to_iso().into(),
            Self::Json(json) => json.clone(),
        }
    }

    /// The value that [`Value::to_json`] wrote for a field of `kind`; `None` when it is of another kind.
    pub fn from_json(json: &serde_json::Value, kind: FieldType) -> Option<Self> {
        match kind {
            FieldType::String => json.as_str().map(Self::from),
            FieldType::Number | FieldType::Bigint => json.as_i64().map(Self::Integer),
            FieldType::Boolean => json.as_bool().map(Self::Boolean),
            FieldType::Date => json.as_str().and_then(Timestamp::parse_iso).map(Self::Timestamp),
            FieldType::Strings | FieldType::Numbers | FieldType::Json => {
                kind.holds(json, |_| false).then(|| Self::Json(json.clone()))
            }
        }
    }

    /// Checks that the value fits a field of `kind`. ISO text becomes a timestamp.
    ///
    /// # Errors
    /// `InvalidInput` when the kind does not fit or a text holds a NUL character, which PostgreSQL cannot store.
    pub(super) fn fit(self, kind: FieldType, field: &str) -> Result<Self, StoreError> {
        let is_fit = match (&self, kind) {
            (Self::Text(text), FieldType::Date) => {
                let at = Timestamp::parse_iso(text).ok_or_else(|| StoreError::invalid(field, "is not a date"))?;
                return Ok(Self::Timestamp(at));
            }
            (Self::Text(text), FieldType::String) => {
                if text.contains('\0') {
                    return Err(StoreError::invalid(field, "holds a NUL character"));
                }
                true
            }
            (Self::Json(json), FieldType::Strings | FieldType::Numbers | FieldType::Json) => {
                if has_nul(json) {
                    return Err(StoreError::invalid(field, "holds a NUL character"));
                }
                true
            }
            (Self::Null, _)
            | (Self::Integer(_), FieldType::Number | FieldType::Bigint)
            | (Self::Boolean(_), FieldType::Boolean)
            | (Self::Timestamp(_), FieldType::Date) => true,
            _ => false,
        };
        if is_fit { Ok(self) } else { Err(StoreError::invalid(field, "has a value of another kind")) }
    }

    /// Reads the content of a column as a value of `kind`. Each backend stores booleans, dates and JSON in its own way.
    ///
    /// # Errors
    /// `Internal` when the column holds something that is no such value.
    pub(super) fn into_kind(self, kind: FieldType, field: &str) -> Result<Self, StoreError> {
        Ok(match (self, kind) {
            (Self::Text(text), FieldType::Date) => match parse_stored_date(&text) {
                Some(at) => Self::Timestamp(at),
                None => return Err(StoreError::unreadable(field)),
            },
            (Self::Integer(ms), FieldType::Date) => Self::Timestamp(Timestamp(ms)),
            (Self::Integer(number), FieldType::Boolean) => Self::Boolean(number != 0),
            (Self::Integer(number), FieldType::String) => Self::Text(number.to_string()),
            (Self::Text(text), FieldType::Strings | FieldType::Numbers | FieldType::Json) => {
                match serde_json::from_str(&text) {
                    Ok(json) => Self::Json(json),
                    Err(_) => return Err(StoreError::unreadable(field)),
                }
            }
            (Self::Json(json), FieldType::String) => Self::Text(json.to_string()),
            (value @ Self::Null, _)
            | (value @ Self::Text(_), FieldType::String)
            | (value @ Self::Integer(_), FieldType::Number | FieldType::Bigint)
            | (value @ Self::Boolean(_), FieldType::Boolean)
            | (value @ Self::Timestamp(_), FieldType::Date)
            | (value @ Self::Json(_), FieldType::Strings | FieldType::Numbers | FieldType::Json) => value,
            _ => return Err(StoreError::unreadable(field)),
        })
    }
}

/// Serialises like [`Value::to_json`].
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Boolean(is_true) => serializer.serialize_bool(*is_true),
            Self::Timestamp(at) => serializer.serialize_str(&at.to_iso()),
            Self::Json(json) => json.serialize(serializer),
        }
    }
}

/// Reads ISO text, or the text of SQLite's CURRENT_TIMESTAMP: `2026-11-22 08:41:23`, UTC.
fn parse_stored_date(text: &str) -> Option<Timestamp> {
    Timestamp::parse_iso(text).or_else(|| Timestamp::parse_iso(&format!("{}Z", text.replacen(' ', "T", 1))))
}

fn has_nul(json: &serde_json::Value) -> bool {
    match json {
        serde_json::Value::String(text) => text.contains('\0'),
        serde_json::Value::Array(items) => items.iter().any(has_nul),
        serde_json::Value::Object(map) => map.iter().any(|(key, item)| key.contains('\0') || has_nul(item)),
        _ => false,
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Integer(number) => write!(f, "Integer({number})"),
            Self::Boolean(is_true) => write!(f, "Boolean({is_true})"),
            Self::Timestamp(at) => write!(f, "Timestamp({})", at.to_iso()),
            Self::Json(_) => f.write_str("Json(…)"),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<bool> for Value {
    fn from(is_true: bool) -> Self {
        Self::Boolean(is_true)
    }
}

impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Self::Timestamp(at)
    }
}

impl From<serde_json::Value> for Value {
    fn from(json: serde_json::Value) -> Self {
        Self::Json(json)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_either_backend_become_the_kind_of_the_field() {
        let at = Timestamp(1_795_336_883_051);
        let read = |value: Value, kind| value.into_kind(kind, "f").unwrap();
        assert_eq!(read(at.to_iso().into(), FieldType::Date), Value::Timestamp(at));
        assert_eq!(read("2026-11-22 08:41:23".into(), FieldType::Date), Value::Timestamp(Timestamp(1_795_336_883_000)));
        assert_eq!(read(1.into(), FieldType::Boolean), Value::Boolean(true));
        assert_eq!(read("[1]".into(), FieldType::Json), Value::Json(serde_json::json!([1])));
        assert_eq!(read("[1]".into(), FieldType::Numbers), Value::Json(serde_json::json!([1])));
        assert_eq!(read(5.into(), FieldType::Bigint), Value::Integer(5));
        assert!(Value::from("soon").into_kind(FieldType::Date, "f").is_err());
    }

    #[test]
    fn values_of_another_kind_and_nul_are_refused() {
        assert!(Value::from(1).fit(FieldType::String, "f").is_err());
        assert!(Value::from("a\0b").fit(FieldType::String, "f").is_err());
        assert!(Value::from(serde_json::json!({"a": ["\u{0}"]})).fit(FieldType::Json, "f").is_err());
        assert_eq!(Value::Null.fit(FieldType::Json, "f").unwrap(), Value::Null);
    }

    #[test]
    fn debug_hides_texts() {
        assert_eq!(format!("{:?}", Value::from("hunter22")), "Text(8 bytes)");
    }
}
