//! Routes that do one thing each, so that the bench can tell what it costs.

use std::hint::black_box;

use doorward_sdk::prelude::*;

doorward_sdk::plugin!(plugin);

/// Calls of the host in one request; the bench divides by it.
const CALLS: u32 = 50;

fn plugin() -> Plugin {
    Plugin::new("measured", "0.1.0")
        .verifications("measured:")
        .route(Route::get("/measured/nothing", |_, ()| done()))
        .route(Route::get("/measured/clock", clock_calls))
        .route(Route::get("/measured/data", data_calls))
        .route(Route::get("/measured/wait", wait))
}

fn done() -> Result<Response> {
    Response::json(&json!({ "ok": true }))
}

fn clock_calls(_: &Request, (): ()) -> Result<Response> {
    (0..CALLS).for_each(|_| _ = black_box(clock::now_millis()));
    done()
}

fn data_calls(_: &Request, (): ()) -> Result<Response> {
    for _ in 0..CALLS {
        black_box(verifications::find("measured:none")?);
    }
    done()
}

/// Waits for a server that does not answer, so that the instance stays alive meanwhile.
fn wait(request: &Request, (): ()) -> Result<Response> {
    let url = request.query("url").unwrap_or_default();
    _ = http::Request::get(&url).send();
    done()
}
