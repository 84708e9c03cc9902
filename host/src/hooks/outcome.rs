//! What a script can do to a request, as values that the host takes back and carries out.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rhai::{Dynamic, Engine, EvalAltResult, Map, NativeCallContext, Position};
use serde_json::Value as Json;

use super::engine::Native;
use super::json;

/// How a script ended the request.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The client gets this error.
    Reject {
        /// 400 to 599.
        status: u16,
        /// UPPER_SNAKE.
        code: String,
        /// Text for people.
        message: String,
    },
    /// The client gets this JSON.
    Respond {
        /// 200 to 599.
        status: u16,
        /// The body.
        body: Json,
    },
    /// The browser is sent to this trusted target.
    Redirect(String),
}

/// A cookie that a script wants set.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptCookie {
    /// Full name.
    pub name: String,
    /// Not yet escaped.
    pub value: String,
    /// Life in seconds; 0 removes the cookie, `None` ends it with the browser.
    pub max_age_secs: Option<i64>,
}

/// What a script wants added to the answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Directives {
    /// Response headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Cookies, in order.
    pub cookies: Vec<ScriptCookie>,
}

/// Collects the directives of one call; handed to the engine as the call's tag.
#[derive(Clone, Default)]
pub struct Collector(Arc<Mutex<Directives>>);

impl Collector {
    /// What was collected; leaves nothing behind.
    pub fn take(&self) -> Directives {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Directives> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(context: &NativeCallContext) -> Native<Self> {
        let tag = context.tag().and_then(|tag| tag.clone().try_cast::<Self>());
        tag.ok_or_else(|| "call this inside of a hook".into())
    }
}

/// Most headers and cookies of one call.
const MAX_DIRECTIVES: usize = 32;

/// Gives scripts the functions that end a request or add to its answer.
pub fn register(engine: &mut Engine) {
    engine.register_fn("reject", reject);
    engine.register_fn("respond", respond);
    engine.register_fn("redirect", |url: &str| end(Outcome::Redirect(url.to_owned())));
    engine.register_fn("set_header", set_header);
    engine.register_fn("set_cookie", |context: NativeCallContext, name: &str, value: &str| {
        add_cookie(&context, name, value, None)
    });
    engine.register_fn("set_cookie", |context: NativeCallContext, name: &str, value: &str, options: Map| {
        add_cookie(&context, name, value, Some(max_age(&options)?))
    });
    engine
        .register_fn("delete_cookie", |context: NativeCallContext, name: &str| add_cookie(&context, name, "", Some(0)));
}

/// Stops the script; it cannot catch this.
fn end(outcome: Outcome) -> Native<()> {
    Err(Box::new(EvalAltResult::ErrorTerminated(Dynamic::from(outcome), Position::NONE)))
}

fn reject(status: i64, code: &str, message: &str) -> Native<()> {
    let is_code = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    if code.is_empty() || code.len() > 64 || !code.bytes().all(is_code) {
        return Err("reject: the code must be 1 to 64 letters A-Z, digits and _".into());
    }
    if message.len() > 1000 || message.contains(char::is_control) {
        return Err("reject: the message must be one line of at most 1000 bytes".into());
    }
    let status = status_from(status, 400)?;
    end(Outcome::Reject { status, code: code.to_owned(), message: message.to_owned() })
}

#[expect(clippy::needless_pass_by_value, reason = "the engine hands values over")]
fn respond(status: i64, body: Dynamic) -> Native<()> {
    let body = json::from_script(&body)?;
    end(Outcome::Respond { status: status_from(status, 200)?, body })
}

fn status_from(status: i64, lowest: u16) -> Native<u16> {
    let fits = u16::try_from(status).ok().filter(|status| (lowest..600).contains(status));
    fits.ok_or_else(|| format!("the status must be {lowest} to 599").into())
}

#[expect(clippy::needless_pass_by_value, reason = "the engine hands its context over")]
fn set_header(context: NativeCallContext, name: &str, value: &str) -> Native<()> {
    let name = name.to_ascii_lowercase();
    if !is_token(&name) || value.contains(char::is_control) {
        return Err("set_header: not a header".into());
    }
    if is_reserved_header(&name) {
        return Err(format!("set_header: {name} belongs to the server").into());
    }
    let collector = Collector::of(&context)?;
    let mut directives = collector.lock();
    directives.headers.retain(|(other, _)| *other != name);
    directives.headers.push((name, value.to_owned()));
    within_limits(&directives)
}

fn add_cookie(context: &NativeCallContext, name: &str, value: &str, max_age_secs: Option<i64>) -> Native<()> {
    if !is_token(name) {
        return Err("set_cookie: not a cookie's name".into());
    }
    if value.len() > 3000 {
        return Err("set_cookie: the value is too long".into());
    }
    let collector = Collector::of(context)?;
    let mut directives = collector.lock();
    directives.cookies.push(ScriptCookie { name: name.to_owned(), value: value.to_owned(), max_age_secs });
    within_limits(&directives)
}

fn within_limits(directives: &Directives) -> Native<()> {
    if directives.headers.len() + directives.cookies.len() > MAX_DIRECTIVES {
        return Err(format!("at most {MAX_DIRECTIVES} headers and cookies can be set").into());
    }
    Ok(())
}

fn max_age(options: &Map) -> Native<i64> {
    if let Some(unknown) = options.keys().find(|key| *key != "max_age") {
        return Err(format!("set_cookie: the option `{unknown}` is unknown; there is `max_age`, in seconds").into());
    }
    let secs = options.get("max_age").and_then(|secs| secs.as_int().ok());
    secs.ok_or_else(|| "set_cookie: `max_age` is a number of seconds".into())
}

/// What the server itself writes, what frames the message, and what would bypass a check: a redirect goes through
/// `redirect`, a cookie through `set_cookie`.
fn is_reserved_header(name: &str) -> bool {
    const RESERVED: [&str; 15] = [
        "connection",
        "date",
        "keep-alive",
        "location",
        "proxy-authenticate",
        "proxy-connection",
        "refresh",
        "server",
        "set-cookie",
        "strict-transport-security",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-request-id",
    ];
    RESERVED.contains(&name) || name.starts_with("content-") || name.starts_with("access-control-")
}

/// A name as HTTP allows it.
fn is_token(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.len() <= 256 && name.bytes().all(is_allowed)
}

/// The outcome in the error that ended a script, if it was one.
pub fn outcome_of(error: &EvalAltResult) -> Option<Outcome> {
    match error {
        EvalAltResult::ErrorTerminated(token, _) => token.read_lock::<Outcome>().map(|outcome| outcome.clone()),
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _) => outcome_of(inner),
        _ => None,
    }
}
