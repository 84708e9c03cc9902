//! A plugin that calls any capability for data that a request names, and tells what came of it.

mod steps;

use doorward_sdk::prelude::*;

doorward_sdk::plugin!(plugin);

const KINDS: &str = "probe";

fn plugin() -> Plugin {
    Plugin::new("probe", "0.1.0")
        .cookie(CookieRule::prefixed("probe-").all_that_begin_so())
        .verifications("probe:")
        .mail(KINDS)
        .table(
            Table::new("probeRow")
                .field(FieldRule::new("userId", FieldType::String).indexed().references("user"))
                .field(FieldRule::new("name", FieldType::String).required().unique())
                .field(FieldRule::new("count", FieldType::Number).default_value(0))
                .field(FieldRule::new("large", FieldType::Bigint))
                .field(FieldRule::new("flag", FieldType::Boolean).default_value(true))
                .field(FieldRule::new("data", FieldType::Json))
                .field(FieldRule::new("createdAt", FieldType::Date)),
        )
        .table(
            Table::new("probeKey")
                .credentials()
                .field(FieldRule::new("owner", FieldType::String).required().references("user")),
        )
        .user_field(FieldRule::new("nick", FieldType::String).unique().hidden())
        .user_field(FieldRule::new("rank", FieldType::Number).default_value(7))
        .user_field(FieldRule::new("watched", FieldType::Boolean).default_value(false).hidden())
        .event(
            Event::before("session", Action::Create, |_| Err(Error::new(403, "WATCHED", "as asked")))
                .when_user("watched"),
        )
        .session_field(FieldRule::new("mark", FieldType::String))
        .creates_users_with(&["email", "name"])
        .updates_users(&["name"])
        .route(Route::post("/probe", probe))
        .route(Route::post("/probe/pass-on", pass_on))
        .route(Route::put("/probe/bytes/:name", bytes).accepts(&["text/csv", "image/*"]).up_to(64))
        .route(Route::delete("/probe/bytes/:name", |_, ()| Ok(Response::empty(204))))
        .route(Route::patch("/probe/parts", parts).accepts(&["multipart/form-data"]))
        .gate(gate)
        .before(On::path("/get-session").when_header("x-probe-token"), |request| {
            let token = request.header("x-probe-token").unwrap_or_default();
            let strict = request.header("x-probe-strict").is_some();
            session_tokens::present(&token, strict)?;
            Ok(Flow::Proceed)
        })
        .before(On::any_path().when_header("x-never"), |_| panic!("nobody sends this header"))
        .after(On::any_path().when_session_cookie_is_set(), |_, reply| {
            let issued = session_tokens::issued();
            reply.set_header("x-probe-issued", &issued.unwrap_or_else(|| "none".to_owned()))
        })
}

/// Keeps who signs in, and refuses whoever is called so.
fn gate(attempt: &Attempt) -> Result<Verdict> {
    let user = attempt.user()?;
    let name = user["name"].as_str().unwrap_or_default();
    if name.starts_with("gated") {
        models::insert::<Value>("probeRow", &json!({ "name": name, "userId": user["id"] }))?;
    }
    if name.ends_with("refused") {
        return Err(Error::new(403, "REFUSED", "as asked"));
    }
    Ok(Verdict::Admit)
}

fn bytes(request: &Request, (): ()) -> Result<Response> {
    let length = request.bytes().map(|bytes| bytes.len());
    let country = request.proxy_header("x-country");
    Response::json(&json!({ "name": request.param("name"), "length": length, "country": country }))
}

fn parts(request: &Request, (): ()) -> Result<Response> {
    let parts = request.parts()?;
    let told = parts.iter().map(|part| json!([part.name, part.file_name, part.text()]));
    Response::json(&told.collect::<Vec<_>>())
}

/// `{"do": [[name, argument, …], …], "together": …}`: each step's outcome. `together` runs them in one transaction, which
/// commits only if every step succeeds.
fn probe(request: &Request, (): ()) -> Result<Response> {
    // No body of a client holds a NUL.
    let body = request.body().unwrap_or_default().to_string().replace('\u{e000}', "\\u0000");
    let body: Value = body.parse()?;
    let steps = body["do"].as_array().cloned().unwrap_or_default();
    let run = || steps.iter().map(steps::run).collect::<Vec<Result<Value>>>();
    let outcomes = if body["together"] == json!(true) {
        let mut outcomes = Vec::new();
        // A step that fails takes the others back.
        let _ = transactions::run(|| {
            outcomes = run();
            if outcomes.iter().all(Result::is_ok) { Ok(()) } else { Err(Error::internal()) }
        });
        outcomes
    } else {
        run()
    };
    Response::json(&outcomes.into_iter().map(told).collect::<Vec<Value>>())
}

/// One step, whose error is the answer.
fn pass_on(request: &Request, (): ()) -> Result<Response> {
    let body = request.body().unwrap_or_default();
    Response::json(&steps::run(&body["do"])?)
}

fn told(outcome: Result<Value>) -> Value {
    match outcome {
        Ok(value) => value,
        Err(Error::Host(HostError::Denied(text))) => json!({ "denied": text }),
        Err(Error::Host(HostError::Invalid(text))) => json!({ "invalid": text }),
        Err(Error::Host(HostError::Conflict(_))) => json!("conflict"),
        Err(Error::Host(HostError::Refused(error))) | Err(Error::Api(error)) => json!({ "refused": error.code }),
        Err(Error::Host(error)) => json!(format!("{error:?}")),
    }
}
