//! `/admin/users/:id`: who somebody is, and what an administrator can do about them.

use crate::audit::{self, names};
use crate::frame::drawn;
use crate::shell::{Shell, Stop, show};
use crate::users::row;
use crate::words::worded;
use doorward_sdk::prelude::*;
use std::collections::BTreeMap;

/// How many events the page shows of the user's own log.
const LAST_EVENTS: &str = "6";
/// Fields that the page shows in places of their own.
const SHOWN: [&str; 15] = [
    "id",
    "name",
    "email",
    "emailVerified",
    "image",
    "createdAt",
    "updatedAt",
    "role",
    "banned",
    "banReason",
    "banExpires",
    "username",
    "displayUsername",
    "twoFactorEnabled",
    "lastLoginMethod",
];

/// # Errors
/// When the session cannot be read.
pub fn user(request: &Request, (): ()) -> Result<Response> {
    show(request, "users", draw)
}

fn draw(shell: &Shell) -> Result<Response, Stop> {
    let id = shell.request.param("id").unwrap_or_default();
    let user = shell.get("/admin/get-user", &[("id", &id)])?;
    let person = row(shell, &user);
    let log = log(shell, &id)?;
    let all_events = format!("{}?user={}", site::page("/admin/audit"), doorward_sdk::encoded(&id));
    let asking = Asking { about: BTreeMap::from([("user".to_owned(), id)]), ..shell.frame.asking() };
    let sections: Vec<Value> = sections::ask("admin.user", &asking)?.iter().map(drawn).collect();
    let name = person.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let model = json!({
        "person": person,
        "username": user.get("username"),
        "last_method": user.get("lastLoginMethod").and_then(Value::as_str).map(|method| audit::how(shell, method)),
        "fields": additional(shell, &user),
        "log": log, "all_events": all_events,
        "sections": sections,
        "minimum": shell.frame.site.pointer("/emailAndPassword/minPasswordLength").and_then(Value::as_u64).unwrap_or(8),
        "back": site::page("/admin/users"),
    });
    shell.page("user.html", &name, model)
}

/// What happened last by this user or to them; none for who may not read the audit log.
fn log(shell: &Shell, id: &str) -> Result<Option<Vec<Value>>, Stop> {
    let Some(found) = shell.seek("/api/audit", &[("user", id), ("limit", LAST_EVENTS)])? else { return Ok(None) };
    let events = found.get("events").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let names = names(shell, events)?;
    let text = |event: &Value, name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let shown = events.iter().map(|event| {
        let mut row = audit::row(shell, event, &names);
        // Who did it is said when it was somebody else.
        let is_own = text(event, "actor") == id || text(event, "actorKind") == "stranger";
        if let Some(row) = row.as_object_mut().filter(|_| is_own) {
            row.insert("actor".to_owned(), Value::Null);
        }
        row
    });
    Ok(Some(shown.collect()))
}

/// Fields that the operator or other plugins add, with names and values as people read them.
fn additional(shell: &Shell, user: &Value) -> Vec<Value> {
    let fields = user.as_object().into_iter().flatten();
    let own = fields.filter(|(name, value)| !SHOWN.contains(&name.as_str()) && !value.is_null());
    own.map(|(name, value)| {
        let is_date = field_type(&shell.frame.site, name) == Some("date");
        json!({ "name": worded(name), "key": name, "value": shown(shell, value), "at": value.as_str().filter(|_| is_date) })
    })
    .collect()
}

/// The type of one of the operator's own fields, as `[user.additional_fields]` names it.
fn field_type<'a>(site: &'a Value, name: &str) -> Option<&'a str> {
    let fields = site.get("additionalFields")?.as_array()?;
    let field = fields.iter().find(|field| field.get("name").and_then(Value::as_str) == Some(name))?;
    field.get("type")?.as_str()
}

fn shown(shell: &Shell, value: &Value) -> String {
    match value {
        Value::Bool(is_on) => shell.say(if *is_on { "table.yes" } else { "table.no" }, &[]),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(|item| shown(shell, item)).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
