//! A plugin that misbehaves on request: one route for each kind of harm.

use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};

use doorward_sdk::prelude::*;

doorward_sdk::plugin!(plugin);

const OWN: CookieRule = CookieRule::prefixed("hostile");
static VISITS: AtomicU32 = AtomicU32::new(0);

fn plugin() -> Plugin {
    Plugin::new("hostile", "0.1.0")
        .cookie(OWN)
        .verifications("hostile:")
        .mail("hostile")
        .creates_users_with(&["email"])
        .route(Route::get("/hostile/loop", |_, ()| {
            loop {
                black_box(0);
            }
        }))
        .route(Route::get("/hostile/bomb", bomb))
        .route(Route::get("/hostile/panic", |_, ()| panic!("as asked")))
        .route(Route::get("/hostile/recurse", |_, ()| Response::json(&recurse(1))))
        .route(Route::get("/hostile/huge", |_, ()| Response::json(&"x".repeat(8 << 20))))
        .route(Route::get("/hostile/flood", flood))
        .route(Route::get("/hostile/calls", calls))
        .route(Route::get("/hostile/forge", forge))
        .route(Route::get("/hostile/forge-header", |_, ()| {
            Ok(Response::empty(200).header("Set-Cookie", "better-auth.session_token=stolen"))
        }))
        .route(Route::get("/hostile/status", |_, ()| Ok(Response::empty(99))))
        .route(Route::get("/hostile/foreign", foreign))
        .route(Route::get("/hostile/spy", spy))
        .route(Route::get("/hostile/remember", |_, ()| Response::json(&VISITS.fetch_add(1, Ordering::Relaxed))))
        .route(Route::get("/hostile/half", half))
        .route(Route::get("/hostile/data", data))
        .route(Route::get("/hostile/mails", mails))
        .route(Route::get("/hostile/hashes", hashes))
        .route(Route::get("/hostile/fetch", fetch))
        .route(Route::get("/hostile/write", write))
        .route(Route::get("/hostile/tables", tables))
        .route(Route::get("/hostile/sign", sign))
        .route(Route::get("/hostile/long", |request, ()| {
            let kib = request.query("kib").and_then(|kib| kib.parse().ok()).unwrap_or(0);
            Response::json(&"x".repeat(kib << 10))
        }))
        .gate(gate)
        .before("/sign-up/email", fail_late)
        .before("/guarded/before", |_| panic!("in a before-hook"))
        .after("/ok", |request, reply| match request.query("fail").as_deref() {
            Some("after") => panic!("in an after-hook"),
            Some("headers") => settled(reply),
            _ => Ok(()),
        })
        .after("/verify-email", |_, reply| settled(reply))
        .before("/ok", |request| match request.query("fail").as_deref() {
            Some("before") => panic!("in a before-hook"),
            Some("loop") => loop {
                black_box(0);
            },
            _ => Ok(Flow::Proceed),
        })
}

fn bomb(_: &Request, (): ()) -> Result<Response> {
    let mut hoard: Vec<Vec<u8>> = Vec::new();
    loop {
        hoard.push(vec![1; 1 << 20]);
        black_box(&hoard);
    }
}

fn recurse(depth: u64) -> u64 {
    if black_box(false) {
        return 0;
    }
    let frame = black_box([depth; 16]);
    recurse(depth + 1) + frame.iter().sum::<u64>()
}

fn flood(_: &Request, (): ()) -> Result<Response> {
    for line in 0..500 {
        log::info(&format!("flood {line}\r\nINFO forged line {}", "x".repeat(10_000)));
    }
    Response::json(&"done")
}

fn calls(_: &Request, (): ()) -> Result<Response> {
    loop {
        black_box(clock::now_millis());
    }
}

/// Each attempt with the host's answer to it.
fn forge(_: &Request, (): ()) -> Result<Response> {
    let attributes = || cookies::Attributes { max_age_secs: Some(60), http_only: true };
    let names =
        ["better-auth.session_token", "__Secure-better-auth.session_token", "session_token", "two_factor", "x; a"];
    let set = names.map(|name| cookies::set(name, "forged", attributes()).is_ok());
    let signed = names.map(|name| cookies::set_signed(name, "forged", attributes()).is_ok());
    let deleted = names.map(|name| cookies::delete(name).is_ok());
    let own = cookies::set("hostile", "a; Domain=example.com\r\nx: y", attributes()).is_ok();
    Response::json(&json!({ "set": set, "signed": signed, "deleted": deleted, "own": own }))
}

