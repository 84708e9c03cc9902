//! What a script wants done beside its outcome: headers and cookies of the answer, mails, webhooks, notes for the audit.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rhai::{Engine, Map, NativeCallContext};
use serde_json::{Map as JsonMap, Value as Json};

use super::api::{self, When};
use super::declare::HookPoint;
use super::json;
use super::native::Native;
use crate::email;
use crate::http::is_token;

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

/// A mail that a script wants sent.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptMail {
    /// Recipient.
    pub to: String,
    /// Names the template.
    pub kind: String,
    /// What the template is filled with.
    pub data: JsonMap<String, Json>,
}

/// Something that happened, by a name of the script's own.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// `new-device`, `terms-accepted`, …
    pub name: String,
    /// What there is to know.
    pub data: JsonMap<String, Json>,
}

/// What a script wants done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Directives {
    /// Response headers, names in lower case; `None` removes one.
    pub headers: Vec<(String, Option<String>)>,
    /// Cookies, in order.
    pub cookies: Vec<ScriptCookie>,
    /// Mails, queued in the outbox.
    pub mails: Vec<ScriptMail>,
    /// Events for the script's webhook, queued in the outbox.
    pub webhooks: Vec<Event>,
    /// Events for the audit.
    pub audits: Vec<Event>,
    /// Ids of sessions that end, of the user whom it is about.
    pub ended_sessions: Vec<String>,
    /// Milliseconds that the answer waits.
    pub delay_ms: u64,
    /// How many old passwords are remembered, the one that is replaced included.
    pub kept_passwords: Option<usize>,
    /// Plugins whose challenge is waived.
    pub waived: Vec<String>,
}

impl Directives {
    /// Adds what a later call wants.
    pub fn merge(&mut self, more: Self) {
        for (name, value) in more.headers {
            self.headers.retain(|(other, _)| *other != name);
            self.headers.push((name, value));
        }
        self.cookies.extend(more.cookies);
        self.mails.extend(more.mails);
        self.webhooks.extend(more.webhooks);
        self.audits.extend(more.audits);
        self.ended_sessions.extend(more.ended_sessions);
        self.waived.extend(more.waived);
        self.delay_ms += more.delay_ms;
        self.kept_passwords = more.kept_passwords.or(self.kept_passwords);
    }
}

/// Most directives of one call.
const MAX_DIRECTIVES: usize = 32;
/// Longest wait before an answer, in milliseconds.
const MAX_DELAY_MS: i64 = 5000;
/// Most old passwords that are compared with a new one: each costs a hash.
const MAX_KEPT_PASSWORDS: i64 = 10;

/// Collects the directives of one call; handed to the engine as the call's tag.
#[derive(Clone)]
pub struct Collector {
    moment: HookPoint,
    directives: Arc<Mutex<Directives>>,
}

impl Collector {
    /// Collects nothing yet.
    pub fn at(moment: HookPoint) -> Self {
        Self { moment, directives: Arc::default() }
    }

