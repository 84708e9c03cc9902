//! `/admin/audit`: what happened, newest first; filtered, followed, exported.

use crate::shell::{Shell, Stop, show};
use crate::table::State;
use doorward_sdk::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const PATH: &str = "/admin/audit";
/// Rows of a page.
const PAGE: &str = "25";
/// Parameters of the endpoint, as the address of the page has them.
const FILTERS: [&str; 4] = ["user", "event", "outcome", "email"];
/// Events that can be asked for; others are found by their name in the address.
const EVENTS: [&str; 8] = [
    "sign-in",
    "sign-up",
    "sign-out",
    "password-change",
    "password-reset",
    "email-change",
    "user-deletion",
    "settings-change",
];

/// # Errors
/// When the session cannot be read.
pub fn audit(request: &Request, (): ()) -> Result<Response> {
    show(request, "audit", |shell| {
        let state = State::of(shell.request, PATH, &["user", "event", "outcome", "email", "before", "follow"]);
        let given: Vec<(&str, &str)> = FILTERS
            .iter()
            .chain(&["before"])
            .map(|name| (*name, state.get(name)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let found = shell.get("/api/audit", &[&given[..], &[("limit", PAGE)]].concat())?;
        let events = found.get("events").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let names = names(shell, events)?;
        let next = found.get("next").and_then(Value::as_i64).map(|next| state.with("before", &next.to_string()).href());
        let newer = (!state.get("before").is_empty()).then(|| state.with("before", "").href());
        let filters: Vec<(&str, &str)> = given.iter().copied().filter(|(name, _)| *name != "before").collect();
        let model = json!({
            "rows": events.iter().map(|event| row(shell, event, &names)).collect::<Vec<_>>(),
            "chips": chips(shell, &state, &names), "filters": offered(shell, &state),
            "pager": { "total": null, "newer": newer, "older": next },
            "all": site::page(PATH), "email": state.get("email"),
            "export": format!("{}/audit/export?{}", shell.operators(), query(&filters)),
            "follow": state.get("follow") == "1",
            "follow_href": state.with("before", "").with("follow", if state.get("follow") == "1" { "" } else { "1" }).href(),
        });
        shell.page("audit.html", &shell.say("admin.audit", &[]), model)
    })
}

fn query(pairs: &[(&str, &str)]) -> String {
    let pairs = pairs.iter().map(|(name, value)| format!("{name}={}", doorward_sdk::encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// Whose ids stand in these events: one question for all.
pub fn names(shell: &Shell, events: &[Value]) -> Result<BTreeMap<String, String>, Stop> {
    let ids: BTreeSet<&str> = events
        .iter()
        .flat_map(|event| ["actor", "target", "impersonatedBy"].map(|name| event.get(name).and_then(Value::as_str)))
        .flatten()
        .collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    // One id in the list alone would be no list.
    let listed = ids.iter().copied().chain(["-"]).map(|id| ("filterValue", id));
    let query: Vec<(&str, &str)> =
        [("filterField", "id"), ("filterOperator", "in"), ("limit", "200")].into_iter().chain(listed).collect();
    let found = match shell.get("/admin/list-users", &query) {
        Ok(found) => found,
        // Who reads the audit log need not be allowed to list users.
        Err(Stop::Hidden) => return Ok(BTreeMap::new()),
        Err(stop) => return Err(stop),
    };
    let text = |user: &Value, name: &str| user.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let users = found.get("users").and_then(Value::as_array).into_iter().flatten();
    Ok(users
        .map(|user| {
            let name = Some(text(user, "name")).filter(|name| !name.trim().is_empty());
            (text(user, "id"), name.unwrap_or_else(|| text(user, "email")))
        })
        .collect())
}

/// An event as a table shows it.
pub fn row(shell: &Shell, event: &Value, names: &BTreeMap<String, String>) -> Value {
    let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
    let person = |id: &str| {
        let name = names.get(id);
        let href = name.map(|_| site::page(&format!("/admin/users/{}", doorward_sdk::encoded(id))));
        (!id.is_empty()).then(|| json!({ "name": name.map_or(id, String::as_str), "href": href }))
    };
    let kind = text("actorKind");
    let actor = match kind {
        "user" => person(text("actor")),
        "" => None,
        _ => {
            let words = shell.say(&format!("audit.actor_{kind}"), &[]);
            let named = if text("actor").is_empty() { words } else { format!("{words}: {}", text("actor")) };
            Some(json!({ "name": named, "href": null }))
        }
    };
    let details = event.get("details").filter(|details| !details.is_null());
    json!({
        "at": text("at"), "event": words(shell, text("event")), "name": text("event"),
        "is_refused": text("outcome") == "refused", "code": text("code"),
        "actor": actor, "target": person(text("target")), "by": person(text("impersonatedBy")),
        "client": text("client"), "agent": text("userAgent"), "how": how(shell, text("how")),
        "request": format!("{} {}", text("method"), text("path")),
        "details": details.map(change),
    })
}

/// What a change of a setting was; other details as they are.
fn change(details: &Value) -> String {
    let part = |name: &str| {
        let value = details.get(name)?;
        Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    match (part("key"), part("from"), part("to")) {
        (Some(key), Some(from), Some(to)) => format!("{key}: {from} → {to}"),
        (Some(key), ..) => key,
        _ => details.to_string(),
    }
}

/// What a way to sign in is called; its name, which may be a provider's, when no text has it.
pub fn how(shell: &Shell, method: &str) -> String {
    let offered = shell.frame.site.get("providers").and_then(Value::as_array).into_iter().flatten();
    let provider = offered.filter(|known| known.get("id").and_then(Value::as_str) == Some(method));
    let provider = provider.filter_map(|known| known.get("name")?.as_str()).next();
    let own = shell.frame.language.find(&format!("how.{method}"));
    own.or(provider).unwrap_or(method).to_owned()
}

/// What an event is called; its name, when no text has it.
pub fn words(shell: &Shell, event: &str) -> String {
    let key = format!("event.{event}");
    shell.frame.language.find(&key).map_or_else(|| event.to_owned(), str::to_owned)
}

fn chips(shell: &Shell, state: &State, names: &BTreeMap<String, String>) -> Vec<Value> {
    let shown = |name: &str| match (name, state.get(name)) {
        (_, "") => None,
        ("user", id) => Some(names.get(id).cloned().unwrap_or_else(|| id.to_owned())),
        ("event", event) => Some(words(shell, event)),
        ("outcome", outcome @ ("done" | "refused")) => Some(shell.say(&format!("audit.outcome_{outcome}"), &[])),
        (_, value) => Some(value.to_owned()),
    };
    FILTERS.iter().filter_map(|name| Some(state.chip(name, shown(name)?))).collect()
}

fn offered(shell: &Shell, state: &State) -> Vec<Value> {
    let filter = |name: &str, value: &str, label: String| json!({ "label": label, "href": state.with("before", "").with(name, value).href(), "is_on": state.get(name) == value });
    let outcomes = ["refused", "done"]
        .map(|outcome| filter("outcome", outcome, shell.say(&format!("audit.outcome_{outcome}"), &[])));
    outcomes.into_iter().chain(EVENTS.map(|event| filter("event", event, words(shell, event)))).collect()
}
