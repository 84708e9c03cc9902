//! What a handler returns when it does not answer: a refusal of its own, or what the host said.

use crate::bindings::doorward::plugin::types as raw;
/// What the client gets instead of an answer. Tests look at it; a handler makes one with [`Error::new`].
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// # fake::reset();
/// # let full = Plugin::new("seats", "1.0.0")
/// #     .route(Route::post("/take", |_, ()| Err(Error::new(409, "SOLD_OUT", "No seat is left"))));
/// let refused = fake::RawRequest::post("/take", &json!({})).send(&full).unwrap_err().refusal();
/// let ApiError { status, code, message } = refused;
/// assert_eq!((status, code.as_deref(), message.as_deref()), (409, Some("SOLD_OUT"), Some("No seat is left")));
/// ```
pub use crate::bindings::doorward::plugin::types::ApiError;
/// Why the host did not do what it was asked.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let seats = Plugin::new("seats", "1.0.0")
/// #     .table(Table::new("seat").field(FieldRule::new("number", FieldType::Number).unique()))
/// #     .route(Route::post("/take", |_, ()| take(7)));
/// fn take(number: u32) -> Result<Response> {
///     match models::insert::<Value>("seat", &json!({ "number": number })) {
///         Err(Error::Host(HostError::Conflict(_))) => Err(Error::new(409, "SEAT_TAKEN", "The seat is taken")),
///         taken => Response::json(&taken?),
///     }
/// }
/// # let again = || doorward_sdk::fake::RawRequest::post("/take", &json!({})).send(&seats);
/// # again()?;
/// assert_eq!(again().unwrap_err().refusal().code.as_deref(), Some("SEAT_TAKEN"));
/// # Ok::<(), Error>(())
/// ```
pub use crate::bindings::doorward::plugin::types::HostError;
use doorward_contract::ErrorCode;

/// A handler's result.
///
/// ```
/// use doorward_sdk::prelude::*;
/// fn parse_seat(text: &str) -> Result<u32> {
///     text.parse().map_err(|_| Error::new(400, "NO_SEAT", "A seat is a number"))
/// }
///
/// // Where it fails in another way, the second type says how.
/// let whole: Result<u32, String> = parse_seat("7").map_err(|error| format!("{error:?}"));
/// assert_eq!(whole, Ok(7));
/// # Ok::<(), Error>(())
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a handler does not answer with what it was asked for.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// fn ticket(id: &str) -> Result<Value> {
///     // A fault of the host goes on with `?`; what the client asked wrongly is a refusal.
///     let row: Option<Value> = models::find_one("ticket", eq("id", id))?;
///     row.ok_or_else(|| Error::new(404, "TICKET_NOT_FOUND", "There is no such ticket"))
/// }
///
/// assert_eq!(ticket("t1").unwrap_err().refusal().code.as_deref(), Some("TICKET_NOT_FOUND"));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub enum Error {
    /// A refusal for the client.
    Api(ApiError),
    /// The host did not do what it was asked. `refused` and `challenged` are passed on to the client as they are;
    /// `unavailable` becomes 503, `conflict` 409 `CONFLICT`, `limit` 422 `REQUEST_TOO_COSTLY`, everything else 500.
    Host(HostError),
}

pub(crate) enum Failure {
    Refusal(raw::ApiError),
    Answer(raw::Response),
}

impl Error {
    /// A refusal: status 400 to 599, a code for programs and a message for people.
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Error {
        let (code, message) = (Some(code.into()), Some(message.into()));
        Error::Api(ApiError { status, code, message })
    }

    /// 500, for what only the log should know.
    pub fn internal() -> Error {
        Error::new(500, "INTERNAL_SERVER_ERROR", "Internal Server Error")
    }

    /// The same error, with one more header when it is a challenge.
    pub fn with_challenge_header(mut self, name: &str, value: impl Into<String>) -> Error {
        if let Error::Host(HostError::Challenged(response)) = &mut self {
            response.headers.push(raw::Header { name: name.to_owned(), value: value.into() });
        }
        self
    }

    pub(crate) fn into_failure(self) -> Failure {
        match self {
            Error::Api(error) | Error::Host(HostError::Refused(error)) => Failure::Refusal(error),
            Error::Host(HostError::Challenged(response)) => Failure::Answer(response),
            Error::Host(HostError::Unavailable) => {
                Failure::Refusal(Error::new(503, "SERVICE_UNAVAILABLE", "Service Unavailable").into_refusal())
            }
            Error::Host(HostError::Conflict(_)) => {
                let message = "The change collided with another. Try again.";
                Failure::Refusal(Error::new(409, "CONFLICT", message).into_refusal())
            }
            Error::Host(HostError::Limit(_)) => {
                Failure::Refusal(Error::from(ErrorCode::REQUEST_TOO_COSTLY).into_refusal())
            }
            // The host has logged it.
            Error::Host(HostError::Failed) => Failure::Refusal(Error::internal().into_refusal()),
            Error::Host(HostError::Denied(cause)) => author_fault("denied", &cause),
            Error::Host(HostError::Invalid(cause)) => author_fault("invalid", &cause),
        }
    }

    pub(crate) fn into_refusal(self) -> raw::ApiError {
        match self.into_failure() {
            Failure::Refusal(error) => error,
            Failure::Answer(_) => ApiError { status: 500, code: None, message: None },
        }
    }
}

/// What the plugin's author has to mend: the client gets 500, the log the cause.
fn author_fault(kind: &str, cause: &str) -> Failure {
    crate::log::error(&format!("the server did not do what the plugin asked for ({kind}): {cause}"));
    Failure::Refusal(Error::internal().into_refusal())
}

impl From<HostError> for Error {
    fn from(error: HostError) -> Error {
        Error::Host(error)
    }
}

impl From<ErrorCode> for Error {
    fn from(error: ErrorCode) -> Error {
        Error::new(error.status, error.code, error.message)
    }
}

/// Text that should have been JSON. The log gets the reason, the client 500.
impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Error {
        crate::log::error(&format!("unreadable JSON: {error}"));
        Error::internal()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake;

    #[test]
    fn what_the_host_says_has_a_status_of_its_own() {
        let told = |error: HostError| {
            let refusal = Error::Host(error).into_refusal();
            (refusal.status, refusal.code.unwrap_or_default())
        };
        let text = || "note.text".to_owned();
        fake::reset();
        assert_eq!(told(HostError::Unavailable), (503, "SERVICE_UNAVAILABLE".to_owned()));
        assert_eq!(told(HostError::Conflict(text())), (409, "CONFLICT".to_owned()));
        assert_eq!(told(HostError::Limit(text())), (422, "REQUEST_TOO_COSTLY".to_owned()));
        assert_eq!(told(HostError::Failed), (500, "INTERNAL_SERVER_ERROR".to_owned()));
        assert_eq!(fake::with(|world| world.log.len()), 0, "none of them is the author's to mend");
        assert_eq!(told(HostError::Denied(text())), (500, "INTERNAL_SERVER_ERROR".to_owned()));
        assert_eq!(told(HostError::Invalid(text())), (500, "INTERNAL_SERVER_ERROR".to_owned()));
        let log = fake::with(|world| world.log.join("\n"));
        assert!(log.contains("(denied): note.text") && log.contains("(invalid): note.text"), "{log}");
    }
}
