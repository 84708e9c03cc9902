//! For the application's own backend: `sign-jwt` signs a payload, `verify-jwt` checks a token.

use crate::options::Options;
use crate::{signing, token, verify};
use doorward_sdk::prelude::*;

/// Its message says what is wrong with them.
pub const INVALID_OPTIONS: ErrorCode = ErrorCode::new(400, "INVALID_OVERRIDE_OPTIONS", "");

pub struct SignJwt {
    payload: Map<String, Value>,
    override_options: Option<Map<String, Value>>,
}

impl Input for SignJwt {
    fn read(fields: &mut Fields<'_>) -> Self {
        SignJwt { payload: fields.required("payload"), override_options: fields.optional("overrideOptions") }
    }
}

pub struct VerifyJwt {
    token: String,
    issuer: Option<String>,
}

impl Input for VerifyJwt {
    fn read(fields: &mut Fields<'_>) -> Self {
        VerifyJwt { token: fields.required("token"), issuer: fields.optional("issuer") }
    }
}

pub fn sign_jwt(_request: &Request, input: SignJwt) -> Result<Response> {
    let SignJwt { mut payload, override_options } = input;
    let mut options: Options = config::options()?;
    if let Some(mut own) = override_options {
        end_at(&mut payload, &mut own);
        options = overridden(&options, own)?;
    }
    let key = signing::key(&options)?;
    Response::json(&json!({ "token": token::sign(payload, &key, &options)? }))
}

pub fn verify_jwt(_request: &Request, input: VerifyJwt) -> Result<Response> {
    let issuer = input.issuer.as_deref().filter(|issuer| !issuer.is_empty());
    let claims = verify::verify(&input.token, issuer, &config::options()?)?;
    Response::json(&json!({ "payload": claims }))
}

/// A number as `expirationTime` is a moment, not a span.
fn end_at(payload: &mut Map<String, Value>, own: &mut Map<String, Value>) {
    let jwt = own.get_mut("jwt").and_then(Value::as_object_mut);
    let Some(jwt) = jwt.filter(|jwt| jwt.get("expirationTime").is_some_and(Value::is_number)) else { return };
    if let Some(end) = jwt.shift_remove("expirationTime")
        && payload.get("exp").is_none_or(Value::is_null)
    {
        payload.insert("exp".to_owned(), end);
    }
}

/// The options with whole sections replaced, which a caller writes as the reference's are written.
fn overridden(options: &Options, own: Map<String, Value>) -> Result<Options> {
    let mut merged = serde_json::to_value(options)?;
    for (name, section) in own {
        merged[snake_case(&name)] = renamed(section);
    }
    serde_json::from_value(merged)
        .map_err(|error| Error::new(INVALID_OPTIONS.status, INVALID_OPTIONS.code(), error.to_string()))
}

fn renamed(section: Value) -> Value {
    match section {
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (snake_case(&name), renamed(value))).collect())
        }
        other => other,
    }
}

fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
