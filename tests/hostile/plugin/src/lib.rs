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
        .before("/guarded/before", |_| panic!("in a before-hook"))
        .after("/ok", |request, _| match request.query("fail").as_deref() {
            Some("after") => panic!("in an after-hook"),
            _ => Ok(()),
        })
        .before("/ok", |request| match request.query("fail").as_deref() {
            Some("before") => panic!("in a before-hook"),
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

fn half(_: &Request, (): ()) -> Result<Response> {
    transactions::run(|| {
        verifications::create("hostile:half", "value", 60)?;
        panic!("with a transaction open")
    })
}
