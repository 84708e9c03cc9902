//! Takes secrets out of what a hook reads, and keeps them in what it writes, as the host does.

use super::with;
use doorward_contract::{SECRET_FIELDS, folded_name};
use serde_json::{Map, Value};

/// What stands where a secret was.
const MARK: &str = "[redacted]";

/// Whether a field by this name is secret: for everyone, or as the plugin declares.
pub(super) fn is_secret(name: &str) -> bool {
    let name = folded_name(name);
    let is_it = |secret: &&str| folded_name(secret) == name;
    SECRET_FIELDS.iter().any(&is_it) || with(|world| world.secrets.iter().any(is_it))
}

/// The value without its secrets.
pub(super) fn shown(json: &Value) -> Value {
    match json {
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| match is_value(value) && is_secret(name) {
                true => (name.clone(), Value::from(MARK)),
                false => (name.clone(), shown(value)),
            };
            Value::Object(fields.iter().map(field).collect())
        }
        Value::Array(values) => values.iter().map(shown).collect(),
        plain => plain.clone(),
    }
}

/// What was written for `original`, with the secrets of the original in it.
pub(super) fn restored(original: &Value, written: Value) -> Value {
    let Value::Object(fields) = written else { return written };
    let mut result = Map::new();
    for (name, value) in fields {
        let before = original.get(&name).unwrap_or(&Value::Null);
        if !is_secret(&name) {
            result.insert(name, restored(before, value));
        } else if is_value(before) {
            result.insert(name, before.clone());
        }
    }
    Value::Object(result)
}

fn is_value(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(_))
}
