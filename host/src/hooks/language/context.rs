//! `ctx`: what a script reads and changes, each moment with a type of its own, each part made when it is read.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rhai::{Dynamic, Engine};
use serde_json::{Map, Value as Json};

use super::declare::HookPoint;
use super::facts::{Facts, is_settled, refusal, with_addresses};
use super::headers::HeaderMap;
use super::json;
use super::native::Native;

/// What the host and the context of one call share.
pub type Shared = Arc<Mutex<Facts>>;

/// The context of one moment.
trait Context: Clone + Send + Sync + 'static {
    fn shared(&self) -> &Shared;

    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.shared().lock().unwrap_or_else(PoisonError::into_inner)
    }
}

macro_rules! contexts {
    ($($name:ident, $text:literal;)*) => {
        $(
            #[derive(Clone)]
            struct $name(Shared);

            impl Context for $name {
                fn shared(&self) -> &Shared {
                    &self.0
                }
            }
        )*

        fn name_types(engine: &mut Engine) {
            $(engine.register_type_with_name::<$name>($text);)*
        }
    };
}

contexts! {
    Before, "the context of a before-hook";
    After, "the context of an after-hook";
    BeforeChange, "the context before a change";
    AfterChange, "the context after a change";
    Gate, "the context of a gate";
    Mail, "the context of a mail";
    Claims, "the context of claims";
    AfterSignIn, "the context after a sign-in";
    AfterVerification, "the context after a verification";
    AfterReset, "the context after a reset";
}

/// The context that a hook of this moment gets.
pub fn of(moment: HookPoint, shared: &Shared) -> Dynamic {
    let shared = Arc::clone(shared);
    match moment {
        HookPoint::Before => Dynamic::from(Before(shared)),
        HookPoint::After => Dynamic::from(After(shared)),
        HookPoint::BeforeChange => Dynamic::from(BeforeChange(shared)),
        HookPoint::AfterChange => Dynamic::from(AfterChange(shared)),
        HookPoint::Gate => Dynamic::from(Gate(shared)),
        HookPoint::Mail => Dynamic::from(Mail(shared)),
        HookPoint::Claims => Dynamic::from(Claims(shared)),
        HookPoint::AfterSignIn => Dynamic::from(AfterSignIn(shared)),
        HookPoint::AfterEmailVerification => Dynamic::from(AfterVerification(shared)),
        HookPoint::AfterPasswordReset => Dynamic::from(AfterReset(shared)),
    }
}

/// Gives scripts the contexts.
pub fn register(engine: &mut Engine) {
    name_types(engine);
    head::<Before>(engine);
    head::<After>(engine);
    head::<Gate>(engine);
    head::<BeforeChange>(engine);
    head::<AfterChange>(engine);
    who::<Before>(engine);
    who::<After>(engine);
    changeable_request(engine);
    fixed::<After>(engine, "body", Facts::body);
    fixed::<After>(engine, "query", query);
    fixed::<After>(engine, "headers", headers);
    answer(engine);
    fixed::<Gate>(engine, "body", Facts::body);
    fixed::<Gate>(engine, "query", query);
    fixed::<Gate>(engine, "headers", headers);
    fixed::<BeforeChange>(engine, "headers", headers);
    fixed::<AfterChange>(engine, "headers", headers);
    gate(engine);
    row::<BeforeChange>(engine);
    row::<AfterChange>(engine);
    changeable_row(engine);
    fixed::<AfterChange>(engine, "data", |facts| Ok(facts.row.data.clone()));
    fixed::<AfterChange>(engine, "changes", |facts| Ok(facts.row.changes.clone()));
    fixed::<AfterChange>(engine, "changed", changed);
    mail(engine);
    claims(engine);
    event::<AfterSignIn>(engine);
    event::<AfterVerification>(engine);
    event::<AfterReset>(engine);
    sign_in::<AfterSignIn>(engine);
    fixed::<AfterSignIn>(engine, "new_session", |facts| Ok(facts.answer.new_session.clone()));
}

/// What a request did, and whose it is.
fn event<C: Context>(engine: &mut Engine) {
    head::<C>(engine);
    fixed::<C>(engine, "headers", headers);
    records::<C>(engine);
}

