//! How a script can end what it was asked about, as a value that the host takes back and carries out.

use rhai::{Dynamic, Engine, EvalAltResult, Map, NativeCallContext, Position};
use serde_json::{Map as JsonMap, Value as Json};

use super::directive::Collector;
use super::json;
use super::native::Native;

/// How a script ended it.
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
    /// No session yet: the client is told what to prove.
    Challenge {
        /// What is demanded: `terms`, `captcha`, …
        name: String,
        /// What the client needs to know for it.
        data: JsonMap<String, Json>,
    },
    /// The mail is not sent.
    Stop,
}

impl Outcome {
    /// The refusal of a script that names no reason: `abort()`, or a hook that returns `false`.
    pub fn refused() -> Self {
        Self::refusal("A policy refused this")
    }

    fn refusal(message: &str) -> Self {
        Self::Reject { status: 403, code: "REFUSED_BY_POLICY".into(), message: message.into() }
    }
}

/// Gives scripts the functions that end a call.
pub fn register(engine: &mut Engine) {
    engine.register_fn("reject", reject);
    engine.register_fn("abort", |context: NativeCallContext| abort(&context, Outcome::refused()));
    engine.register_fn("abort", |context: NativeCallContext, message: &str| {
        one_line("abort", message)?;
        abort(&context, Outcome::refusal(message))
    });
    engine.register_fn("respond", respond);
    engine.register_fn("redirect", |context: NativeCallContext, url: &str| -> Native<()> {
        only(&context, "redirect")?;
        end(Outcome::Redirect(url.to_owned()))
    });
    engine.register_fn("challenge", |context: NativeCallContext, name: &str| challenge(&context, name, Map::new()));
    engine
        .register_fn("challenge", |context: NativeCallContext, name: &str, data: Map| challenge(&context, name, data));
    engine.register_fn("stop", |context: NativeCallContext| -> Native<()> {
        only(&context, "stop")?;
        end(Outcome::Stop)
    });
}

/// Stops the script; it cannot catch this.
fn end(outcome: Outcome) -> Native<()> {
    Err(Box::new(EvalAltResult::ErrorTerminated(Dynamic::from(outcome), Position::NONE)))
}

fn only(context: &NativeCallContext, function: &str) -> Native<()> {
    Collector::of(context, function).map(drop)
}

fn abort(context: &NativeCallContext, refusal: Outcome) -> Native<()> {
    only(context, "abort")?;
    end(refusal)
}

fn one_line(function: &str, message: &str) -> Native<()> {
    if message.len() > 1000 || message.contains(char::is_control) {
        return Err(format!("{function}: the message must be one line of at most 1000 bytes").into());
    }
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "the engine hands its context over")]
fn reject(context: NativeCallContext, status: i64, code: &str, message: &str) -> Native<()> {
    only(&context, "reject")?;
    let is_code = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    if code.is_empty() || code.len() > 64 || !code.bytes().all(is_code) {
        return Err("reject: the code must be 1 to 64 letters A-Z, digits and _".into());
    }
    one_line("reject", message)?;
    let status = status_from(status, 400)?;
    end(Outcome::Reject { status, code: code.to_owned(), message: message.to_owned() })
}

#[expect(clippy::needless_pass_by_value, reason = "the engine hands values over")]
fn respond(context: NativeCallContext, status: i64, body: Dynamic) -> Native<()> {
    only(&context, "respond")?;
    let body = json::from_script(&body)?;
    end(Outcome::Respond { status: status_from(status, 200)?, body })
}

fn challenge(context: &NativeCallContext, name: &str, data: Map) -> Native<()> {
    only(context, "challenge")?;
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || name.len() > 64 || !name.bytes().all(is_plain) {
        return Err("challenge: the name has small letters, digits and `-`".into());
    }
    match json::from_script(&data.into())? {
        Json::Object(data) if !data.contains_key("challenge") => {
            end(Outcome::Challenge { name: name.to_owned(), data })
        }
        _ => Err("challenge: `challenge` is the name itself".into()),
    }
}

fn status_from(status: i64, lowest: u16) -> Native<u16> {
    let fits = u16::try_from(status).ok().filter(|status| (lowest..600).contains(status));
    fits.ok_or_else(|| format!("the status must be {lowest} to 599").into())
}

/// The outcome in the error that ended a script, if it was one.
pub fn outcome_of(error: &EvalAltResult) -> Option<Outcome> {
    match error {
        EvalAltResult::ErrorTerminated(token, _) => token.read_lock::<Outcome>().map(|outcome| outcome.clone()),
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _) => outcome_of(inner),
        _ => None,
    }
}
