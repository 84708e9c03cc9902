//! Types that the endpoints' fields have beside the SDK's own, read as the reference reads them.

use doorward_sdk::FromField;
use doorward_sdk::prelude::*;

/// Any JSON, judged by the endpoint itself.
#[derive(Default)]
pub struct Any(pub Value);

impl FromField for Any {
    const EXPECTED: &'static str = "value";
    fn from_value(value: &Value) -> Option<Self> {
        Some(Any(value.clone()))
    }
}

/// A user's id: whatever was sent, as JavaScript writes it, so that a numeric id may be sent as a number.
#[derive(Default)]
pub struct UserId(pub String);

impl FromField for UserId {
    const EXPECTED: &'static str = "nonoptional";
    fn from_value(value: &Value) -> Option<Self> {
        Some(UserId(to_text(value)))
    }
}

fn to_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let item = |item: &Value| if item.is_null() { String::new() } else { to_text(item) };
            items.iter().map(item).collect::<Vec<_>>().join(",")
        }
        Value::Object(_) => "[object Object]".to_owned(),
        plain => plain.to_string(),
    }
}

/// One or several roles: text, or a list of texts.
pub fn role(fields: &mut Fields<'_>) -> Option<Value> {
    let Any(given) = fields.optional("role")?;
    let is_role = match &given {
        Value::Array(names) => names.iter().all(Value::is_string),
        name => name.is_string(),
    };
    if !is_role {
        fields.issue("role", "Invalid input");
    }
    Some(given)
}

/// What a single field names.
pub struct User {
    pub id: String,
}

impl Input for User {
    fn read(fields: &mut Fields<'_>) -> Self {
        let UserId(id) = fields.required("userId");
        User { id }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_text_whatever_they_were() {
        for (given, expected) in [
            (json!("a"), "a"),
            (json!(5), "5"),
            (json!(null), "null"),
            (json!(true), "true"),
            (json!([]), ""),
            (json!(["a", [1, null]]), "a,1,"),
            (json!({ "a": 1 }), "[object Object]"),
        ] {
            assert_eq!(to_text(&given), expected, "{given}");
        }
    }
}