/// The head of the request.
fn head<C: Context>(engine: &mut Engine) {
    text::<C>(engine, "request_id", |facts| Some(facts.request.as_ref()?.id.clone()));
    text::<C>(engine, "method", |facts| Some(facts.request.as_ref()?.method.clone()));
    text::<C>(engine, "path", Facts::path);
    text::<C>(engine, "client_address", |facts| {
        let address = facts.request.as_ref()?.client_address.clone()?;
        Some(address.parse::<IpAddr>().map_or(address, |address| address.to_canonical().to_string()))
    });
    text::<C>(engine, "user_agent", |facts| Some(facts.request.as_ref()?.headers.get("user-agent")?.to_owned()));
    fixed::<C>(engine, "proxy_headers", |facts| Ok(facts.proxy_headers()));
    fixed::<C>(engine, "plugins", |facts| facts.plugins.get("plugins"));
    fixed::<C>(engine, "cookies", |facts| facts.cookies.get("cookies"));
}

/// The route's parameters, and who acts.
fn who<C: Context>(engine: &mut Engine) {
    fixed::<C>(engine, "params", |facts| {
        let params = facts.params.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
        Ok(facts.shown(&Json::Object(params.collect())))
    });
    fixed::<C>(engine, "session", |facts| facts.session.get("session"));
    records::<C>(engine);
}

/// The user and what belongs to the user.
fn records<C: Context>(engine: &mut Engine) {
    fixed::<C>(engine, "user", |facts| facts.user.get("user"));
    fixed::<C>(engine, "sessions", |facts| facts.sessions.get("sessions"));
    fixed::<C>(engine, "accounts", |facts| facts.accounts.get("accounts"));
}

fn changeable_request(engine: &mut Engine) {
    fixed::<Before>(engine, "is_old_password", |facts| facts.is_old_password.get("is_old_password"));
    changing::<Before>(
        engine,
        "body",
        Facts::body,
        |facts, body| facts.changes.body = Some(body),
        |_, body| body.is_object().then_some(()).ok_or_else(|| "the body is a map".into()),
    );
    changing::<Before>(
        engine,
        "query",
        query,
        |facts, query| facts.changes.query = Some(query),
        |_, query| {
            let is_text =
                |value: &Json| value.is_string() || value.as_array().is_some_and(|all| all.iter().all(Json::is_string));
            let is_query = query.as_object().is_some_and(|query| query.values().all(is_text));
            is_query.then_some(()).ok_or_else(|| "the query is a map of texts".into())
        },
    );
    changing::<Before>(
        engine,
        "headers",
        headers,
        |facts, headers| facts.changes.headers = Some(headers),
        may_set_headers,
    );
}

/// What was answered; only its body can be changed.
fn answer(engine: &mut Engine) {
    engine.register_get("status", |context: &mut After| i64::from(context.facts().answer.status));
    let body = |facts: &Facts| Ok(facts.response());
    changing::<After>(engine, "response", body, |facts, body| facts.changes.answer = Some(body), |_, _| Ok(()));
    fixed::<After>(engine, "response_headers", |facts| Ok(facts.response_headers()));
    fixed::<After>(engine, "new_session", |facts| Ok(facts.answer.new_session.clone()));
    fixed::<After>(engine, "new_user", |facts| Ok(facts.answer.new_user.clone()));
}

fn gate(engine: &mut Engine) {
    records::<Gate>(engine);
    sign_in::<Gate>(engine);
}

fn sign_in<C: Context>(engine: &mut Engine) {
    engine.register_get("sign_in_method", |context: &mut C| context.facts().sign_in.0.clone());
    engine.register_get("remember", |context: &mut C| context.facts().sign_in.1);
}

fn row<C: Context>(engine: &mut Engine) {
    text::<C>(engine, "model", |facts| Some(facts.row.model.clone()));
    text::<C>(engine, "action", |facts| Some(facts.row.action.clone()));
    fixed::<C>(engine, "actor", |facts| facts.actor.get("actor"));
    records::<C>(engine);
}

