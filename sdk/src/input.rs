//! Typed input, read field by field, with every fault reported at once.

use crate::error::{Error, Result};
use doorward_contract::{
    EMPTY_TEXT, INVALID_EMAIL, InputNote, Issues, Shape, VALIDATION_ERROR, invalid_option, is_email, mismatch,
};
use serde_json::{Map, Value, json};
use std::cell::RefCell;

/// What a handler takes from the body or the query.
///
/// ```
/// use doorward_sdk::{Fields, Input};
///
/// struct Seat {
///     number: f64,
///     note: Option<String>,
/// }
///
/// impl Input for Seat {
///     fn read(fields: &mut Fields<'_>) -> Self {
///         let seat = Seat { number: fields.required("number"), note: fields.optional("note") };
///         if seat.number < 1.0 {
///             fields.issue("number", "Too small: expected number to be >=1");
///         }
///         seat
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the input of a handler",
    label = "this is no `Input`",
    note = "a handler is `fn(&Request, I) -> Result<Response>`; for its own type `I`, write \n\
            `impl Input for {Self} {{ fn read(fields: &mut Fields<'_>) -> Self {{ … }} }}`",
    note = "a handler without input takes `(): ()`"
)]
pub trait Input: Sized + 'static {
    /// Reads each field. Faults are collected in `fields`, so the value is used only when there were none.
    ///
    /// It asks for every field whatever the others hold, and asks the host for nothing but options: `doorward plugin build`
    /// runs it too, without options, to write down what the endpoint reads for the description of the API.
    fn read(fields: &mut Fields<'_>) -> Self;
}

/// A handler without input accepts any body and any query.
impl Input for () {
    fn read(fields: &mut Fields<'_>) -> Self {
        fields.is_optional = true;
    }
}

/// A type that one field can have.
///
/// ```
/// use doorward_sdk::{Fields, FromField, Input};
/// // A field's type says what is read, and a fault names it.
/// struct Order {
///     seats: f64,
///     names: Vec<serde_json::Value>,
///     gift: Option<bool>,
/// }
///
/// impl Input for Order {
///     fn read(fields: &mut Fields<'_>) -> Self {
///         Order { seats: fields.required("seats"), names: fields.required("names"), gift: fields.optional("gift") }
///     }
/// }
/// assert_eq!((<f64 as FromField>::EXPECTED, <bool as FromField>::EXPECTED), ("number", "boolean"));
/// # let _ = |order: Order| (order.seats, order.names, order.gift);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no type of a field",
    label = "fields are `String`, `bool`, `f64`, `Map<String, Value>` or `Vec<Value>`",
    note = "take any JSON with `fields.any(name)`, or read one of these types and report what is wrong with `fields.issue(name, text)`"
)]
pub trait FromField: Default {
    /// How the type is called in a fault: `string`, `number`, `boolean`, `record`, `array`.
    const EXPECTED: &'static str;
    /// None when the value is of another type.
    fn from_value(value: &Value) -> Option<Self>;
}

/// The fields of a body or a query.
///
/// ```
/// use doorward_sdk::prelude::*;
/// use doorward_sdk::fake::RawRequest;
/// struct Invitation(String, String, Option<String>, Value);
///
/// impl Input for Invitation {
///     fn read(fields: &mut Fields<'_>) -> Self {
///         let role = fields.optional_choice("role", &["guest", "editor"]);
///         Invitation(fields.email("email"), fields.trimmed("name"), role, fields.any("extra"))
///     }
/// }
///
/// fn invite(_request: &Request, Invitation(email, name, role, _extra): Invitation) -> Result<Response> {
///     Response::json(&json!({ "email": email, "name": name, "role": role }))
/// }
/// let plugin = Plugin::new("invites", "1.0.0").route(Route::post("/invite", invite));
/// let body = json!({ "email": "ada", "name": " ", "role": "owner" });
/// let refused = RawRequest::post("/invite", &body).send(&plugin).unwrap_err().refusal().message.unwrap();
/// assert_eq!(refused.split("; ").count(), 4, "every fault is told at once: {refused}");
/// ```
pub struct Fields<'a> {
    object: Option<&'a Map<String, Value>>,
    issues: Issues,
    is_optional: bool,
    may_be_absent: bool,
    /// Set while nobody reads and what is asked for is written down.
    shape: Option<RefCell<Shape>>,
}

