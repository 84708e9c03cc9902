//! JSON Schema as TypeScript.

use doorward_contract::InputNote;
use serde_json::{Map, Value as Json};

/// What written types rest on: the shape of an endpoint as the client library reads it.
pub const MODELS: &str = "
type Row = Record<string, unknown> & { id: string };
type Endpoint<Path extends string, Method, Body, Query, Answer> = {
  (context: { body: Body; query: Query; method?: Method; params?: Record<string, string> }): Promise<Answer>;
  options: { method: Method };
  path: Path;
};
";

/// What may be sent.
pub fn input(note: &InputNote) -> String {
    let shape = object(&note.schema);
    let nothing = if note.may_be_absent { " | undefined" } else { "" };
    format!("{shape}{nothing}")
}

/// Values that a schema allows.
pub fn of(schema: &Json) -> String {
    let Some(schema) = schema.as_object() else { return "unknown".to_owned() };
    if schema.contains_key("$ref") {
        return "Row".to_owned();
    }
    let union = |choices: &Vec<Json>, of: fn(&Json) -> String| choices.iter().map(of).collect::<Vec<_>>().join(" | ");
    if let Some(Json::Array(choices)) = schema.get("enum") {
        return union(choices, Json::to_string);
    }
    if let Some(Json::Array(choices)) = schema.get("anyOf").or_else(|| schema.get("oneOf")) {
        return union(choices, of);
    }
    match schema.get("type") {
        Some(Json::Array(kinds)) => {
            let named = kinds.iter().filter_map(Json::as_str).map(|kind| typed(kind, schema));
            named.collect::<Vec<_>>().join(" | ")
        }
        Some(Json::String(kind)) => typed(kind, schema),
        _ => "unknown".to_owned(),
    }
}

fn typed(kind: &str, schema: &Map<String, Json>) -> String {
    match kind {
        "string" => "string".to_owned(),
        "number" | "integer" => "number".to_owned(),
        "boolean" => "boolean".to_owned(),
        "null" => "null".to_owned(),
        "array" => format!("Array<{}>", schema.get("items").map_or_else(|| "unknown".to_owned(), of)),
        _ => object(schema),
    }
}

fn object(schema: &Map<String, Json>) -> String {
    let properties = schema.get("properties").and_then(Json::as_object).filter(|properties| !properties.is_empty());
    let Some(properties) = properties else { return "Record<string, unknown>".to_owned() };
    let required = schema.get("required").and_then(Json::as_array);
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|one| one == name));
    let fields = properties.iter().map(|(name, schema)| {
        let mark = if is_required(name) { "" } else { "?" };
        format!("{}{mark}: {}", Json::from(name.as_str()), of(schema))
    });
    format!("{{ {} }}", fields.collect::<Vec<_>>().join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn schemas_are_types() {
        for (schema, expected) in [
            (json!({}), "unknown"),
            (json!({ "type": ["string", "null"] }), "string | null"),
            (json!({ "type": "array", "items": { "type": "integer" } }), "Array<number>"),
            (json!({ "enum": ["a", 1] }), "\"a\" | 1"),
            (json!({ "$ref": "#/components/schemas/User" }), "Row"),
            (json!({ "type": "object" }), "Record<string, unknown>"),
            (
                json!({ "type": "object", "properties": { "a": { "type": "string" }, "b": {} }, "required": ["a"] }),
                "{ \"a\": string; \"b\"?: unknown }",
            ),
        ] {
            assert_eq!(of(&schema), expected);
        }
    }
}
