//! What the description of the API says of each operation of operators: its sentence, what it reads, answers and refuses.
//!
//! Invariant: what is read is told by the functions that read, so it cannot differ from what is validated.

use doorward_contract::ApiNote;
use serde_json::{Map, Value as Json, json};

use super::notes::{boolean, date, list, object, text, text_or_null};
use super::{
    drop_mail, list_all_sessions, list_audit, list_mail, operate_plugins, operate_webhooks,
    settings as settings_endpoint,
};
use crate::error::Code;
use crate::input::Input;
use crate::store::event::State;

/// What is said of the operation of this name, when there is one.
pub fn of(name: &str) -> Option<ApiNote> {
    of_server(name).or_else(|| of_audit(name)).or_else(|| of_queue(name)).or_else(|| of_webhooks(name))
}

fn of_server(name: &str) -> Option<ApiNote> {
    Some(match name {
        "get-settings" => ApiNote::new("Lists the settings, their values and where these come from").answer(settings()),
        "change-settings" => ApiNote::new("Changes settings; null removes a value, so that the file's counts again")
            .body(Input::note(settings_endpoint::read))
            .answer(settings())
            .refusing(&[Code::SETTING_REFUSED, Code::SETTINGS_CHANGED_MEANWHILE]),
        "list-all-sessions" => ApiNote::new("Lists the live sessions of all users, or of one, without their tokens")
            .query(Input::note(list_all_sessions::read))
            .answer(all([("sessions", list(session())), ("total", count_or_null())])),
        "list-plugins" => ApiNote::new("Lists plugins and policies: state, rights, counts and limits")
            .answer(all([("plugins", list(plugin())), ("policies", list(policy()))])),
        "switch-plugin" => ApiNote::new("Switches a plugin off, or on again, on every node")
            .body(Input::note(operate_plugins::read))
            .answer(all([("id", text()), ("enabled", boolean())]))
            .refusing(&[Code::SETTING_REFUSED, Code::SETTINGS_CHANGED_MEANWHILE]),
        "list-keys" => ApiNote::new("Lists secrets and signing keys by purpose and age, never a value").answer(all([
            ("secrets", list(all([("version", count_or_null()), ("current", boolean())]))),
            ("signingKeys", list(signing_key())),
            ("canRotate", boolean()),
        ])),
        "rotate-keys" => ApiNote::new("Lets the present signing keys end; the next token makes a new one")
            .answer(all([("ended", count())]))
            .refusing(&[Code::NOT_FOUND]),
        _ => return None,
    })
}

fn of_audit(name: &str) -> Option<ApiNote> {
    Some(match name {
        "list-audit" => ApiNote::new("Lists events of the audit log, newest first")
            .query(Input::note(list_audit::read))
            .answer(all([("events", list(event())), ("next", count_or_null())])),
        "export-audit" => ApiNote::new(
            "Answers events of the audit log as JSON lines; the header x-next-before says where the next export begins",
        )
        .query(Input::note(list_audit::Wanted::read))
        .answer_of("application/x-ndjson"),
        "count-audit" => ApiNote::new("Counts sign-ins and failures of the last 24 hours, by the hour")
            .answer(all([("hours", list(all([("from", date()), ("signIns", count()), ("failures", count())])))])),
        _ => return None,
    })
}

fn of_queue(name: &str) -> Option<ApiNote> {
    let retried = || all([("retried", count()), ("dueAnyway", count())]);
    Some(match name {
        "list-mail" => ApiNote::new("Lists mails and events that wait to be delivered")
            .query(Input::note(list_mail::read))
            .answer(all([("mails", list(mail())), ("total", count())])),
        "retry-mail" => ApiNote::new("Tries mails and events at once")
            .body(Input::note(drop_mail::read))
            .answer(retried())
            .refusing(&[Code::MAIL_NOT_FOUND]),
        "drop-mail" => ApiNote::new("Removes mails and events that wait")
            .body(Input::note(drop_mail::read))
            .answer(all([("dropped", count())]))
            .refusing(&[Code::MAIL_NOT_FOUND]),
        "list-jobs" => ApiNote::new("Lists jobs of plugins, their requests for later and events between them")
            .query(Input::note(list_mail::read))
            .answer(all([("jobs", list(job())), ("total", count())])),
        "retry-jobs" => ApiNote::new("Tries jobs at once, those that failed too")
            .body(Input::note(drop_mail::read))
            .answer(retried())
            .refusing(&[Code::JOB_NOT_FOUND]),
        "drop-jobs" => ApiNote::new("Removes jobs that wait or have failed")
            .body(Input::note(drop_mail::read))
            .answer(all([("dropped", count())]))
            .refusing(&[Code::JOB_NOT_FOUND]),
        _ => return None,
    })
}

