//! What the description of the API says of an endpoint: what it is for, what it reads, what it answers.
//!
//! The schemas are JSON Schema, as OpenAPI 3.1 takes it. What is read is not written down: [`Shape`] records what the code
//! that reads asks for.

use crate::ErrorCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What is said of one endpoint or function.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct ApiNote {
    /// One sentence: what it does.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// The body that it reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<InputNote>,
    /// The query that it reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<InputNote>,
    /// JSON Schema of what it answers after success.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Value>,
    /// The type of that answer, where it is not JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Whether it may lead a browser elsewhere.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub redirects: bool,
    /// The model (`user`, `session`) whose additional fields may stand in the body too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub takes_fields_of: Option<String>,
    /// With what it refuses of its own: what every endpoint may answer is not among it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<ErrorCode<String>>,
}

/// What is read of a body or a query.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct InputNote {
    /// JSON Schema of an object.
    pub schema: Map<String, Value>,
    /// Whether all of it may be missing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_be_absent: bool,
}

/// Records what is asked for while nothing is there to read.
#[derive(Debug, Default)]
pub struct Shape {
    properties: Map<String, Value>,
    required: Vec<Value>,
    any_of: Vec<Value>,
    may_be_absent: bool,
}

impl Shape {
    /// A field with a schema of its own. One that is asked for twice is told the first time; it is required when it was
    /// once.
    pub fn field(&mut self, name: &str, schema: Value, is_required: bool) {
        if is_required && !self.required.iter().any(|other| other == name) {
            self.required.push(name.into());
        }
        self.properties.entry(name).or_insert(schema);
    }

    /// A field of a type as faults call it: `string`, `record`. A name that is none of JSON's types is any value.
    pub fn typed(&mut self, name: &str, expected: &str, is_required: bool) {
        let kind = match expected {
            "record" => "object",
            "date" => return self.field(name, json!({ "type": "string", "format": "date-time" }), is_required),
            "string" | "number" | "boolean" | "array" | "object" | "integer" => expected,
            _ => return self.field(name, json!({}), is_required),
        };
        self.field(name, json!({ "type": kind }), is_required);
    }

    /// At least one of these fields must be there.
    pub fn any_of(&mut self, names: &[&str]) {
        self.any_of.extend(names.iter().map(|name| json!({ "required": [name] })));
    }

    /// All of it may be missing.
    pub fn may_be_absent(&mut self) {
        self.may_be_absent = true;
    }

    /// What was recorded.
    pub fn into_note(self) -> InputNote {
        let mut schema = Map::from_iter([("type".to_owned(), "object".into())]);
        if !self.properties.is_empty() {
            schema.insert("properties".to_owned(), self.properties.into());
        }
        if !self.required.is_empty() {
            schema.insert("required".to_owned(), self.required.into());
        }
        if !self.any_of.is_empty() {
            schema.insert("anyOf".to_owned(), self.any_of.into());
        }
        InputNote { schema, may_be_absent: self.may_be_absent }
    }
}

impl ApiNote {
    /// A note with its sentence.
    pub fn new(summary: &str) -> Self {
        Self { summary: summary.to_owned(), ..Self::default() }
    }

    /// Reads this body.
    #[must_use]
    pub fn body(mut self, body: InputNote) -> Self {
        self.body = Some(body);
        self
    }

    /// Reads this query.
    #[must_use]
    pub fn query(mut self, query: InputNote) -> Self {
        self.query = Some(query);
        self
    }

    /// Answers JSON of this schema after success.
    #[must_use]
    pub fn answer(mut self, schema: Value) -> Self {
        self.answer = Some(schema);
        self
    }

    /// Answers text of this type after success, which is no JSON.
    #[must_use]
    pub fn answer_of(mut self, content_type: &str) -> Self {
        self.content_type = Some(content_type.to_owned());
        self.answer(json!({ "type": "string" }))
    }

    /// Refuses with these codes of its own.
    #[must_use]
    pub fn refusing(mut self, codes: &[ErrorCode]) -> Self {
        let kept = |code: &ErrorCode| ErrorCode {
            status: code.status,
            code: code.code.to_owned(),
            message: code.message.to_owned(),
        };
        self.refusals.extend(codes.iter().map(kept));
        self
    }

    /// May lead a browser elsewhere.
    #[must_use]
    pub fn redirecting(mut self) -> Self {
        self.redirects = true;
        self
    }

    /// Takes the additional fields of a model in its body too.
    #[must_use]
    pub fn taking_fields_of(mut self, model: &str) -> Self {
        self.takes_fields_of = Some(model.to_owned());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_is_a_schema() {
        let mut shape = Shape::default();
        shape.typed("email", "string", true);
        shape.typed("since", "date", false);
        shape.typed("data", "record", false);
        shape.typed("userId", "nonoptional", true);
        shape.typed("email", "value", false);
        shape.field("way", json!({ "enum": ["a"] }), false);
        let note = shape.into_note();
        let expected = json!({
            "type": "object",
            "properties": {
                "email": { "type": "string" },
                "since": { "type": "string", "format": "date-time" },
                "data": { "type": "object" },
                "userId": {},
                "way": { "enum": ["a"] },
            },
            "required": ["email", "userId"],
        });
        assert_eq!((Value::from(note.schema), note.may_be_absent), (expected, false));
        assert_eq!(Value::from(Shape::default().into_note().schema), json!({ "type": "object" }));
    }

    #[test]
    fn an_empty_note_is_an_empty_object() {
        assert_eq!(serde_json::to_value(ApiNote::default()).unwrap(), json!({}));
        assert_eq!(serde_json::from_value::<ApiNote>(json!({})).unwrap(), ApiNote::default());
    }
}
