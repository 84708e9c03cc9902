//! Draws pages with sections of others, and tries what a page must not get away with.

use doorward_sdk::prelude::*;

doorward_sdk::plugin!(plugin);

pub fn plugin() -> Plugin {
    Plugin::new("frame", "1.0.0")
        .page(Page::get("/frame/sign-in", sign_in).signs_in())
        .page(Page::get("/frame", account).signed_in().titled("Account"))
        .page(Page::get("/frame/open", open))
        .page(Page::get("/frame/try/:what", attempt))
        .page(Page::get("/frame/reset/:token", open))
        .slot("account.security")
        .slot("admin.page")
        .slot("sign-up.notice")
        .page(Page::get("/frame/notice", |_, ()| {
            Ok(Response::html(json!(sections::ask("sign-up.notice", &Asking::default())?).to_string()))
        }))
        .cookie(CookieRule::prefixed("frame"))
        .rate_limit(RateRule::new("/frame/open", 3, 10))
        .route(Route::get("/frame/answer/:what", answer))
        .route(Route::post("/frame/save", |_, ()| Ok(Response::empty(204))))
}

fn sign_in(request: &Request, (): ()) -> Result<Response> {
    let back = request.query("callbackURL").unwrap_or_default();
    Ok(Response::html(format!("<h1>Sign in</h1><p data-back=\"{}\">", back.replace('"', ""))))
}

/// The sections as the host gives them, for tests to look at.
fn account(request: &Request, (): ()) -> Result<Response> {
    let asking = Asking { language: "de".to_owned(), ..Asking::default() };
    let slot = request.query("slot").unwrap_or_else(|| "account.security".to_owned());
    let sections = match request.query("of") {
        Some(plugin) => sections::ask_one(&slot, &plugin, &asking)?.into_iter().collect(),
        None => sections::ask(&slot, &asking)?,
    };
    let session = request.session()?.unwrap_or_default();
    let menu: Vec<Value> = sections::contributors("admin.page")?
        .into_iter()
        .map(|found| json!({ "plugin": found.plugin, "title": found.title }))
        .collect();
    let shown = json!({
        "sections": sections,
        "menu": menu,
        "email": session["user"]["email"],
        "path": request.path(),
        "style": site::asset("frame.css"),
        "here": site::page(&request.path()),
        "save": site::route("/frame/save"),
        "site": site::view(),
        "template": site::file("own.html"),
    });
    Ok(Response::html(shown.to_string()))
}

fn open(_request: &Request, (): ()) -> Result<Response> {
    Ok(Response::html("<h1>Open</h1>"))
}

/// What a page tries.
fn attempt(request: &Request, (): ()) -> Result<Response> {
    let page = Response::html("<h1>Tried</h1>");
    match request.param("what").unwrap_or_default().as_str() {
        "header" => {
            Ok(page.header(&request.query("name").unwrap_or_default(), request.query("value").unwrap_or_default()))
        }
        "type" => Ok(Response::bytes(&request.query("type").unwrap_or_default(), "<svg/>")),
        "cookie" => {
            let set = cookies::set(
                &request.query("name").unwrap_or_default(),
                "x",
                cookies::Attributes { max_age_secs: None, http_only: true },
            );
            Ok(page.header("x-refused", if set.is_err() { "yes" } else { "no" }))
        }
        "slot" => {
            let asked = sections::ask(&request.query("slot").unwrap_or_default(), &Asking::default());
            Ok(page.header("x-refused", if asked.is_err() { "yes" } else { "no" }))
        }
        "may" => {
            let allowed = permissions::allows(&request.query("permission").unwrap_or_default());
            Ok(page.header("x-allowed", allowed.map_or("refused".to_owned(), |allowed| allowed.to_string())))
        }
        "redirect" => Ok(Response::redirect(site::page("/frame/open"))),
        "refuse" => Err(ErrorCode::new(403, "FRAME_REFUSED", "No").into()),
        "panic" => panic!("as asked"),
        "table" => Ok(Response::bytes("text/csv; charset=utf-8", "a,b\n1,2\n")
            .header("content-disposition", "attachment; filename=\"a.csv\"")),
        _ => Ok(page),
    }
}

/// What an endpoint answers, or tries to.
fn answer(request: &Request, (): ()) -> Result<Response> {
    Ok(match request.param("what").unwrap_or_default().as_str() {
        "html" => Response::html("<h1>No</h1>"),
        "type" => Response::bytes(&request.query("type").unwrap_or_default(), "<svg/>"),
        "table" => Response::bytes("text/csv; charset=utf-8", "a,b\n1,2\n"),
        "bytes" => Response::bytes("application/octet-stream", vec![0, 159, 146, 150]),
        "text" => Response::text("hello"),
        _ => Response::empty(204),
    })
}
