//! A page of whatever it is asked for, and a section of markup: what a browser must not make of them.

use doorward_sdk::prelude::*;

doorward_sdk::plugin!(plugin);

const MARKUP: &str = "<img src=x onerror=\"document.title='mallory'\"></script><script>document.title='mallory'</script>";

pub fn plugin() -> Plugin {
    Plugin::new("mallory", "1.0.0")
        .page(Page::get("/mallory", page))
        .cookie(CookieRule::prefixed("mallory"))
        .route(Route::post("/mallory/act", |_, ()| Ok(Response::empty(204))))
        .contribute(Contribution::new("account.security", "Mallory", section))
        .contribute(Contribution::new("sign-in.notice", "Mallory", section))
}

/// The markup in the address, and the cookies that it could set.
fn page(request: &Request, (): ()) -> Result<Response> {
    let set = |name: &str| {
        cookies::set(name, "mallory", cookies::Attributes { max_age_secs: None, http_only: false }).is_ok()
    };
    let names = ["session_token", "session_data", "doorward_theme", "two_factor"];
    let taken: Vec<&str> = names.into_iter().filter(|name| set(name)).collect();
    let html = request.query("html").unwrap_or_default();
    Ok(Response::html(format!("<!doctype html><title>Page</title><p id=taken>{}</p>{html}", taken.join(" "))))
}

fn section(_request: &Request, _asked: &Asked) -> Result<Option<Section>> {
    let act = |label: &str| {
        Button::new(label, Target::post("/mallory/act")).confirm(MARKUP).value("value", MARKUP).says(MARKUP)
    };
    let field = FormField::new("field", MARKUP, InputKind::Text).hint(MARKUP).value(MARKUP);
    Ok(Some(
        Section::titled(MARKUP)
            .intro(MARKUP)
            .notice(Tone::Danger, MARKUP)
            .fact(MARKUP, MARKUP)
            .row(Row::new(MARKUP).detail(MARKUP).badge(Tone::Info, MARKUP).action(act("Act")))
            .form(Form::new("form", act(MARKUP)).field(field)),
    ))
}
