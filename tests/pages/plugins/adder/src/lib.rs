//! Adds sections to pages of others, good and bad ones.

use doorward_sdk::prelude::*;
use serde::{Deserialize, Serialize};

doorward_sdk::plugin!(plugin);

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    mood: String,
    admin: bool,
    shown: u32,
}

pub fn plugin() -> Plugin {
    Plugin::new("adder", "1.0.0")
        .options::<Options>()
        .public_option("shown")
        .slot("adder.slot")
        .page(Page::get("/adder/own", |_, ()| Ok(Response::html("<h1>Own</h1>"))))
        .contribute(Contribution::new("account.security", "Adder", section).order(30))
        .contribute(Contribution::new("admin.page", "Adder's page", section).when_option("admin"))
        .route(Route::post("/adder/act", |_, ()| Response::json(&json!({ "done": true }))))
}

fn section(request: &Request, asked: &Asked) -> Result<Option<Section>> {
    let options: Options = config::options()?;
    let good = Section::titled(format!("Adder {}", asked.language))
        .intro(format!("{} {:?}", asked.slot, asked.about))
        .notice(Tone::Warn, "<img src=x onerror=alert(1)>")
        .row(Row::new(request.query("page").unwrap_or_default()).action(Button::new("Own", Target::page("/adder/own"))))
        .action(Button::new("Act", Target::post("/adder/act")).value("a", 1))
        .action(Button::new("More", Target::here(&[("page", "2")])));
    let seen = |request: &Request| {
        let session = request.session()?.unwrap_or_default();
        let seen = json!({
            "email": session["user"]["email"], "token": session["session"]["token"], "slot": request.query("slot"),
            "all": request.query_values(), "agent": request.user_agent(), "body": request.body(),
        });
        Ok::<_, Error>(seen.to_string())
    };
    Ok(Some(match options.mood.as_str() {
        "markup" => good.html("<script>alert(1)</script>"),
        "script" => good.script("adder.js"),
        "away" => good.action(Button::new("Away", Target::post("/delete-user"))),
        "out" => good.action(Button::new("Out", Target::page("https://evil.example/"))),
        "looks" => good.intro(seen(request)?),
        "nothing" => return Ok(None),
        "refuses" => return Err(Error::new(403, "ADDER_REFUSES", "No")),
        "panics" => panic!("as asked"),
        "loops" => loop {
            std::hint::black_box(());
        },
        "huge" => good.rows(vec![Row::new("a".repeat(1900)); 100]),
        "asks" => {
            let asked = sections::ask("adder.slot", &Asking::default());
            good.intro(if asked.is_err() { "refused" } else { "asked" })
        }
        _ => good,
    }))
}
