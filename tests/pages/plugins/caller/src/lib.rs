//! Calls other endpoints of the server in the name of who asks, and tells what came of it.

use doorward_sdk::prelude::*;

doorward_sdk::plugin!(plugin);

pub fn plugin() -> Plugin {
    Plugin::new("caller", "1.0.0")
        .calls("/list-sessions")
        .calls("/update-user")
        .calls("/sign-in/email")
        .calls("/verify-password")
        .calls("/caller/*")
        .calls_with_secrets("/get-session")
        .page(Page::get("/caller", |request, ()| tell(request)))
        .route(Route::get("/caller/read", |request, ()| tell(request)))
        .route(Route::post("/caller/write", |request, ()| tell(request)))
        .route(Route::post("/caller/inside", inside))
        .before("/ok", |request| tell(request).map(|_| Flow::Proceed))
}

/// Calls what the query names, with the request's body: `times` times when the query says so.
fn tell(request: &Request) -> Result<Response> {
    let asked = |name: &str| request.query(name).unwrap_or_default();
    let (method, path) = (asked("method"), asked("path"));
    let mut answer = Err(Error::internal());
    for _ in 0..asked("times").parse().unwrap_or(1) {
        answer = endpoints::call(&method, &path, &[("path", &path), ("method", &method)], request.body().as_ref());
    }
    Response::json(&match answer {
        Ok(answer) => json!({ "status": answer.status(), "body": answer.body() }),
        Err(Error::Host(HostError::Denied(reason))) => json!({ "denied": reason }),
        Err(error) => json!({ "failed": format!("{error:?}") }),
    })
}

fn inside(_request: &Request, (): ()) -> Result<Response> {
    transactions::run(|| Response::json(&json!(endpoints::get("/get-session", &[]).err().map(|error| format!("{error:?}")))))
}