impl<'a> Fields<'a> {
    /// A field that must be there.
    pub fn required<T: FromField>(&mut self, name: &str) -> T {
        self.note(|shape| shape.typed(name, T::EXPECTED, true));
        self.read(name, self.get(name))
    }

    /// A field that may be missing. `null` is not missing.
    pub fn optional<T: FromField>(&mut self, name: &str) -> Option<T> {
        self.note(|shape| shape.typed(name, T::EXPECTED, false));
        let value = self.get(name)?;
        Some(self.read(name, Some(value)))
    }

    /// A field that may be missing and is one of `choices` otherwise.
    pub fn optional_choice(&mut self, name: &str, choices: &[&str]) -> Option<String> {
        self.note(|shape| shape.field(name, json!({ "type": "string", "enum": choices }), false));
        let value = self.get(name)?;
        let chosen = value.as_str().filter(|text| choices.contains(text));
        if chosen.is_none() {
            self.issue(name, &invalid_option(choices));
        }
        chosen.map(str::to_owned)
    }

    /// The whole body may be missing; one that is there is read.
    pub fn may_be_absent(&mut self) {
        self.may_be_absent = true;
    }

    /// A field that must be there, of any type.
    pub fn any(&mut self, name: &str) -> Value {
        self.note(|shape| shape.field(name, json!({}), true));
        match self.get(name) {
            Some(value) => value.clone(),
            None => {
                self.issue(name, &mismatch("nonoptional", None));
                Value::Null
            }
        }
    }

    /// A text that must be there and is more than spaces; those around it are dropped.
    pub fn trimmed(&mut self, name: &str) -> String {
        self.note(|shape| shape.field(name, json!({ "type": "string", "minLength": 1 }), true));
        let faults = self.issues.count();
        let text: String = self.required(name);
        if self.issues.count() == faults && text.trim().is_empty() {
            self.issue(name, EMPTY_TEXT);
        }
        text.trim().to_owned()
    }

    /// A field that must be there and hold an email address.
    pub fn email(&mut self, name: &str) -> String {
        self.note(|shape| shape.field(name, json!({ "type": "string", "format": "email" }), true));
        let faults = self.issues.count();
        let email: String = self.required(name);
        if self.issues.count() == faults && !is_email(&email) {
            self.issue(name, INVALID_EMAIL);
        }
        email
    }

    /// A text; none when it is missing or something else, which is no issue by itself.
    pub fn text(&self, name: &str) -> Option<String> {
        self.note(|shape| shape.field(name, json!({}), false));
        self.get(name)?.as_str().map(str::to_owned)
    }

    /// Reports a fault of a field: `[body.<name>] <text>`.
    pub fn issue(&mut self, name: &str, text: &str) {
        self.issues.add(name, text);
    }

    fn note(&self, write: impl FnOnce(&mut Shape)) {
        if let Some(shape) = &self.shape {
            write(&mut shape.borrow_mut());
        }
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.object?.get(name)
    }

    fn read<T: FromField>(&mut self, name: &str, value: Option<&Value>) -> T {
        if let Some(read) = value.and_then(T::from_value) {
            return read;
        }
        self.issue(name, &mismatch(T::EXPECTED, value));
        T::default()
    }
}

/// What `I` reads: it is asked to, of nothing. None when it reads nothing.
pub(crate) fn shape_of<I: Input>() -> Option<InputNote> {
    let shape = Some(RefCell::default());
    let mut fields = Fields { object: None, issues: Issues::new(""), is_optional: false, may_be_absent: false, shape };
    I::read(&mut fields);
    if fields.is_optional {
        return None;
    }
    let mut shape = fields.shape.unwrap_or_default().into_inner();
    if fields.may_be_absent {
        shape.may_be_absent();
    }
    Some(shape.into_note())
}

