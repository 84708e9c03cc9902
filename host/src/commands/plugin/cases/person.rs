//! People in a case, each with a browser of their own.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::http::Response;

/// The password of everyone.
const PASSWORD: &str = "correct horse 1";

/// What one browser keeps.
#[derive(Clone, Debug, Default)]
pub(super) struct Browser {
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// The `Cookie` header; none without cookies.
    pub(super) fn header(&self) -> Option<String> {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// Keeps what an answer sets, and forgets what it removes.
    pub(super) fn keep(&mut self, answer: &Response) {
        for line in answer.headers.all("set-cookie") {
            let mut parts = line.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { continue };
            let is_over = parts.any(|part| part.eq_ignore_ascii_case("max-age=0"));
            if is_over {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// The address of a person by a short name; a whole address is itself.
pub(super) fn email(name: &str) -> String {
    if name.contains('@') { name.to_owned() } else { format!("{name}@example.com") }
}

/// The body of a sign-up, with more fields.
pub(super) fn sign_up(name: &str, more: Option<&Json>) -> Json {
    with(json!({ "name": name, "email": email(name), "password": PASSWORD }), more)
}

/// The body of a sign-in, with more fields.
pub(super) fn sign_in(name: &str, more: Option<&Json>) -> Json {
    with(json!({ "email": email(name), "password": PASSWORD }), more)
}

fn with(body: Json, more: Option<&Json>) -> Json {
    let mut fields: Map<String, Json> = body.as_object().cloned().unwrap_or_default();
    fields.extend(more.and_then(Json::as_object).cloned().unwrap_or_default());
    Json::Object(fields)
}