fn changeable_row(engine: &mut Engine) {
    changing::<BeforeChange>(
        engine,
        "data",
        |facts| Ok(facts.changes.data.clone().unwrap_or_else(|| facts.row.data.clone())),
        |facts, data| facts.changes.data = Some(data),
        |facts, data| match facts.row.action.as_str() {
            "create" => may_set_fields(facts, &facts.row.data, data),
            _ => Err("ctx.data is the row as it is; ctx.changes is what an update sets".into()),
        },
    );
    changing::<BeforeChange>(
        engine,
        "changes",
        |facts| Ok(facts.changes.changes.clone().unwrap_or_else(|| facts.row.changes.clone())),
        |facts, changes| facts.changes.changes = Some(changes),
        |facts, changes| match facts.row.action.as_str() {
            "update" => may_set_fields(facts, &facts.row.changes, changes),
            _ => Err("ctx.changes is for updates".into()),
        },
    );
    fixed::<BeforeChange>(engine, "changed", changed);
}

#[expect(clippy::unnecessary_wraps, reason = "has the shape of a getter")]
fn changed(facts: &Facts) -> Native<Json> {
    Ok(facts.row.changed.iter().map(|name| Json::from(name.as_str())).collect())
}

/// A script sets fields that anyone could set, and takes none away.
fn may_set_fields(facts: &Facts, before: &Json, after: &Json) -> Native<()> {
    let (Some(before), Some(after)) = (before.as_object(), after.as_object()) else {
        return Err("the fields are a map".into());
    };
    if let Some(missing) = before.keys().find(|name| !after.contains_key(*name)) {
        return Err(format!("the field {missing} cannot be taken away; set it to ()").into());
    }
    let is_closed = |name: &String| facts.row.closed_fields.contains(name);
    let mut changed = after.iter().filter(|(name, value)| before.get(*name) != Some(*value));
    changed.find(|(name, _)| is_closed(name)).map_or(Ok(()), |(name, _)| {
        Err(format!("the field {}.{name} cannot be changed by a script", facts.row.model).into())
    })
}

fn mail(engine: &mut Engine) {
    for name in ["kind", "to", "data"] {
        fixed_at::<Mail>(engine, name, move |facts| Ok(facts.mail_part(name)));
    }
    for name in ["subject", "text", "html"] {
        changing_at::<Mail>(
            engine,
            name,
            move |facts| Ok(facts.mail_part(name)),
            move |facts, part| {
                let mut mail = facts.changes.mail.take().unwrap_or_else(|| facts.mail.clone());
                if let Some(mail) = mail.as_object_mut() {
                    mail.insert(name.to_owned(), part);
                }
                facts.changes.mail = Some(mail);
            },
            move |_, part| {
                let text = part.as_str().ok_or_else(|| format!("ctx.{name} is a text"))?;
                if name == "subject" && text.contains(char::is_control) {
                    return Err("ctx.subject is one line".into());
                }
                Ok(())
            },
        );
    }
}

/// Claims that say who the token is about, who made it, for whom and how long.
const RESERVED_CLAIMS: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

fn claims(engine: &mut Engine) {
    fixed::<Claims>(engine, "user", |facts| facts.user.get("user"));
    fixed::<Claims>(engine, "session", |facts| facts.session.get("session"));
    changing::<Claims>(
        engine,
        "claims",
        |facts| Ok(facts.changes.claims.clone().unwrap_or_else(|| facts.claims.clone())),
        |facts, claims| facts.changes.claims = Some(claims),
        |facts, claims| {
            let claims = claims.as_object().ok_or("the claims are a map")?;
            let is_changed = |name: &&&str| claims.get(**name) != facts.claims.get(**name);
            match RESERVED_CLAIMS.iter().find(is_changed) {
                Some(name) => Err(format!("the claim {name} cannot be changed by a script").into()),
                None => Ok(()),
            }
        },
    );
}

#[expect(clippy::unnecessary_wraps, reason = "has the shape of a getter")]
fn query(facts: &Facts) -> Native<Json> {
    let now = || facts.request.as_ref().map_or(Json::Null, |request| with_addresses(request.query.to_json()));
    Ok(facts.shown(&facts.changes.query.clone().unwrap_or_else(now)))
}

