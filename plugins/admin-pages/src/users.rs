//! `/admin/users`: search, filters, order, pages of rows, chosen columns.

use crate::shell::{Shell, Stop, initials, show};
use crate::table::{State, columns};
use doorward_sdk::prelude::*;

/// Rows of a page.
const PAGE: u64 = 25;
const PATH: &str = "/admin/users";
/// Columns beside the first, which is always there.
const KNOWN: [&str; 7] = ["role", "status", "createdAt", "updatedAt", "emailVerified", "twoFactorEnabled", "id"];
const USUAL: [&str; 3] = ["role", "status", "createdAt"];
/// Columns by which the users can be sorted.
const SORTED: [&str; 6] = ["name", "email", "role", "createdAt", "updatedAt", "id"];
const NEWEST: &str = "-createdAt";

/// # Errors
/// When the session cannot be read.
pub fn users(request: &Request, (): ()) -> Result<Response> {
    show(request, "users", draw)
}

fn draw(shell: &Shell) -> Result<Response, Stop> {
    let state = State::of(shell.request, PATH, &["q", "in", "status", "role", "sort", "from"]);
    let query = query_of(&state);
    let pairs: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (limit, from) = (PAGE.to_string(), state.from().to_string());
    let page = [&pairs[..], &[("limit", limit.as_str()), ("offset", from.as_str())]].concat();
    let found = shell.get("/admin/list-users", &page)?;
    let total = found.get("total").and_then(Value::as_u64).unwrap_or(0);
    let list = found.get("users").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let chosen = columns("users", &KNOWN, &USUAL)?;
    let heads: Vec<Value> = ["name"].iter().chain(&chosen).map(|key| head(shell, &state, key)).collect();
    let offered: Vec<Value> = KNOWN
        .iter()
        .map(|key| json!({ "key": key, "label": label(shell, key), "is_on": chosen.contains(key) }))
        .collect();
    let model = json!({
        "rows": list.iter().map(|user| row(shell, user)).collect::<Vec<_>>(),
        "columns": chosen, "heads": heads, "offered": offered,
        "chips": chips(shell, &state), "pager": state.pager(total, PAGE),
        "filters": filters(shell, &state), "q": state.get("q"), "in": state.get("in"),
        "is_filtered": !(state.get("q").is_empty() && state.get("status").is_empty() && state.get("role").is_empty()),
        "kept": { "status": state.get("status"), "role": state.get("role"), "sort": state.get("sort") },
        "all": site::page(PATH),
        "export": Value::Object(query.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect()).to_string(),
    });
    shell.page("users.html", &shell.say("admin.users", &[]), model)
}

/// What the endpoint is asked: one search, one filter, one order.
fn query_of(state: &State) -> Vec<(&'static str, String)> {
    let mut query = Vec::new();
    if !state.get("q").is_empty() {
        query.push(("searchValue", state.get("q").trim().to_owned()));
        query.push(("searchField", searched(state).to_owned()));
    }
    let filter = match (state.get("status"), state.get("role")) {
        ("banned", _) => Some(("banned", "true", "eq")),
        ("unverified", _) => Some(("emailVerified", "false", "eq")),
        ("verified", _) => Some(("emailVerified", "true", "eq")),
        (_, "") => None,
        (_, role) => Some(("role", role, "contains")),
    };
    if let Some((field, value, operator)) = filter {
        query.extend(
            [("filterField", field), ("filterValue", value), ("filterOperator", operator)]
                .map(|(name, value)| (name, value.to_owned())),
        );
    }
    let sort = state.get("sort");
    let (by, direction) = sort.strip_prefix('-').map_or((sort, "asc"), |by| (by, "desc"));
    let (by, direction) = if SORTED.contains(&by) { (by, direction) } else { ("createdAt", "desc") };
    query.extend([("sortBy", by.to_owned()), ("sortDirection", direction.to_owned())]);
    query
}

fn searched(state: &State) -> &'static str {
    if state.get("in") == "name" { "name" } else { "email" }
}

fn chips(shell: &Shell, state: &State) -> Vec<Value> {
    let mut chips = Vec::new();
    if !state.get("q").is_empty() {
        let key = if searched(state) == "name" { "users.chip_name" } else { "users.chip_email" };
        chips.push(state.chip("q", shell.say(key, &[("text", state.get("q").trim())])));
    }
    let status = state.get("status");
    if ["banned", "unverified", "verified"].contains(&status) {
        chips.push(state.chip("status", shell.say(&format!("users.is_{status}"), &[])));
    } else if !state.get("role").is_empty() {
        chips.push(state.chip("role", shell.say("users.chip_role", &[("role", state.get("role"))])));
    }
    chips
}

/// The filters that can be put on; one at a time, as the endpoint has it.
fn filters(shell: &Shell, state: &State) -> Vec<Value> {
    let plain = state.with("status", "").with("role", "");
    let filter = |name: &str, value: &str, label: String| json!({ "label": label, "href": plain.with(name, value).href(), "is_on": state.get(name) == value });
    let status = |value: &str| filter("status", value, shell.say(&format!("users.is_{value}"), &[]));
    vec![
        status("banned"),
        status("unverified"),
        status("verified"),
        filter("role", "admin", shell.say("users.is_admin", &[])),
    ]
}

fn label(shell: &Shell, key: &str) -> String {
    shell.say(&format!("users.column_{key}"), &[])
}

fn head(shell: &Shell, state: &State, key: &str) -> Value {
    match SORTED.contains(&key) {
        true => state.head(key, label(shell, key), NEWEST),
        false => json!({ "key": key, "label": label(shell, key) }),
    }
}

/// A user as a table or a page shows them.
pub fn row(shell: &Shell, user: &Value) -> Value {
    let text = |name: &str| user.get(name).and_then(Value::as_str).unwrap_or_default();
    let is = |name: &str| user.get(name).and_then(Value::as_bool) == Some(true);
    let name = Some(text("name")).filter(|name| !name.trim().is_empty()).unwrap_or_else(|| text("email"));
    json!({
        "id": text("id"), "name": name, "email": text("email"), "initials": initials(name),
        "href": site::page(&format!("{PATH}/{}", doorward_sdk::encoded(text("id")))),
        "role": Some(text("role")).filter(|role| !role.is_empty()).unwrap_or("user").replace(',', ", "),
        "is_admin": text("role").split(',').any(|role| role == "admin"),
        "is_banned": is("banned"), "ban_ends": text("banExpires"), "ban_reason": text("banReason"),
        "is_self": text("id") == shell.own_id(),
        "emailVerified": is("emailVerified"), "twoFactorEnabled": is("twoFactorEnabled"),
        "createdAt": text("createdAt"), "updatedAt": text("updatedAt"),
    })
}
