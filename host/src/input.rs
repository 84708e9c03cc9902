//! Reads the fields of a body or a query and collects every issue, in the order and the words of the wire contract.

use doorward_contract::{EMPTY_TEXT, FieldType, INVALID_EMAIL, InputNote, Issues, Shape, mismatch};
use serde_json::{Map, Value as Json, json};

use crate::clock::Timestamp;
use crate::email::is_email;
use crate::error::ApiError;
use crate::store::{Field, Value};

/// Reads one JSON value. Ask for the fields in schema order, then call [`Input::finish`].
pub struct Input<'a> {
    fields: Option<&'a Map<String, Json>>,
    issues: Issues,
    /// Set while nobody reads and what is asked for is written down.
    shape: Option<Shape>,
}

impl<'a> Input<'a> {
    /// Reads a body. If it is missing or of another type, that is the one issue.
    pub fn body(body: Option<&'a Json>) -> Self {
        Self::new("body", body, &["object"])
    }

    /// Reads a body that may have other keys too. A body of another type is then reported twice.
    pub fn open_body(body: Option<&'a Json>) -> Self {
        Self::new("body", body, &["object", "record"])
    }

    /// Reads a body with any keys.
    pub fn record(body: Option<&'a Json>) -> Self {
        Self::new("body", body, &["record"])
    }

    /// Reads the query.
    pub fn query(query: &'a Json) -> Self {
        Self::new("query", Some(query), &["object"])
    }

    fn new(place: &'static str, value: Option<&'a Json>, expected: &[&str]) -> Self {
        let fields = value.and_then(Json::as_object);
        let mut issues = Issues::new(place);
        if fields.is_none() {
            expected.iter().for_each(|expected| issues.add_whole(expected, value));
        }
        Self { fields, issues, shape: None }
    }

    /// What `read` asks for, for the description of the API.
    pub fn note<T>(read: impl FnOnce(&mut Self) -> T) -> InputNote {
        let mut input = Self { fields: None, issues: Issues::new(""), shape: Some(Shape::default()) };
        read(&mut input);
        input.shape.unwrap_or_default().into_note()
    }

    /// A required text.
    pub fn text(&mut self, name: &str) -> &'a str {
        self.typed(name, "string", Json::as_str).unwrap_or_default()
    }

    /// A required text of at least one character.
    pub fn non_empty_text(&mut self, name: &str) -> &'a str {
        self.tell(|shape| shape.field(name, json!({ "type": "string", "minLength": 1 }), true));
        let text = self.typed(name, "string", Json::as_str);
        if text == Some("") {
            self.issues.add(name, EMPTY_TEXT);
        }
        text.unwrap_or_default()
    }

    /// A required e-mail address.
    pub fn email(&mut self, name: &str) -> &'a str {
        self.tell(|shape| shape.field(name, json!({ "type": "string", "format": "email" }), true));
        let text = self.typed(name, "string", Json::as_str);
        if text.is_some_and(|text| !is_email(text)) {
            self.issues.add(name, INVALID_EMAIL);
        }
        text.unwrap_or_default()
    }

    /// A text that may be missing.
    pub fn optional_text(&mut self, name: &str) -> Option<&'a str> {
        self.tell(|shape| shape.typed(name, "string", false));
        self.optional(name, |input| input.typed(name, "string", Json::as_str))
    }

    /// A boolean that may be missing.
    pub fn optional_boolean(&mut self, name: &str) -> Option<bool> {
        self.tell(|shape| shape.typed(name, "boolean", false));
        self.optional(name, |input| input.typed(name, "boolean", Json::as_bool))
    }

    /// The value for a field of the store, if it was given.
    pub fn stored(&mut self, field: &Field) -> Option<Value> {
        let given = self.raw(&field.name)?;
        if given.is_null() && !field.required {
            return Some(Value::Null);
        }
        let text = |json: &'a Json| json.as_str().map(str::to_owned);
        match field.kind {
            FieldType::String => self.typed(&field.name, "string", text).map(Value::Text),
            FieldType::Number | FieldType::Bigint => {
                self.typed(&field.name, "number", Json::as_i64).map(Value::Integer)
            }
            FieldType::Boolean => self.typed(&field.name, "boolean", Json::as_bool).map(Value::Boolean),
            FieldType::Date => {
                let date = |json: &'a Json| json.as_str().and_then(Timestamp::parse_iso);
                self.typed(&field.name, "date", date).map(Value::Timestamp)
            }
            FieldType::Strings | FieldType::Numbers | FieldType::Json => Some(Value::Json(given.clone())),
        }
    }

    /// The value of a field, unchecked.
    pub fn raw(&self, name: &str) -> Option<&'a Json> {
        self.fields?.get(name)
    }

    /// Fails if there was any issue.
    ///
    /// # Errors
    /// `400 VALIDATION_ERROR` with every issue, joined by `; `.
    pub fn finish(self) -> Result<(), ApiError> {
        self.issues.into_text().map_or(Ok(()), |text| Err(ApiError::validation(text)))
    }

    fn tell(&mut self, write: impl FnOnce(&mut Shape)) {
        if let Some(shape) = &mut self.shape {
            write(shape);
        }
    }

    fn optional<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.raw(name)?;
        read(self)
    }

    fn typed<T>(&mut self, name: &str, expected: &str, read: impl FnOnce(&'a Json) -> Option<T>) -> Option<T> {
        self.tell(|shape| shape.typed(name, expected, true));
        let value = self.raw(name);
        let found = value.and_then(read);
        // When the body itself was reported, its fields are not reported too.
        if found.is_none() && self.fields.is_some() {
            self.issues.add(name, &mismatch(expected, value));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::ErrorBody;

    fn issues(input: Input<'_>) -> String {
        match input.finish() {
            Ok(()) => String::new(),
            Err(ApiError { body: ErrorBody::Coded { message, .. }, .. }) => message.into_owned(),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn issues_stand_in_schema_order() {
        let body = json!({ "name": 1, "email": "x", "password": "", "rememberMe": "no", "image": null });
        let mut input = Input::body(Some(&body));
        input.text("name");
        input.email("email");
        input.non_empty_text("password");
        input.optional_boolean("rememberMe");
        input.optional_text("image");
        input.optional_text("missing");
        input.text("absent");
        assert_eq!(
            issues(input),
            "[body.name] Invalid input: expected string, received number; \
             [body.email] Invalid email address; \
             [body.password] Too small: expected string to have >=1 characters; \
             [body.rememberMe] Invalid input: expected boolean, received string; \
             [body.image] Invalid input: expected string, received null; \
             [body.absent] Invalid input: expected string, received undefined"
        );
    }

    #[test]
    fn what_is_read_is_told() {
        let note = Input::note(|input| {
            input.text("name");
            input.email("email");
            input.non_empty_text("password");
            input.optional_boolean("rememberMe");
        });
        let expected = json!({
            "type": "object",
            "properties": {
                "name": { "type": "string" },
                "email": { "type": "string", "format": "email" },
                "password": { "type": "string", "minLength": 1 },
                "rememberMe": { "type": "boolean" },
            },
            "required": ["name", "email", "password"],
        });
        assert_eq!(Json::from(note.schema), expected);
    }

    #[test]
    fn a_wrong_body_is_one_issue() {
        let mut input = Input::body(None);
        input.text("name");
        assert_eq!(issues(input), "[body] Invalid input: expected object, received undefined");
        let array = json!([]);
        let expected = "[body] Invalid input: expected object, received array; \
                        [body] Invalid input: expected record, received array";
        assert_eq!(issues(Input::open_body(Some(&array))), expected);
    }
}