fn of_webhooks(name: &str) -> Option<ApiNote> {
    Some(match name {
        "list-webhooks" => ApiNote::new("Lists other systems that are told of events, and what waits for each")
            .answer(all([("receivers", list(receiver()))])),
        "list-webhook-deliveries" => ApiNote::new("Lists deliveries of events to other systems, newest first")
            .query(Input::note(operate_webhooks::read_search))
            .answer(all([("deliveries", list(delivery())), ("total", count())])),
        "replay-webhooks" => {
            ApiNote::new("Makes deliveries again: one that has ended, or all that failed since a moment")
                .body(Input::note(operate_webhooks::read_replay))
                .answer(all([("replayed", count())]))
                .refusing(&[Code::NOT_FOUND])
        }
        "enable-webhook" => ApiNote::new("Lets a receiver that was disabled by its own answer get events again")
            .body(Input::note(operate_webhooks::read_receiver))
            .answer(all([("enabled", text())]))
            .refusing(&[Code::NOT_FOUND]),
        _ => return None,
    })
}

fn settings() -> Json {
    let setting = with(
        all([
            ("key", text()),
            ("title", text()),
            ("type", text()),
            ("format", text_or_null()),
            ("value", json!({})),
            ("default", json!({})),
            ("inherited", json!({})),
            ("source", text()),
            ("locked", text_or_null()),
            ("min", count_or_null()),
            ("max", count_or_null()),
        ]),
        [("updatedBy", text_or_null()), ("updatedAt", date_or_null())],
    );
    let fault = all([("key", text()), ("message", text())]);
    all([("version", count()), ("settings", list(setting)), ("faults", list(fault))])
}

/// A row of the table of sessions, without its token; additional fields stand in it too.
fn session() -> Json {
    with(
        all([("id", text()), ("userId", text()), ("createdAt", date()), ("updatedAt", date()), ("expiresAt", date())]),
        [("ipAddress", text_or_null()), ("userAgent", text_or_null())],
    )
}

fn plugin() -> Json {
    let grant = all([("grant", text()), ("sentence", text())]);
    with(
        all([
            ("id", text()),
            ("state", json!({ "type": "string", "enum": ["on", "paused", "off"] })),
            ("locked", boolean()),
        ]),
        [
            ("version", text()),
            ("official", boolean()),
            ("sha256", text_or_null()),
            ("signedBy", text_or_null()),
            ("grants", list(grant)),
            ("counters", object()),
            ("limits", object()),
        ],
    )
}

fn policy() -> Json {
    all([("script", text()), ("calls", count()), ("outcomes", count()), ("failures", count()), ("micros", count())])
}

fn signing_key() -> Json {
    all([
        ("id", text()),
        ("algorithm", text_or_null()),
        ("createdAt", date_or_null()),
        ("expiresAt", date_or_null()),
        ("current", boolean()),
    ])
}

/// What is not known of an event is left out.
fn event() -> Json {
    let known = ["code", "actor", "impersonatedBy", "target", "account", "session", "how", "method", "path", "client"];
    let known = known.into_iter().chain(["userAgent", "requestId"]).map(|name| (name, text()));
    with(
        all([
            ("seq", count()),
            ("at", date()),
            ("event", text()),
            ("outcome", json!({ "type": "string", "enum": list_audit::OUTCOMES })),
            ("actorKind", text()),
        ]),
        known.chain([("status", count()), ("details", json!({}))]),
    )
}

fn mail() -> Json {
    all([
        ("id", text()),
        ("kind", text()),
        ("to", text_or_null()),
        ("writtenAt", date()),
        ("attempts", count()),
        ("nextAttemptAt", date()),
        ("lastError", text_or_null()),
    ])
}

fn job() -> Json {
    all([
        ("id", text()),
        ("plugin", text()),
        ("kind", text()),
        ("state", json!({ "type": "string", "enum": ["waits", "failed"] })),
        ("writtenAt", date()),
        ("attempts", count()),
        ("nextAttemptAt", date_or_null()),
        ("lastError", text_or_null()),
    ])
}

fn receiver() -> Json {
    all([
        ("name", text()),
        ("form", text()),
        ("origin", text()),
        ("events", list(text())),
        ("enabled", boolean()),
        ("disabledAt", date_or_null()),
        ("waiting", count()),
        ("oldestWaitingAt", date_or_null()),
        ("failed", count()),
    ])
}

fn delivery() -> Json {
    all([
        ("id", text()),
        ("event", text()),
        ("kind", text()),
        ("receiver", text()),
        ("state", json!({ "type": "string", "enum": State::ALL.map(State::name) })),
        ("attempts", count()),
        ("writtenAt", date_or_null()),
        ("nextAttemptAt", date_or_null()),
        ("endedAt", date_or_null()),
        ("lastError", text_or_null()),
    ])
}

/// An object that has all of these.
fn all<const N: usize>(fields: [(&str, Json); N]) -> Json {
    let names = fields.each_ref().map(|(name, _)| (*name).to_owned());
    let properties: Map<String, Json> = fields.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({ "type": "object", "properties": properties, "required": names.as_slice() })
}

/// The object, which may have these too.
fn with<'a>(mut object: Json, fields: impl IntoIterator<Item = (&'a str, Json)>) -> Json {
    if let Some(Json::Object(properties)) = object.get_mut("properties") {
        properties.extend(fields.into_iter().map(|(name, schema)| (name.to_owned(), schema)));
    }
    object
}

fn count() -> Json {
    json!({ "type": "integer" })
}

fn count_or_null() -> Json {
    json!({ "type": ["integer", "null"] })
}

fn date_or_null() -> Json {
    json!({ "type": ["string", "null"], "format": "date-time" })
}