#[expect(clippy::unnecessary_wraps, reason = "has the shape of a getter")]
fn headers(facts: &Facts) -> Native<Json> {
    Ok(facts.changes.headers.clone().unwrap_or_else(|| facts.headers()))
}

fn may_set_headers(facts: &Facts, headers: &Json) -> Native<()> {
    let (Json::Object(before), Some(after)) = (facts.headers(), headers.as_object()) else {
        return Err("the headers are a map".into());
    };
    let names = before.keys().chain(after.keys());
    let mut changed = names.filter(|name| before.get(*name) != after.get(*name));
    let is_bad = |name: &&String| {
        let is_plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        let value = after.get(*name).map(|value| value.as_str().is_some_and(|text| !text.contains(char::is_control)));
        !is_plain || name.is_empty() || is_settled(name) || value == Some(false)
    };
    changed.find(is_bad).map_or(Ok(()), |name| Err(format!("the header {name:?} cannot be changed").into()))
}

fn text<C: Context>(engine: &mut Engine, name: &str, read: fn(&Facts) -> Option<String>) {
    engine.register_get(name, move |context: &mut C| read(&context.facts()).map_or(Dynamic::UNIT, Dynamic::from));
}

type Read = fn(&Facts) -> Native<Json>;

/// A part that cannot be changed: an attempt fails, instead of being lost.
fn fixed<C: Context>(engine: &mut Engine, name: &'static str, read: Read) {
    fixed_at::<C>(engine, name, read);
}

fn fixed_at<C: Context>(
    engine: &mut Engine,
    name: &'static str,
    read: impl Fn(&Facts) -> Native<Json> + Copy + Send + Sync + 'static,
) {
    let refuse = move |_: &Facts, _: &Json| Err(format!("ctx.{name} cannot be changed here").into());
    changing_at::<C>(engine, name, read, |_, _| {}, refuse);
}

fn changing<C: Context>(
    engine: &mut Engine,
    name: &'static str,
    read: Read,
    keep: fn(&mut Facts, Json),
    check: fn(&Facts, &Json) -> Native<()>,
) {
    changing_at::<C>(engine, name, read, keep, check);
}

/// A part that can be changed. The engine sets a part again after each call of a method on it, changed or not.
fn changing_at<C: Context>(
    engine: &mut Engine,
    name: &'static str,
    read: impl Fn(&Facts) -> Native<Json> + Copy + Send + Sync + 'static,
    keep: impl Fn(&mut Facts, Json) + Send + Sync + 'static,
    check: impl Fn(&Facts, &Json) -> Native<()> + Send + Sync + 'static,
) {
    let read = move |facts: &Facts| facts.is_recorded(name).and_then(|()| read(facts));
    engine.register_get(name, move |context: &mut C| -> Native<Dynamic> {
        let part = read(&context.facts())?;
        // More than a script may hold is more than any endpoint needs.
        if json::fits(&part) { Ok(shown(name, &part)) } else { Err(refusal(None)) }
    });
    engine.register_set(name, move |context: &mut C, value: Dynamic| -> Native<()> {
        let value = json::from_script(&value)?;
        let mut facts = context.facts();
        if value != read(&facts)? {
            check(&facts, &value)?;
            keep(&mut facts, value);
        }
        Ok(())
    });
}

/// The value of a part; headers match in any case.
fn shown(name: &str, part: &Json) -> Dynamic {
    let value = json::to_script(part);
    if ["headers", "proxy_headers", "response_headers"].contains(&name) {
        value.try_cast_result().map_or_else(|value| value, |headers| Dynamic::from(HeaderMap(headers)))
    } else {
        value
    }
}

/// What changed from one object to another: the fields that are new or different.
pub fn differences(before: &Json, after: &Json) -> Map<String, Json> {
    let fields = after.as_object().into_iter().flatten();
    let changed = fields.filter(|(name, value)| before.get(name.as_str()) != Some(*value));
    changed.map(|(name, value)| (name.clone(), value.clone())).collect()
}
