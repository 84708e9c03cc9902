//! A plugin that calls every function of the host at every moment, and tells which were refused as untimely.

mod calls;

use doorward_sdk::prelude::*;
use serde::{Deserialize, Serialize};

doorward_sdk::plugin!(plugin);

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    sweep_now: bool,
}

pub fn plugin() -> Plugin {
    Plugin::new("moments", "0.1.0")
        .options_without(|options: &Options| options.sweep_now.then(calls::untimely))
        .cookie(CookieRule::prefixed("moments-").all_that_begin_so())
        .verifications("moments:")
        .table(Table::new("momentRow").field(FieldRule::new("name", FieldType::String)))
        .user_field(FieldRule::new("momentNick", FieldType::String).unique())
        .session_field(FieldRule::new("momentMark", FieldType::String))
        .creates_users_with(&["email", "name"])
        .updates_users(&["name"])
        .slot("moments.slot")
        .route(Route::get("/moments/route", |_, ()| Ok(Response::text(calls::untimely()))))
        .route(Route::get("/moments/transaction", |_, ()| in_transaction()))
        .route(
            Route::get("/moments/chunk", |_, ()| Response::chunked("text/plain", &Value::Null))
                .in_chunks(1 << 20, |_| Ok(Chunk::last(calls::untimely()))),
        )
        .route(Route::get("/moments/before", |_, ()| Ok(Response::empty(204))))
        .route(Route::get("/moments/after", |_, ()| Response::json(&Value::Null)))
        .route(Route::get("/moments/claims", |_, ()| Response::json(&claims::collect(&Map::new())?)))
        .route(Route::get("/moments/enqueue", |_, ()| Response::json(&jobs::enqueue("sweep", &Value::Null)?)))
        .job(Job::new("sweep", |_| Err(Error::new(403, "SWEPT", calls::untimely()))))
        .job(Job::new("nothing", |_| Ok(())))
        .emits(Emission::new("swept"))
        .function(Function::new("moments-function", |_, ()| Ok(Response::text(calls::untimely()))))
        .page(Page::get("/moments/page", |_, ()| Ok(Response::html(calls::untimely()))))
        .contribute(Contribution::new("account.security", "Moments", |_, _| {
            Ok(Some(Section::titled("Moments").rows(calls::untimely().split(' ').map(Row::new))))
        }))
        .before("/moments/before", |_| Ok(Flow::Respond(Response::text(calls::untimely()))))
        .after("/moments/after", |_, reply| reply.set_body(&json!(calls::untimely())))
        .gate(|attempt| match attempt.user()?["name"].as_str() {
            Some("gate") => Err(Error::new(403, "SWEPT", calls::untimely())),
            _ => Ok(Verdict::Admit),
        })
        .event(Event::before("user", Action::Create, |change| match change.data()?["name"].as_str() {
            Some("event") => Err(Error::new(403, "SWEPT", calls::untimely())),
            _ => Ok(()),
        }))
        .claims(|request, _, _| match request.path().as_str() {
            "/moments/claims" => Err(Error::new(403, "SWEPT", calls::untimely())),
            _ => Ok(Map::new()),
        })
}

fn in_transaction() -> Result<Response> {
    let mut found = String::new();
    // What was done is taken back.
    let _ = transactions::run(|| {
        found = calls::untimely();
        Err::<(), _>(Error::internal())
    });
    Ok(Response::text(found))
}
