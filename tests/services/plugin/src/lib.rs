//! A plugin that asks the host for one service per route, and answers with what it got.

use doorward_sdk::keys::Algorithm;
use doorward_sdk::prelude::*;
use doorward_sdk::webauthn::{Credential, RelyingParty};

doorward_sdk::plugin!(plugin);

fn plugin() -> Plugin {
    Plugin::new("services", "0.1.0")
        .route(Route::post("/services/key", make_key))
        .route(Route::post("/services/sign", sign))
        .route(Route::post("/services/verify", verify))
        .route(Route::post("/services/seal", seal))
        .route(Route::post("/services/open", open))
        .route(Route::post("/services/put", put))
        .route(Route::post("/services/get", get))
        .route(Route::post("/services/register", register))
        .route(Route::post("/services/assert", assert))
        .route(Route::post("/services/send", send))
}

/// The whole body.
struct Body(Value);

impl Input for Body {
    fn read(fields: &mut Fields<'_>) -> Body {
        Body(Value::Object(fields.required("body")))
    }
}

impl Body {
    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_default()
    }

    fn algorithm(&self) -> Algorithm {
        Algorithm::parse(self.text("algorithm")).unwrap_or(Algorithm::EdDsa)
    }
}

fn make_key(_: &Request, body: Body) -> Result<Response> {
    let bits = body.0["bits"].as_u64().and_then(|bits| u32::try_from(bits).ok());
    let sealed = body.0["sealed"].as_bool().unwrap_or(true);
    for _ in 1..body.0["times"].as_u64().unwrap_or(1) {
        keys::generate_with(body.algorithm(), bits, sealed)?;
    }
    let pair = keys::generate_with(body.algorithm(), bits, sealed)?;
    Response::json(&json!({ "public": pair.public_key, "private": pair.private_key }))
}

fn sign(_: &Request, body: Body) -> Result<Response> {
    Response::json(&keys::sign(body.text("private"), body.algorithm(), &body.0["header"], &body.0["claims"])?)
}

fn verify(_: &Request, body: Body) -> Result<Response> {
    let claims: Option<Value> = keys::verify(body.text("public"), body.algorithm(), body.text("token"))?;
    Response::json(&claims)
}

fn seal(_: &Request, body: Body) -> Result<Response> {
    let own = crypto::seal(body.text("purpose"), body.text("text").as_bytes())?;
    let own: Vec<String> = own.iter().map(|byte| format!("{byte:02x}")).collect();
    Response::json(&json!({ "shared": sealing::seal(body.text("text"))?, "own": own.concat() }))
}

fn open(_: &Request, body: Body) -> Result<Response> {
    let byte = |at| u8::from_str_radix(body.text("own").get(at..at + 2)?, 16).ok();
    let own: Vec<u8> = (0..body.text("own").len()).step_by(2).filter_map(byte).collect();
    let own = crypto::open(body.text("purpose"), &own).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Response::json(&json!({ "shared": sealing::open(body.text("shared"))?, "own": own }))
}

fn put(_: &Request, body: Body) -> Result<Response> {
    let ttl = body.0["ttl"].as_u64().and_then(|secs| u32::try_from(secs).ok()).unwrap_or(60);
    cache::put(body.text("key"), body.text("value"), ttl)?;
    Response::json(&true)
}

fn get(_: &Request, body: Body) -> Result<Response> {
    if body.0["remove"] == true {
        cache::remove(body.text("key"));
    }
    Response::json(&cache::get(body.text("key")))
}

fn party() -> RelyingParty {
    RelyingParty { id: "localhost".into(), origins: vec!["http://localhost:8080".into()] }
}

fn register(_: &Request, body: Body) -> Result<Response> {
    let made = webauthn::verify_registration(&party(), body.text("challenge"), &body.0["answer"], true)?;
    Response::json(&made.map(|made| {
        json!({ "id": made.credential_id, "key": made.public_key, "counter": made.counter, "model": made.aaguid })
    }))
}

fn assert(_: &Request, body: Body) -> Result<Response> {
    let bytes = body.0["key"].as_array().into_iter().flatten();
    let public_key = bytes.filter_map(|byte| u8::try_from(byte.as_u64()?).ok()).collect();
    let credential = Credential { id: body.text("id").to_owned(), public_key, counter: 0 };
    let proved =
        webauthn::verify_assertion(&party(), body.text("challenge"), &credential, &body.0["answer"], false)?;
    Response::json(&proved.map(|proved| proved.counter))
}

fn send(_: &Request, body: Body) -> Result<Response> {
    let mut outcomes = Vec::new();
    for _ in 0..body.0["times"].as_u64().unwrap_or(1) {
        outcomes.push(match http::Request::post(body.text("url")).json(&body.0["json"])?.send() {
            Ok(answer) => json!({ "status": answer.status(), "kind": answer.header("x-kind"), "text": answer.text() }),
            Err(failure) => json!(format!("{failure:?}")),
        });
    }
    Response::json(&outcomes)
}