    /// What was collected; leaves nothing behind.
    pub fn take(&self) -> Directives {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Directives> {
        self.directives.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The collector of the running call.
    ///
    /// # Errors
    /// When no call runs, or one at a moment that does not have the function.
    pub fn of(context: &NativeCallContext, function: &str) -> Native<Self> {
        let tag = context.tag().and_then(|tag| tag.clone().try_cast::<Self>());
        let collector = tag.ok_or_else(|| format!("{function}: call this inside of a hook"))?;
        match api::when(function) {
            Some(When::In(moments)) if moments.contains(&collector.moment) => Ok(collector),
            _ => Err(format!("{function} cannot be used at this moment").into()),
        }
    }
}

/// Gives scripts the functions.
pub fn register(engine: &mut Engine) {
    register_answer(engine);
    register_events(engine);
    engine.register_fn("slow_down", |context: NativeCallContext, ms: i64| -> Native<()> {
        let ms = Some(ms).filter(|ms| (0..=MAX_DELAY_MS).contains(ms)).and_then(|ms| u64::try_from(ms).ok());
        let ms = ms.ok_or_else(|| format!("slow_down: 0 to {MAX_DELAY_MS} milliseconds"))?;
        add(&context, "slow_down", |all| all.delay_ms = all.delay_ms.max(ms))
    });
    engine.register_fn("end_session", |context: NativeCallContext, id: &str| {
        add(&context, "end_session", |all| all.ended_sessions.push(id.to_owned()))
    });
    engine.register_fn("waive", |context: NativeCallContext, plugin: &str| {
        add(&context, "waive", |all| all.waived.push(plugin.to_owned()))
    });
    engine.register_fn("keep_old_passwords", |context: NativeCallContext, count: i64| -> Native<()> {
        let count = Some(count).filter(|count| (1..=MAX_KEPT_PASSWORDS).contains(count));
        let count = count.and_then(|count| usize::try_from(count).ok());
        let count = count.ok_or_else(|| format!("keep_old_passwords: 1 to {MAX_KEPT_PASSWORDS}"))?;
        add(&context, "keep_old_passwords", |all| all.kept_passwords = Some(count))
    });
}

fn register_answer(engine: &mut Engine) {
    engine.register_fn("set_header", |context: NativeCallContext, name: &str, value: &str| {
        header(&context, "set_header", name, Some(value))
    });
    engine.register_fn("delete_header", |context: NativeCallContext, name: &str| {
        header(&context, "delete_header", name, None)
    });
    engine.register_fn("set_cookie", |context: NativeCallContext, name: &str, value: &str| {
        cookie(&context, name, value, None)
    });
    engine.register_fn("set_cookie", |context: NativeCallContext, name: &str, value: &str, options: Map| {
        cookie(&context, name, value, Some(max_age(&options)?))
    });
    engine.register_fn("delete_cookie", |context: NativeCallContext, name: &str| cookie(&context, name, "", Some(0)));
}

fn register_events(engine: &mut Engine) {
    engine.register_fn("audit", |context: NativeCallContext, name: &str, data: Map| -> Native<()> {
        let event = event("audit", name, data)?;
        add(&context, "audit", |all| all.audits.push(event))
    });
    engine.register_fn("webhook", |context: NativeCallContext, name: &str, data: Map| -> Native<()> {
        let event = event("webhook", name, data)?;
        add(&context, "webhook", |all| all.webhooks.push(event))
    });
    engine.register_fn("send_mail", |context: NativeCallContext, to: &str, kind: &str, data: Map| -> Native<()> {
        if !email::is_email(to) {
            return Err("send_mail: the recipient is no address".into());
        }
        let Event { name: kind, data } = event("send_mail", kind, data)?;
        add(&context, "send_mail", |all| all.mails.push(ScriptMail { to: to.to_owned(), kind, data }))
    });
}

fn add(context: &NativeCallContext, function: &str, change: impl FnOnce(&mut Directives)) -> Native<()> {
    let collector = Collector::of(context, function)?;
    let mut all = collector.lock();
    change(&mut all);
    let events = all.mails.len() + all.webhooks.len() + all.audits.len() + all.ended_sessions.len() + all.waived.len();
    if all.headers.len() + all.cookies.len() + events > MAX_DIRECTIVES {
        return Err(format!("a call can set, send and note at most {MAX_DIRECTIVES} things").into());
    }
    Ok(())
}

fn event(function: &str, name: &str, data: Map) -> Native<Event> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || name.len() > 64 || !name.bytes().all(is_plain) {
        return Err(format!("{function}: `{name}` is no name: it has small letters, digits and `-`").into());
    }
    match json::from_script(&data.into())? {
        Json::Object(data) => Ok(Event { name: name.to_owned(), data }),
        _ => Err(format!("{function}: the data is a map").into()),
    }
}

fn header(context: &NativeCallContext, function: &str, name: &str, value: Option<&str>) -> Native<()> {
    let name = name.to_ascii_lowercase();
    if !is_name(&name) || value.is_some_and(|value| value.contains(char::is_control)) {
        return Err(format!("{function}: not a header").into());
    }
    if is_reserved_header(&name) {
        return Err(format!("{function}: {name} belongs to the server").into());
    }
    add(context, function, |all| {
        all.headers.retain(|(other, _)| *other != name);
        all.headers.push((name, value.map(str::to_owned)));
    })
}

fn cookie(context: &NativeCallContext, name: &str, value: &str, max_age_secs: Option<i64>) -> Native<()> {
    if !is_name(name) {
        return Err("set_cookie: not a cookie's name".into());
    }
    if value.len() > 3000 {
        return Err("set_cookie: the value is too long".into());
    }
    let cookie = ScriptCookie { name: name.to_owned(), value: value.to_owned(), max_age_secs };
    add(context, "set_cookie", |all| all.cookies.push(cookie))
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
    const RESERVED: [&str; 17] = [
        "cache-control",
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
        "x-content-type-options",
        "x-request-id",
    ];
    RESERVED.contains(&name) || name.starts_with("content-") || name.starts_with("access-control-")
}

/// A name as HTTP allows it, of a length that clients take.
fn is_name(name: &str) -> bool {
    name.len() <= 256 && is_token(name)
}
