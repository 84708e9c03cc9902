//! Reads the fields of a body or a query and collects every issue, in the order and the words of the wire contract.

use std::ops::RangeInclusive;

use doorward_contract::{EMPTY_TEXT, FieldType, INVALID_EMAIL, InputNote, Issues, Shape, invalid_option, mismatch};
use serde_json::{Map, Value as Json, json};

use crate::clock::Timestamp;
use crate::email::is_email;
use crate::error::ApiError;
use crate::store::{Field, Value};

/// The issue of a value that is of the right type and says nothing that can be meant.
const INVALID: &str = "Invalid input";

/// The largest number that JSON carries exactly to any client.
pub const EXACT: i64 = (1 << 53) - 1;

/// Reads one JSON value. Ask for the fields in schema order, then call [`Input::finish`].
pub struct Input<'a> {
    fields: Option<&'a Map<String, Json>>,
    issues: Issues,
    /// Whether an empty text is as good as none.
    empty_is_absent: bool,
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

    /// Reads the query of a search, as a form sends it: what was left empty was not given.
    pub fn search(query: &'a Json) -> Self {
        Self { empty_is_absent: true, ..Self::query(query) }
    }

    fn new(place: &'static str, value: Option<&'a Json>, expected: &[&str]) -> Self {
        let fields = value.and_then(Json::as_object);
        let mut issues = Issues::new(place);
        if fields.is_none() {
            expected.iter().for_each(|expected| issues.add_whole(expected, value));
        }
        Self { fields, issues, empty_is_absent: false, shape: None }
    }

    /// What `read` asks for, for the description of the API.
    pub fn note<T>(read: impl FnOnce(&mut Self) -> T) -> InputNote {
        let shape = Some(Shape::default());
        let mut input = Self { fields: None, issues: Issues::new(""), empty_is_absent: false, shape };
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

    /// A required boolean.
    pub fn boolean(&mut self, name: &str) -> bool {
        self.typed(name, "boolean", Json::as_bool).unwrap_or_default()
    }

    /// A required whole number.
    pub fn integer(&mut self, name: &str) -> i64 {
        self.typed(name, "integer", Json::as_i64).unwrap_or_default()
    }

    /// A required object with at least one value, whatever their names.
    pub fn filled_object(&mut self, name: &str) -> Option<&'a Map<String, Json>> {
        self.tell(|shape| shape.field(name, json!({ "type": "object", "minProperties": 1 }), true));
        let fields = self.typed(name, "record", Json::as_object);
        if fields.is_some_and(Map::is_empty) {
            self.issues.add(name, INVALID);
        }
        fields
    }

    /// A whole number that a query has as text, and that may be missing.
    pub fn optional_count(&mut self, name: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let schema = json!({ "type": "integer", "minimum": range.start(), "maximum": range.end() });
        self.optional_parsed(name, schema, |text| text.parse().ok().filter(|count| range.contains(count)))
    }

    /// `limit` of a query: how many rows are asked for, one at least.
    pub fn optional_limit(&mut self, default: u32, most: u32) -> u32 {
        count(self.optional_count("limit", 1..=i64::from(most)), default)
    }

    /// `offset` of a query: how many rows are passed over.
    pub fn optional_offset(&mut self) -> u32 {
        count(self.optional_count("offset", 0..=i64::from(u32::MAX)), 0)
    }

    /// `limit` and `offset` of a query. More than the most rows are asked for in vain, which is no fault.
    pub fn optional_page(&mut self, default: u32, most: u32) -> (u32, u32) {
        let limit = count(self.optional_count("limit", 0..=i64::from(u32::MAX)), default);
        (limit.min(most), self.optional_offset())
    }

    /// A moment in ISO 8601 that may be missing.
    pub fn optional_moment(&mut self, name: &str) -> Option<Timestamp> {
        self.optional_parsed(name, json!({ "type": "string", "format": "date-time" }), Timestamp::parse_iso)
    }

    /// One of these words, which may be missing.
    pub fn optional_choice(&mut self, name: &str, choices: &[&str]) -> Option<&'a str> {
        self.tell(|shape| shape.field(name, json!({ "type": "string", "enum": choices }), false));
        let text = self.optional_text(name);
        if text.is_some_and(|text| !choices.contains(&text)) {
            self.issues.add(name, &invalid_option(choices));
        }
        text
    }

    /// Two fields of which exactly one must be given: their names, and whether each is.
    pub fn either(&mut self, [(one, has_one), (other, has_other)]: [(&str, bool); 2]) {
        self.tell(|shape| shape.any_of(&[one, other]));
        if has_one == has_other && self.issues.count() == 0 {
            self.issues.add_whole(&format!("`{one}` or `{other}`"), Some(&Json::Object(Map::new())));
        }
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
        let value = self.fields?.get(name)?;
        (!self.empty_is_absent || value.as_str() != Some("")).then_some(value)
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

    /// A text that may be missing, and must mean something when it is there.
    fn optional_parsed<T>(&mut self, name: &str, schema: Json, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        self.tell(|shape| shape.field(name, schema, false));
        let text = self.optional_text(name)?;
        let parsed = parse(text);
        if parsed.is_none() {
            self.issues.add(name, INVALID);
        }
        parsed
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

/// A count that was found to be small enough.
fn count(given: Option<i64>, default: u32) -> u32 {
    given.and_then(|count| u32::try_from(count).ok()).unwrap_or(default)
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
    fn a_search_leaves_out_what_is_empty() {
        let read = |query: Json| {
            let mut input = Input::search(&query);
            let read = (
                input.optional_text("user"),
                input.optional_count("limit", 1..=9),
                input.optional_moment("from"),
                input.optional_choice("outcome", &["done", "refused"]),
            );
            (format!("{read:?}"), issues(input))
        };
        let nothing = "(None, None, None, None)";
        let empty = json!({ "user": "", "limit": "", "from": "", "outcome": "" });
        for query in [json!({}), empty] {
            assert_eq!(read(query), (nothing.to_owned(), String::new()));
        }
        let full = json!({ "user": "u", "limit": "9", "from": "1970-01-01T00:00:01Z", "outcome": "done" });
        let expected = "(Some(\"u\"), Some(9), Some(Timestamp(1000)), Some(\"done\"))";
        assert_eq!(read(full), (expected.to_owned(), String::new()));
        let wrong = json!({ "user": ["a", "b"], "limit": "10", "from": "today", "outcome": "lost" });
        let expected = "[query.user] Invalid input: expected string, received array; [query.limit] Invalid input; \
                        [query.from] Invalid input; \
                        [query.outcome] Invalid option: expected one of \"done\"|\"refused\"";
        assert_eq!(read(wrong).1, expected);
    }

    #[test]
    fn one_of_two_is_given() {
        let read = |body: Json| {
            let mut input = Input::body(Some(&body));
            let (id, all) = (input.optional_text("id"), input.optional_boolean("all"));
            input.either([("id", id.is_some()), ("all", all == Some(true))]);
            issues(input)
        };
        let neither = "[body] Invalid input: expected `id` or `all`, received object";
        for (body, expected) in [
            (json!({ "id": "a" }), ""),
            (json!({ "all": true }), ""),
            (json!({ "id": "a", "all": false }), ""),
            (json!({}), neither),
            (json!({ "all": false }), neither),
            (json!({ "id": "a", "all": true }), neither),
            (json!({ "id": 1 }), "[body.id] Invalid input: expected string, received number"),
            (json!([]), "[body] Invalid input: expected object, received array"),
        ] {
            assert_eq!(read(body.clone()), expected, "{body}");
        }
    }

    #[test]
    fn changes_are_named() {
        let read = |body: Json| {
            let mut input = Input::body(Some(&body));
            let (_, changes, _) = (input.integer("version"), input.filled_object("changes"), input.boolean("enabled"));
            (changes.map_or(0, Map::len), issues(input))
        };
        let right = json!({ "version": 3, "changes": { "app_name": null }, "enabled": false });
        assert_eq!(read(right), (1, String::new()));
        let expected = "[body.version] Invalid input: expected integer, received number; [body.changes] Invalid input; \
                        [body.enabled] Invalid input: expected boolean, received undefined";
        assert_eq!(read(json!({ "version": 1.5, "changes": {} })).1, expected);
    }

    #[test]
    fn what_is_searched_for_is_told() {
        let note = Input::note(|input| {
            input.optional_count("limit", 1..=9);
            input.optional_choice("outcome", &["done"]);
            input.optional_moment("from");
            input.filled_object("changes");
            input.either([("from", false), ("limit", false)]);
        });
        let expected = json!({
            "type": "object",
            "properties": {
                "limit": { "type": "integer", "minimum": 1, "maximum": 9 },
                "outcome": { "type": "string", "enum": ["done"] },
                "from": { "type": "string", "format": "date-time" },
                "changes": { "type": "object", "minProperties": 1 },
            },
            "required": ["changes"],
            "anyOf": [{ "required": ["from"] }, { "required": ["limit"] }],
        });
        assert_eq!(Json::from(note.schema), expected);
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
