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
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let refusal = json!({ "code": "PERMISSION_REQUIRED", "message": "You are not allowed to do this" });
/// # doorward_sdk::fake::answer_endpoint("POST", "/admin/ban-user", 403, &refusal);
/// let answer = endpoints::post("/admin/ban-user", &json!({ "userId": "user-7" }))?;
/// let said = match answer.code() {
///     None => "Banned",
///     Some("PERMISSION_REQUIRED") => "Only an administrator can do this",
///     Some(_) => "It did not work",
/// };
/// assert_eq!((answer.is_success(), said), (false, "Only an administrator can do this"));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    status: u16,
    body: Value,
}

/// Calls a `GET` endpoint.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// # fake::reset();
/// fake::answer_endpoint("GET", "/list-sessions", 200, &json!([{ "id": "s1" }, { "id": "s2" }]));
/// let sessions: Vec<Value> = endpoints::get("/list-sessions", &[])?.json()?;
/// assert_eq!(sessions.len(), 2);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `denied` when the manifest does not name the path, or nothing can be called now.
pub fn get(path: &str, query: &[(&str, &str)]) -> Result<Answer> {
    call("GET", path, query, None)
}

/// Calls a `POST` endpoint.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// # fake::reset();
/// fake::answer_endpoint("POST", "/update-user", 200, &json!({ "status": true }));
/// let answer = endpoints::post("/update-user", &json!({ "name": "Ada L." }))?;
/// assert!(answer.is_success());
/// assert_eq!(fake::with(|world| world.endpoint_calls[0].path.clone()), "/update-user");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// As [`get`]; also while a `GET` is answered.
pub fn post(path: &str, body: &Value) -> Result<Answer> {
    call("POST", path, &[], Some(body))
}

/// Calls an endpoint: method in capitals, path below the base path.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// # fake::reset();
/// fake::answer_endpoint("DELETE", "/invites/K7", 204, &Value::Null);
/// let answer = endpoints::call("DELETE", "/invites/K7", &[], None)?;
/// assert_eq!((answer.status(), answer.into_body()), (204, Value::Null));
/// # Ok::<(), Error>(())
/// ```
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
