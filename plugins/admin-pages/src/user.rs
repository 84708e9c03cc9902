//! `/admin/users/:id`: who somebody is, and what an administrator can do about them.

use crate::frame::drawn;
use crate::shell::{Shell, Stop, show};
use crate::users::row;
use doorward_sdk::prelude::*;
use std::collections::BTreeMap;

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
    let asking = Asking { about: BTreeMap::from([("user".to_owned(), id)]), ..shell.frame.asking() };
    let sections: Vec<Value> = sections::ask("admin.user", &asking)?.iter().map(drawn).collect();
    let name = person.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let model = json!({
        "person": person,
        "username": user.get("username"),
        "two_factor": user.get("twoFactorEnabled"),
        "last_method": user.get("lastLoginMethod"),
        "fields": additional(&user),
        "sections": sections,
        "minimum": shell.frame.site.pointer("/emailAndPassword/minPasswordLength").and_then(Value::as_u64).unwrap_or(8),
        "back": site::page("/admin/users"),
    });
    shell.page("user.html", &name, model)
}

/// Fields that the operator or other plugins add.
fn additional(user: &Value) -> Vec<Value> {
    let fields = user.as_object().into_iter().flatten();
    let own = fields.filter(|(name, value)| !SHOWN.contains(&name.as_str()) && !value.is_null());
    own.map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        json!({ "name": name, "value": text })
    })
    .collect()
}
