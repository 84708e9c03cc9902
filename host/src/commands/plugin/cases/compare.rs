//! Compares what happened with what a case names, and puts kept values into texts.

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// Stands for any value that is there.
const ANY: &str = "<any>";
/// Stands for no value, or null.
const NONE: &str = "<none>";

/// What differs, or none: of objects, the fields that are named count alone.
pub(super) fn difference(place: &str, wanted: &Json, seen: Option<&Json>) -> Option<String> {
    let seen_or_null = seen.unwrap_or(&Json::Null);
    match (wanted, seen_or_null) {
        (Json::String(text), seen) if text == ANY => {
            seen.is_null().then(|| format!("{place}: expected a value, got none"))
        }
        (Json::String(text), seen) if text == NONE => {
            (!seen.is_null()).then(|| format!("{place}: expected none, got {seen}"))
        }
        (Json::Object(wanted), Json::Object(seen)) => {
            wanted.iter().find_map(|(name, value)| difference(&format!("{place}.{name}"), value, seen.get(name)))
        }
        (Json::Array(wanted), Json::Array(seen)) if wanted.len() == seen.len() => {
            let mut pairs = wanted.iter().zip(seen).enumerate();
            pairs.find_map(|(index, (wanted, seen))| difference(&format!("{place}[{index}]"), wanted, Some(seen)))
        }
        (wanted, seen) if is_equal(wanted, seen) => None,
        (wanted, seen) => Some(format!("{place}: expected {wanted}, got {seen}")),
    }
}

/// What differs, or none: each of `wanted` is one of `seen`, in any order, and there are no others.
pub(super) fn set_difference(place: &str, wanted: &[Json], seen: &[Json]) -> Option<String> {
    let shown = || Json::Array(seen.to_vec());
    if wanted.len() != seen.len() {
        return Some(format!("{place}: expected {}, got {}: {}", wanted.len(), seen.len(), shown()));
    }
    let mut left: Vec<&Json> = seen.iter().collect();
    for one in wanted {
        let Some(found) = left.iter().position(|seen| difference(place, one, Some(seen)).is_none()) else {
            return Some(format!("{place}: expected {one} among {}", shown()));
        };
        left.remove(found);
    }
    None
}

/// 1 and 1.0 are one number.
fn is_equal(wanted: &Json, seen: &Json) -> bool {
    wanted == seen
        || matches!((wanted.as_f64(), seen.as_f64()), (Some(wanted), Some(seen)) if (wanted - seen).abs() < f64::EPSILON)
}

/// The text with kept values in place of `${name}`.
///
/// # Errors
/// Names what was not kept.
pub(super) fn filled(text: &str, kept: &BTreeMap<String, Json>) -> Result<String, String> {
    let mut parts = text.split("${");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').ok_or_else(|| format!("`{text}` has no `}}` after `${{`"))?;
        let value = kept.get(name).ok_or_else(|| format!("nothing was kept as `{name}`"))?;
        whole.push_str(&value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        whole.push_str(rest);
    }
    Ok(whole)
}

/// As [`filled`], for every text in a value. A text that is one name alone becomes the value itself.
///
/// # Errors
/// As [`filled`].
pub(super) fn filled_json(value: &Json, kept: &BTreeMap<String, Json>) -> Result<Json, String> {
    Ok(match value {
        Json::String(text) => match text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
            Some(name) if kept.contains_key(name) => kept.get(name).cloned().unwrap_or_default(),
            _ => filled(text, kept)?.into(),
        },
        Json::Array(items) => items.iter().map(|item| filled_json(item, kept)).collect::<Result<_, _>>()?,
        Json::Object(fields) => {
            let field = |(name, value): (&String, &Json)| Ok((name.clone(), filled_json(value, kept)?));
            Json::Object(fields.iter().map(field).collect::<Result<_, String>>()?)
        }
        plain => plain.clone(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_named_may_be_anything() {
        let seen = json!({ "a": 1, "b": { "c": [1, { "d": "x", "e": null }] } });
        for (wanted, agrees) in [
            (json!({}), true),
            (json!({ "a": 1.0 }), true),
            (json!({ "a": 2 }), false),
            (json!({ "b": { "c": [1, { "d": "x" }] } }), true),
            (json!({ "b": { "c": [1] } }), false),
            (json!({ "a": "<any>", "z": "<none>" }), true),
            (json!({ "z": "<any>" }), false),
            (json!({ "a": "<none>" }), false),
            (json!({ "z": null }), true),
        ] {
            assert_eq!(difference("body", &wanted, Some(&seen)).is_none(), agrees, "{wanted}");
        }
        assert_eq!(difference("body", &json!({ "a": 2 }), Some(&seen)).unwrap(), "body.a: expected 2, got 1");
    }

    #[test]
    fn a_set_has_each_once() {
        let seen = [json!({ "a": 1 }), json!({ "a": 2 })];
        let differs = |wanted: Json| set_difference("rows", wanted.as_array().unwrap(), &seen).is_some();
        assert!(!differs(json!([{ "a": 2 }, { "a": 1 }])));
        assert!(differs(json!([{ "a": 2 }, { "a": 2 }])) && differs(json!([{ "a": 1 }])) && differs(json!([])));
    }

    #[test]
    fn kept_values_stand_in_texts() {
        let kept = BTreeMap::from([("code".to_owned(), json!("abc")), ("n".to_owned(), json!(7))]);
        assert_eq!(filled("/x/${code}?n=${n}", &kept).unwrap(), "/x/abc?n=7");
        assert_eq!(
            filled_json(&json!({ "n": "${n}", "t": ["n${n}"] }), &kept).unwrap(),
            json!({ "n": 7, "t": ["n7"] })
        );
        assert!(filled("${other}", &kept).unwrap_err().contains("`other`"));
        assert!(filled("${code", &kept).is_err());
    }
}
