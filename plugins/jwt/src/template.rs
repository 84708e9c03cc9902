//! Claims that the operator describes: constants, and fields of the user and the session in braces.

use doorward_sdk::prelude::*;

/// `template` with its braces filled from `session` (`{"session": …, "user": …}`). Text that is one pair of braces becomes
/// the field's own value; a field that does not exist leaves nothing.
pub fn fill(template: &Value, session: &Value) -> Option<Value> {
    match template {
        Value::String(text) => fill_text(text, session),
        Value::Array(items) => Some(items.iter().filter_map(|item| fill(item, session)).collect()),
        Value::Object(fields) => {
            let filled = |(name, value): (&String, &Value)| Some((name.clone(), fill(value, session)?));
            Some(Value::Object(fields.iter().filter_map(filled).collect()))
        }
        constant => Some(constant.clone()),
    }
}

fn fill_text(text: &str, session: &Value) -> Option<Value> {
    if let Some(path) = text.strip_prefix('{').and_then(field_path)
        && path.len() + 2 == text.len()
    {
        return field(path, session).cloned();
    }
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        rest = match field_path(after) {
            Some(path) => {
                filled.push_str(&field(path, session).map(plain).unwrap_or_default());
                after.get(path.len() + 1..).unwrap_or_default()
            }
            None => {
                filled.push('{');
                after
            }
        };
    }
    filled.push_str(rest);
    Some(Value::String(filled))
}

/// `user.email` at the beginning of `user.email}…`; none when the brace opens no field.
fn field_path(text: &str) -> Option<&str> {
    let (path, _) = text.split_once('}')?;
    let (model, name) = path.split_once('.')?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (matches!(model, "user" | "session") && is_name).then_some(path)
}

fn field<'a>(path: &str, session: &'a Value) -> Option<&'a Value> {
    let (model, name) = path.split_once('.')?;
    session.get(model)?.get(name)
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_become_fields() {
        let session = json!({
            "user": { "id": "u1", "email": "ada@example.com", "emailVerified": true, "image": null },
            "session": { "userAgent": "agent-7" },
        });
        let cases = [
            (json!("{user.email}"), Some(json!("ada@example.com"))),
            (json!("{user.emailVerified}"), Some(json!(true))),
            (json!("{user.image}"), Some(Value::Null)),
            (json!("{user.none}"), None),
            (json!("subject-of-{session.userAgent}!"), Some(json!("subject-of-agent-7!"))),
            (json!("{user.id}/{user.emailVerified}{user.none}"), Some(json!("u1/true"))),
            (
                json!("{braces} {user} {user.} {other.id} {user.id"),
                Some(json!("{braces} {user} {user.} {other.id} {user.id")),
            ),
            (json!({ "a": ["{user.id}", 1], "b": "{user.none}" }), Some(json!({ "a": ["u1", 1] }))),
            (json!(7), Some(json!(7))),
        ];
        for (template, expected) in cases {
            assert_eq!(fill(&template, &session), expected, "{template}");
        }
    }
}
