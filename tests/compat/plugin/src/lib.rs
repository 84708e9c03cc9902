//! A little of each part of the contract: what was built of this once must be served for ever.

use doorward_sdk::prelude::*;
use serde::{Deserialize, Serialize};

doorward_sdk::plugin!(plugin);

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    greeting: String,
}

impl Default for Options {
    fn default() -> Self {
        Options { greeting: "Hello".to_owned() }
    }
}

struct Note {
    text: String,
}

impl Input for Note {
    fn read(fields: &mut Fields<'_>) -> Self {
        Note { text: fields.required("text") }
    }
}

fn plugin() -> Plugin {
    Plugin::new("compat", env!("CARGO_PKG_VERSION"))
        .options::<Options>()
        .table(Table::new("compatNote").field(FieldRule::new("text", FieldType::String).required().unique()))
        .cookie(CookieRule::prefixed("compat"))
        .verifications("compat:")
        .route(Route::get("/compat/:name", hello))
        .route(Route::post("/compat/note", note))
        .before("/sign-up/email", |request| refuse_named(request.body().unwrap_or_default().get("name"), "Before"))
        .after("/sign-up/email", |_, reply| reply.set_header("x-compat", &reply.status().to_string()))
        .gate(|attempt| match attempt.user()?.get("name").and_then(Value::as_str) {
            Some("Gate") => Err(Error::new(403, "COMPAT_GATE", "Refused by the gate")),
            _ => Ok(Verdict::Admit),
        })
        .event(Event::before("user", Action::Create, |change| {
            refuse_named(change.data()?.get("name"), "Event").map(|_| ())
        }))
}

fn refuse_named(name: Option<&Value>, refused: &str) -> Result<Flow> {
    match name.and_then(Value::as_str) {
        Some(name) if name == refused => Err(Error::new(400, "COMPAT_REFUSED", format!("Refused: {refused}"))),
        _ => Ok(Flow::Proceed),
    }
}

fn hello(request: &Request, (): ()) -> Result<Response> {
    let options: Options = config::options()?;
    let name = request.param("name").unwrap_or_default();
    cookies::set("compat", &name, cookies::Attributes { max_age_secs: Some(60), http_only: true })?;
    Response::json(&json!({ "greeting": options.greeting, "name": name, "signedIn": request.session()?.is_some() }))
}

/// Keeps a text once; a second time is a conflict.
fn note(_: &Request, input: Note) -> Result<Response> {
    transactions::run(|| {
        let row: Value = models::insert("compatNote", &json!({ "text": input.text }))?;
        verifications::create("compat:note", &input.text, 60)?;
        Response::json(&json!({
            "text": row["text"],
            "count": models::count("compatNote", Filter::all())?,
            "redeemed": verifications::consume("compat:note")?,
        }))
    })
}
