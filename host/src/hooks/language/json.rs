//! JSON to values of a script and back, within the sizes that scripts may hold.

use rhai::{Array, Dynamic, Map};
use serde_json::{Number, Value as Json};

use super::headers::HeaderMap;
use super::native::{MAX_ITEMS, MAX_TEXT_BYTES};

/// Deepest nesting that comes back from a script.
const MAX_DEPTH: usize = 64;

/// Whether a script may hold `json`: bounded items and texts.
pub fn fits(json: &Json) -> bool {
    let (items, bytes) = measure(json);
    items <= MAX_ITEMS && bytes <= MAX_TEXT_BYTES
}

/// Items and bytes of text, nested ones included.
fn measure(json: &Json) -> (usize, usize) {
    let sum = |(items, bytes): (usize, usize), (more_items, more_bytes): (usize, usize)| {
        (items + more_items + 1, bytes + more_bytes)
    };
    match json {
        Json::String(text) => (0, text.len()),
        Json::Array(values) => values.iter().map(measure).fold((0, 0), sum),
        Json::Object(fields) => {
            let field = |(key, value): (&String, &Json)| {
                let (items, bytes) = measure(value);
                (items, bytes + key.len())
            };
            fields.iter().map(field).fold((0, 0), sum)
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => (0, 0),
    }
}

/// The value that a script sees: `null` is `()`, objects are maps.
pub fn to_script(json: &Json) -> Dynamic {
    match json {
        Json::Null => Dynamic::UNIT,
        Json::Bool(is_true) => (*is_true).into(),
        Json::String(text) => text.as_str().into(),
        Json::Array(values) => values.iter().map(to_script).collect::<Array>().into(),
        Json::Object(fields) => {
            let pairs = fields.iter().map(|(key, value)| (key.as_str().into(), to_script(value)));
            pairs.collect::<Map>().into()
        }
        Json::Number(number) => match (number.as_i64(), number.is_f64()) {
            (Some(number), _) => number.into(),
            (None, true) => number.as_f64().unwrap_or_default().into(),
            // Too large for a script's integers: carried through untouched.
            (None, false) => Dynamic::from(number.clone()),
        },
    }
}

/// The JSON of a script's value.
///
/// # Errors
/// What kind of value has no JSON: functions, numbers that are not finite, too deep a nesting.
pub fn from_script(value: &Dynamic) -> Result<Json, String> {
    read(value, MAX_DEPTH)
}

fn read(value: &Dynamic, depth: usize) -> Result<Json, String> {
    let Some(depth) = depth.checked_sub(1) else { return Err("the value is nested too deeply".into()) };
    if value.is_unit() {
        return Ok(Json::Null);
    }
    if let Ok(is_true) = value.as_bool() {
        return Ok(is_true.into());
    }
    if let Ok(number) = value.as_int() {
        return Ok(number.into());
    }
    if let Ok(number) = value.as_float() {
        return Number::from_f64(number).map(Json::Number).ok_or_else(|| format!("{number} is no JSON number"));
    }
    if let Ok(letter) = value.as_char() {
        return Ok(letter.to_string().into());
    }
    if let Ok(text) = value.as_immutable_string_ref() {
        return Ok(text.as_str().into());
    }
    if let Ok(values) = value.as_array_ref() {
        return values.iter().map(|value| read(value, depth)).collect();
    }
    if let Ok(fields) = value.as_map_ref() {
        return fields.iter().map(|(key, value)| Ok((key.to_string(), read(value, depth)?))).collect();
    }
    if let Some(headers) = value.read_lock::<HeaderMap>() {
        return headers.0.iter().map(|(key, value)| Ok((key.to_string(), read(value, depth)?))).collect();
    }
    value
        .read_lock::<Number>()
        .map(|number| Json::Number(number.clone()))
        .ok_or_else(|| format!("a value of type {} is no JSON", value.type_name()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_script_leaves_alone_comes_back_as_it_was() {
        for json in [
            json!(null),
            json!({"a": [1, -1, 1.5, 1.0, true, null, "é"], "": {"b": {}}}),
            json!([u64::MAX, i64::MIN, 1e300]),
        ] {
            assert_eq!(from_script(&to_script(&json)).unwrap(), json);
        }
    }

    #[test]
    fn sizes_count_nested_values() {
        assert!(fits(&json!({"a": vec![0; 998]})));
        assert!(!fits(&json!({"a": vec![0; 1000]})));
        assert!(!fits(&json!(vec![vec![0; 100]; 10])));
        assert!(fits(&json!("x".repeat(MAX_TEXT_BYTES))));
        assert!(!fits(&json!([["x".repeat(MAX_TEXT_BYTES)], "y"])));
    }

    #[test]
    fn what_is_no_json_is_refused() {
        let deep = (0..100).fold(Dynamic::UNIT, |value, _| vec![value].into());
        for value in [Dynamic::from(f64::NAN), Dynamic::from(1.0_f64 / 0.0), deep] {
            assert!(from_script(&value).is_err());
        }
    }
}