pub(crate) fn read_input<I: Input>(place: &'static str, value: Option<&Value>) -> Result<I> {
    let mut fields = Fields {
        object: value.and_then(Value::as_object),
        issues: Issues::new(place),
        is_optional: false,
        may_be_absent: false,
        shape: None,
    };
    let input = I::read(&mut fields);
    if fields.is_optional || (fields.may_be_absent && value.is_none()) {
        return Ok(input);
    }
    if fields.object.is_none() {
        fields.issues = Issues::new(place);
        fields.issues.add_whole("object", value);
    }
    match fields.issues.into_text() {
        None => Ok(input),
        Some(text) => Err(Error::new(400, VALIDATION_ERROR, text)),
    }
}

impl FromField for String {
    const EXPECTED: &'static str = "string";
    fn from_value(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
}

impl FromField for bool {
    const EXPECTED: &'static str = "boolean";
    fn from_value(value: &Value) -> Option<Self> {
        value.as_bool()
    }
}

impl FromField for f64 {
    const EXPECTED: &'static str = "number";
    fn from_value(value: &Value) -> Option<Self> {
        value.as_f64()
    }
}

impl FromField for Map<String, Value> {
    const EXPECTED: &'static str = "record";
    fn from_value(value: &Value) -> Option<Self> {
        value.as_object().cloned()
    }
}

impl FromField for Vec<Value> {
    const EXPECTED: &'static str = "array";
    fn from_value(value: &Value) -> Option<Self> {
        value.as_array().cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    struct Choice(Option<String>);

    impl Input for Choice {
        fn read(fields: &mut Fields<'_>) -> Self {
            fields.may_be_absent();
            Choice(fields.optional_choice("way", &["a", "b"]))
        }
    }

    fn read(value: Option<Value>) -> std::result::Result<Option<String>, String> {
        let read = read_input::<Choice>("body", value.as_ref());
        read.map(|choice| choice.0).map_err(|error| error.into_refusal().message.unwrap_or_default())
    }

    #[test]
    fn a_choice_is_one_of_its_words() {
        assert_eq!(read(Some(json!({ "way": "b" }))), Ok(Some("b".to_owned())));
        assert_eq!(read(Some(json!({}))), Ok(None));
        for wrong in [json!("c"), json!(1), Value::Null] {
            let expected = "[body.way] Invalid option: expected one of \"a\"|\"b\"";
            assert_eq!(read(Some(json!({ "way": wrong }))), Err(expected.to_owned()));
        }
    }

    struct Any(Value, String);

    impl Input for Any {
        fn read(fields: &mut Fields<'_>) -> Self {
            Any(fields.any("any"), fields.trimmed("text"))
        }
    }

    #[test]
    fn anything_is_something_and_text_is_more_than_spaces() {
        let read = |value: Value| {
            let read = read_input::<Any>("body", Some(&value));
            read.map(|any| (any.0, any.1)).map_err(|error| error.into_refusal().message.unwrap_or_default())
        };
        assert_eq!(read(json!({ "any": null, "text": " a " })), Ok((Value::Null, "a".to_owned())));
        let expected = "[body.any] Invalid input: expected nonoptional, received undefined; \
                        [body.text] Too small: expected string to have >=1 characters";
        assert_eq!(read(json!({ "text": "  " })), Err(expected.to_owned()));
    }

    #[test]
    fn what_is_read_is_told() {
        let note = shape_of::<Any>().unwrap();
        let expected = json!({
            "type": "object",
            "properties": { "any": {}, "text": { "type": "string", "minLength": 1 } },
            "required": ["any", "text"],
        });
        assert_eq!((Value::from(note.schema), note.may_be_absent), (expected, false));
        let note = shape_of::<Choice>().unwrap();
        assert_eq!(note.schema["properties"], json!({ "way": { "type": "string", "enum": ["a", "b"] } }));
        assert!(note.may_be_absent);
        assert!(shape_of::<()>().is_none());
    }

    #[test]
    fn a_body_that_may_be_absent_is_an_object_when_it_is_there() {
        assert_eq!(read(None), Ok(None));
        let expected = "[body] Invalid input: expected object, received null";
        assert_eq!(read(Some(Value::Null)), Err(expected.to_owned()));
    }
}
