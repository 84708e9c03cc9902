//! `/admin/sessions`: who is signed in, where and since when; found by address, ended by id.

use crate::audit::names;
use crate::shell::{Shell, Stop, show};
use crate::table::State;
use doorward_sdk::prelude::*;
use std::collections::BTreeMap;

/// Rows of a page.
const PAGE: u64 = 25;
const PATH: &str = "/admin/sessions";

/// # Errors
/// When the session cannot be read.
pub fn sessions(request: &Request, (): ()) -> Result<Response> {
    show(request, "sessions", draw)
}

fn draw(shell: &Shell) -> Result<Response, Stop> {
    let state = State::of(shell.request, PATH, &["user", "email", "from"]);
    let (limit, from) = (PAGE.to_string(), state.from().to_string());
    let whose = ["user", "email"].map(|name| (name, state.get(name).trim()));
    let given = whose.into_iter().filter(|(_, value)| !value.is_empty());
    let query: Vec<(&str, &str)> = given.chain([("limit", limit.as_str()), ("offset", from.as_str())]).collect();
    let found = shell.get("/api/sessions", &query)?;
    let list = found.get("sessions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let total = found.get("total").and_then(Value::as_u64);
    let names = names(shell, &owners(list, state.get("user")))?;
    let model = json!({
        "rows": list.iter().map(|session| row(shell, session, &names)).collect::<Vec<_>>(),
        "chips": chips(&state, &names), "pager": state.pager(total.unwrap_or(0), PAGE),
        "email": state.get("email"), "all": site::page(PATH), "needs_user": total.is_none(),
        "can_end": permissions::allows("session.revoke")?,
    });
    shell.page("sessions.html", &shell.say("admin.sessions", &[]), model)
}

/// Whose names are asked for, as [`names`] takes them.
fn owners(list: &[Value], filtered: &str) -> Vec<Value> {
    let owners = list.iter().filter_map(|session| session.get("userId")).cloned();
    let filtered = (!filtered.is_empty()).then(|| Value::from(filtered));
    owners.chain(filtered).map(|id| json!({ "target": id })).collect()
}

fn row(shell: &Shell, session: &Value, names: &BTreeMap<String, String>) -> Value {
    let text = |name: &str| session.get(name).and_then(Value::as_str).unwrap_or_default();
    let (owner, id) = (text("userId"), text("id"));
    let name = names.get(owner).map_or(owner, String::as_str);
    json!({
        "id": id, "name": name, "href": site::page(&format!("/admin/users/{}", doorward_sdk::encoded(owner))),
        "agent": text("userAgent"), "address": text("ipAddress"), "createdAt": text("createdAt"), "updatedAt": text("updatedAt"),
        "is_acting": session.get("impersonatedBy").is_some_and(Value::is_string),
        "is_own": id == shell.own_session(),
    })
}

fn chips(state: &State, names: &BTreeMap<String, String>) -> Vec<Value> {
    let shown = |name: &str| match (name, state.get(name)) {
        (_, "") => None,
        ("user", id) => Some(names.get(id).cloned().unwrap_or_else(|| id.to_owned())),
        (_, address) => Some(address.to_owned()),
    };
    ["user", "email"].iter().filter_map(|name| Some(state.chip(name, shown(name)?))).collect()
}
