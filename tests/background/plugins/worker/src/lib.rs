//! A plugin with jobs, requests for later and events of its own, each asked for by a route.

use doorward_sdk::http::Request as Outgoing;
use doorward_sdk::prelude::*;

doorward_sdk::plugin!(plugin);

pub fn plugin() -> Plugin {
    Plugin::new("worker", "0.1.0")
        .http_host("allowed.example.com")
        .table(Table::new("workerNote").field(FieldRule::new("text", FieldType::String).required()))
        .job(Job::new("note", |task| note(&task.payload::<String>()?)))
        .job(Job::new("refuse", |task| {
            // What was written in the transaction is not kept.
            transactions::run(|| {
                note("refused")?;
                Err(Error::new(500, "NOT_NOW", format!("attempt {} of {}", task.attempt(), task.id())))
            })
        }))
        .job(Job::new("hang", |_| {
            loop {
                std::hint::black_box(());
            }
        }))
        .job(Job::new("tick", |task| note(&format!("tick {}", task.payload::<Value>()?))).every("1h"))
        .emits(
            Emission::new("noted")
                .field(FieldRule::new("text", FieldType::String).required())
                .secret_field(FieldRule::new("code", FieldType::String)),
        )
        .emits(Emission::new("odd").field(FieldRule::new("size", FieldType::String)))
        .route(Route::post("/worker/enqueue", |_, body: Body| {
            let payload = &body.0["payload"];
            let delay = body.0["delay"].as_u64().unwrap_or_default();
            told(jobs::enqueue_in(delay, body.text("name"), payload).map(drop))
        }))
        .route(Route::post("/worker/undone", |_, ()| {
            let undone = transactions::run(|| {
                jobs::enqueue("note", &"undone")?;
                plugin_events::emit("noted", &json!({ "text": "undone" }))?;
                Err::<(), _>(Error::new(400, "UNDONE", "It is undone"))
            });
            told(undone)
        }))
        .route(Route::post("/worker/emit", |_, body: Body| {
            told(plugin_events::emit(body.text("name"), &body.0["payload"]))
        }))
        .route(Route::post("/worker/later", |_, body: Body| {
            let request = Outgoing::post(body.text("url")).bearer("a secret").json(&body.0["json"])?;
            Response::json(&request.enqueue().err().map(|failure| format!("{failure:?}")))
        }))
        .event(Event::after("user", Action::Create, |change| match change.data()?["name"].as_str() {
            Some(url) if url.starts_with("http") => {
                Ok(Outgoing::post(url).json(&json!({ "event": true }))?.enqueue()?)
            }
            _ => Ok(()),
        }))
}

fn note(text: &str) -> Result<()> {
    models::insert::<Value>("workerNote", &json!({ "text": text })).map(drop)
}

/// What the host said, as JSON.
fn told(outcome: Result<()>) -> Result<Response> {
    Response::json(&outcome.err().map(|error| format!("{error:?}")))
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
}
