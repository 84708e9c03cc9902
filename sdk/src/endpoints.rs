//! Other endpoints of this server, called with the rights of whoever makes the request: its session, its address. Paths are
//! declared with [`Plugin::calls`](crate::Plugin::calls).
//!
//! Called by a route, a page or a section. While a `GET` is answered, only endpoints that are `GET` can be called.
//!
//! ```
//! use doorward_sdk::{endpoints, fake};
//! # fake::reset();
//! fake::answer_endpoint("GET", "/admin/list-users", 200, &serde_json::json!({ "users": [], "total": 0 }));
//! let answer = endpoints::get("/admin/list-users", &[("limit", "20")])?;
//! assert_eq!((answer.status(), &answer.body()["total"]), (200, &serde_json::json!(0)));
//! # Ok::<(), doorward_sdk::Error>(())
//! ```

use crate::bindings::doorward::plugin::endpoints::{EndpointAnswer, EndpointCall};
use crate::error::Result;
use crate::host;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What an endpoint answered, whatever its status.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    status: u16,
    body: Value,
}

/// Calls a `GET` endpoint.
///
/// # Errors
/// `denied` when the manifest does not name the path, or nothing can be called now.
pub fn get(path: &str, query: &[(&str, &str)]) -> Result<Answer> {
    call("GET", path, query, None)
}

/// Calls a `POST` endpoint.
///
/// # Errors
/// As [`get`]; also while a `GET` is answered.
pub fn post(path: &str, body: &Value) -> Result<Answer> {
    call("POST", path, &[], Some(body))
}

/// Calls an endpoint: method in capitals, path below the base path.
///
/// # Errors
/// As [`get`] and [`post`].
pub fn call(method: &str, path: &str, query: &[(&str, &str)], body: Option<&Value>) -> Result<Answer> {
    let EndpointAnswer { status, body } = host::endpoints::call(&EndpointCall {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: body.map(Value::to_string),
    })?;
    Ok(Answer { status, body: serde_json::from_str(&body)? })
}

impl Answer {
    /// The status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether the status is 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body; null where there is no JSON.
    pub fn body(&self) -> &Value {
        &self.body
    }

    /// The body, taken.
    pub fn into_body(self) -> Value {
        self.body
    }

    /// The body as a type.
    ///
    /// # Errors
    /// When it is another one.
    pub fn json<T: DeserializeOwned>(self) -> Result<T> {
        Ok(serde_json::from_value(self.body)?)
    }

    /// The code of a refusal.
    pub fn code(&self) -> Option<&str> {
        self.body.get("code").and_then(Value::as_str)
    }
}
