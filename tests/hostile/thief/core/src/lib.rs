//! What all thieves do: at each moment what their options order, noting what they see and what the host says to it.
//!
//! The manifest of a case names the hooks, events and paths; hooks are called by index, so that there are several of each.

use std::hint::black_box;

use doorward_sdk::prelude::*;
use serde::{Deserialize, Serialize};

/// Where the loot is kept from one request to the next.
const LOOT: &str = "loot";

/// JSON text of a list of deeds for each moment.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Orders {
    pub before: String,
    pub after: String,
    pub gate: String,
    pub event: String,
    pub claims: String,
    pub place: String,
    pub cookie: String,
    pub rate: Option<Value>,
}

/// A thief that acts on request by `act`.
pub fn thief(id: &'static str) -> Plugin {
    Plugin::new(id, "0.1.0")
        .options::<Orders>()
        .route(Route::get("/thief/loot", |_, ()| Response::json(&loot())))
        .route(Route::get("/thief/echo/:name", |request, ()| {
            Response::json(&json!({ "param": request.param("name"), "query": request.query("q") }))
        }))
        .route(Route::post("/thief/digest", |request, ()| {
            digest(request);
            Response::json(&"digested")
        }))
        .route(Route::get("/thief/work", |_, ()| {
            work(20_000_000);
            Response::json(&"worked")
        }))
        .before("/thief/none", before)
        .before("/thief/none", before)
        .after("/thief/none", after)
        .after("/thief/none", after)
        .event(Event::before("user", Action::Create, event))
        .event(Event::after("user", Action::Create, event))
        .event(Event::before("user", Action::Create, event))
        .event(Event::after("user", Action::Create, event))
        .gate(gate)
        .claims(claims)
}

/// Does each deed of the body, and answers with what came of each.
pub fn act(request: &Request, deed: fn(&Value) -> Result<Value>) -> Result<Response> {
    let deeds = request.body().unwrap_or_default();
    let done = deeds.as_array().into_iter().flatten().map(|what| match deed(what) {
        Ok(value) => json!({ "ok": value }),
        Err(error) => json!({ "error": format!("{error:?}") }),
    });
    Response::json(&done.collect::<Vec<_>>())
}

/// A text of a deed.
pub fn text<'a>(deed: &'a Value, name: &str) -> &'a str {
    deed[name].as_str().unwrap_or_default()
}

fn loot() -> Vec<Value> {
    cache::get(LOOT).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

fn note(seen: Value) {
    let mut all = loot();
    all.push(seen);
    _ = cache::put(LOOT, &Value::from(all).to_string(), 3600);
}

fn orders(of: fn(Orders) -> String) -> Result<Vec<Value>> {
    Ok(serde_json::from_str(&of(config::options()?)).unwrap_or_default())
}

/// The body with the fields of `more` in it, as an honest plugin would change it.
fn merged(body: Option<Value>, more: &Value) -> Value {
    let mut body = body.unwrap_or_else(|| json!({}));
    if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
        body.extend(more.clone());
    }
    body
}

const HEADERS: [&str; 6] =
    ["authorization", "cookie", "proxy-authorization", "x-invitation", "user-agent", "content-type"];

const ANSWERED: [&str; 4] = ["set-cookie", "set-auth-token", "set-auth-jwt", "location"];

fn seen(request: &Request) -> Value {
    json!({
        "method": request.method(),
        "path": request.path(),
        "query": request.query_values(),
        "token": [request.query("token"), request.param("token")],
        "headers": HEADERS.map(|name| request.header(name)),
        "body": request.body(),
        "address": request.client_address(),
        "agent": request.user_agent(),
        "session": request.session().ok().flatten(),
    })
}

fn before(request: &Request) -> Result<Flow> {
    for deed in orders(|orders| orders.before)? {
        match text(&deed, "do") {
            "see" => note(json!({ "before": seen(request) })),
            "set" => note(json!({ "set": request.set_body(&deed["body"]).is_ok() })),
            "merge" => {
                note(json!({ "set": request.set_body(&merged(request.body(), &deed["body"])).is_ok() }));
            }
            "respond" => return Ok(Flow::Respond(Response::json(&deed["body"])?)),
            "digest" => digest(request),
            other => fail(other),
        }
    }
    Ok(Flow::Proceed)
}

fn after(request: &Request, reply: &Reply) -> Result<()> {
    for deed in orders(|orders| orders.after)? {
        match text(&deed, "do") {
            "see" => note(json!({
                "after": seen(request),
                "status": reply.status(),
                "answer": reply.body(),
                "headers": ANSWERED.map(|name| reply.header(name)),
                "new": reply.new_session(),
                "how": reply.sign_in_method(),
            })),
            "set" => note(json!({ "set": reply.set_body(&deed["body"]).is_ok() })),
            "merge" => note(json!({ "set": reply.set_body(&merged(reply.body(), &deed["body"])).is_ok() })),
            "header" => {
                note(json!({ "header": reply.set_header(text(&deed, "name"), text(&deed, "value")).is_ok() }));
            }
            other => fail(other),
        }
    }
    Ok(())
}

fn event(change: &Change) -> Result<()> {
    for deed in orders(|orders| orders.event)? {
        match text(&deed, "do") {
            "see" => note(json!({ "model": change.model(), "row": change.data()?, "path": change.path() })),
            "set" if deed["model"] == json!(change.model()) => {
                note(json!({ "set": change.set(&deed["fields"]).is_ok() }))
            }
            "set" => {}
            other => fail(other),
        }
    }
    Ok(())
}

fn gate(attempt: &Attempt) -> Result<Verdict> {
    for deed in orders(|orders| orders.gate)? {
        match text(&deed, "do") {
            "see" => note(json!({ "gate": attempt.user()?, "path": attempt.path() })),
            "challenge" => return Ok(Verdict::Challenge(Response::json(&deed["body"])?)),
            other => fail(other),
        }
    }
    Ok(Verdict::Admit)
}

fn claims(request: &Request, user: &Value, _: &Map<String, Value>) -> Result<Map<String, Value>> {
    let mut added = Map::new();
    for deed in orders(|orders| orders.claims)? {
        match text(&deed, "do") {
            "see" => note(json!({ "claims": user, "request": seen(request) })),
            "add" => added.extend(deed["claims"].as_object().cloned().unwrap_or_default()),
            other => fail(other),
        }
    }
    Ok(added)
}

fn fail(order: &str) {
    if order == "panic" {
        panic!("as ordered");
    }
    log::warn(&format!("nobody knows how to {order}"));
}

/// Compares every item of every list in the body with every other, as careless code does.
fn digest(request: &Request) {
    let body = request.body().unwrap_or_default();
    for items in body.as_object().into_iter().flatten().filter_map(|(_, value)| value.as_array()) {
        let alike = items.iter().map(|one| items.iter().filter(|other| *other == one).count());
        black_box(alike.sum::<usize>());
    }
}

fn work(rounds: u64) {
    black_box((0..rounds).fold(0, |sum: u64, round| black_box(sum.wrapping_mul(31).wrapping_add(round))));
}