fn foreign(_: &Request, (): ()) -> Result<Response> {
    let user = json!({ "email": "x@example.com", "emailVerified": true });
    Response::json(&json!([
        verifications::create("magic-link:x", "{}", 60).is_ok(),
        verifications::find("magic-link:x").is_ok(),
        verifications::consume("hostil").is_ok(),
        users::create(&user).is_ok(),
        users::update("any", &json!({ "email": "y@example.com" })).is_ok(),
        mail::enqueue("reset-password", "x@example.com", &json!({})).is_ok(),
        mail::enqueue("hostile", "x@example.com\r\nBcc: y@example.com", &json!({})).is_ok(),
    ]))
}

fn spy(request: &Request, (): ()) -> Result<Response> {
    let headers = ["cookie", "Cookie", "authorization", "proxy-authorization"].map(|name| request.header(name));
    let reserved = cookies::get("session_token").is_ok() || cookies::get_signed("better-auth.session_token").is_ok();
    let token = request.session()?.and_then(|session| session.pointer("/session/token").cloned());
    Response::json(&json!({ "headers": headers, "reserved": reserved, "token": token }))
}

fn data(_: &Request, (): ()) -> Result<Response> {
    loop {
        verifications::find("hostile:none")?;
    }
}

fn mails(_: &Request, (): ()) -> Result<Response> {
    loop {
        mail::enqueue("hostile", "ada@example.com", &json!({}))?;
    }
}

/// Answers with the number of passwords that it had compared.
fn hashes(_: &Request, (): ()) -> Result<Response> {
    let mut compared = 0;
    loop {
        passwords::verify(None, "correct horse 1")?;
        compared += 1;
        log::info(&format!("compared {compared}"));
    }
}

/// Answers with the number of requests that were not held back for their number.
fn fetch(_: &Request, (): ()) -> Result<Response> {
    let is_within = |_: &u32| {
        let sent = http::Request::get("https://elsewhere.example.com/").send();
        !matches!(sent, Err(http::Failure::Limit))
    };
    Response::json(&(0..100).take_while(is_within).count())
}

fn write(_: &Request, (): ()) -> Result<Response> {
    verifications::create("hostile:write", "value", 60)?;
    Response::json(&"written")
}

/// Tries to decide in the place of those who answered; says in a header of its own how many of the headers it could set.
fn settled(reply: &Reply) -> Result<()> {
    let names = ["Location", "content-type", "access-control-allow-origin", "content-security-policy", "Set-Cookie"];
    let set = names.iter().filter(|name| reply.set_header(name, "x").is_ok()).count();
    reply.set_header("x-hostile-set", &set.to_string())
}

/// Signs whatever it is asked to; answers with the value of the cookie that came with the request.
fn sign(request: &Request, (): ()) -> Result<Response> {
    let read = cookies::get_signed("hostile")?;
    if let Some(value) = request.query("value") {
        cookies::set_signed("hostile", &value, cookies::Attributes { max_age_secs: Some(60), http_only: true })?;
    }
    Response::json(&read)
}

/// Tables of others, by every name that might lead to them; answers with those that could be used.
fn tables(_: &Request, (): ()) -> Result<Response> {
    let names = [
        "user",
        "session",
        "account",
        "verification",
        "rateLimit",
        "doorward_outbox",
        "sqlite_master",
        "pg_catalog.pg_class",
        "main.user",
        "\"user\"",
        "USER",
        "user; DROP TABLE user",
        "magic-link:user",
        "",
    ];
    let used = names.iter().filter(|name| {
        let found: Result<Vec<Value>> = models::find(name, Filter::all());
        let inserted: Result<Value> = models::insert(name, &json!({ "id": "x", "email": "x@example.com" }));
        let updated: Result<Vec<Value>> = models::update(name, ne("id", ""), &json!({ "id": "y" }));
        let consumed: Result<Option<Value>> = models::consume(name, ne("id", ""));
        let deleted = models::delete(name, ne("id", ""));
        found.is_ok() || inserted.is_ok() || updated.is_ok() || consumed.is_ok() || deleted.is_ok()
    });
    Response::json(&used.collect::<Vec<_>>())
}

fn gate(attempt: &Attempt) -> Result<Verdict> {
    if attempt.user_agent().as_deref() == Some("fail in the gate") {
        panic!("in the gate");
    }
    Ok(Verdict::Admit)
}

/// Changes the request, then fails.
fn fail_late(request: &Request) -> Result<Flow> {
    if request.user_agent().as_deref() == Some("fail late") {
        request.set_body(&json!({ "name": "Eve", "email": "eve@example.com", "password": "correct horse 1" }))?;
        cookies::set("hostile", "late", cookies::Attributes { max_age_secs: Some(60), http_only: true })?;
        panic!("after a change");
    }
    Ok(Flow::Proceed)
}

fn half(_: &Request, (): ()) -> Result<Response> {
    transactions::run(|| {
        verifications::create("hostile:half", "value", 60)?;
        panic!("with a transaction open")
    })
}
