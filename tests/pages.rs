//! Pages, assets and sections of plugins, and what hostile ones must not get away with.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::{Value as Json, json};

use crate::fixture::{Answer, Fixture};
use crate::hostile::components::redeclared;
use crate::hostile::{build_once, entry, root};
use crate::store::{Place, on_both};

/// The folder of `frame` and `adder`, built once.
fn built() -> &'static Path {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
        let out = root().join("target/pages");
        build_once(&root().join("tests/pages/plugins"), &out);
        out
    });
    &BUILT
}

const FRAME: &str = r#"grants = ["pages", "sections", "cookies", "page-scripts"]"#;
const ADDER: &str = r#"grants = ["pages", "sections", "section:account.security", "section:admin.page"]"#;

fn frame(more: &str) -> String {
    entry("frame", &built().join("frame.wasm"), more)
}

/// The entry of `frame` with all that it asks for.
pub fn framed() -> String {
    frame(FRAME)
}

/// `adder` without its module, which needs a grant.
fn adder(mood: &str) -> String {
    static BARE: LazyLock<PathBuf> = LazyLock::new(|| {
        let component = std::fs::read(built().join("adder.wasm")).unwrap();
        let file = built().join("adder-bare.wasm");
        std::fs::write(&file, redeclared(component, |manifest| _ = manifest.remove("assets"))).unwrap();
        file
    });
    entry("adder", &BARE, &format!("{ADDER}\nmood = \"{mood}\""))
}

async fn both(place: &Place, mood: &str) -> Fixture {
    Fixture::start(place, &format!("{}{}", frame(FRAME), adder(mood))).await
}

async fn signed_in(server: &Fixture) -> String {
    let body = json!({ "name": "Ada", "email": "ada@example.com", "password": "correct horse 1" });
    server.post("/sign-up/email", &body).await.cookie()
}

async fn open(server: &Fixture, path: &str, cookie: &str) -> Answer {
    server.send_to_root("GET", path, &[("cookie", cookie), ("user-agent", "a test")]).await
}

/// What the page `/frame` shows.
async fn shown(server: &Fixture, path: &str, cookie: &str) -> Json {
    let page = open(server, path, cookie).await;
    assert_eq!(page.status, 200, "{}", page.text);
    page.json()
}

fn policy(page: &Answer, name: &str) -> String {
    let all = page.headers.get("content-security-policy").unwrap();
    let found = all.split("; ").find_map(|rule| rule.strip_prefix(name)).unwrap();
    found.trim().to_owned()
}

on_both!(a_page_needs_a_session_and_leads_back, sections_are_shown_in_order, the_sample_adds_its_page);

async fn a_page_needs_a_session_and_leads_back(place: Place) {
    let server = both(&place, "").await;
    let stranger = open(&server, "/frame?tab=a%26b&token=hush", "").await;
    assert_eq!(stranger.status, 302);
    let sign_in = stranger.headers.get("location").unwrap();
    assert_eq!(sign_in, "/frame/sign-in?callbackURL=%2Fframe%3Ftab%3Da%2526b", "without the secret");
    let page = open(&server, sign_in, "").await;
    assert!(page.text.contains("data-back=\"/frame?tab=a%26b\""), "{}", page.text);

    let cookie = signed_in(&server).await;
    let seen = shown(&server, "/frame", &cookie).await;
    assert_eq!(
        (&seen["email"], &seen["path"], &seen["here"]),
        (&json!("ada@example.com"), &json!("/frame"), &json!("/frame"))
    );
    assert_eq!(seen["save"], json!("/api/auth/frame/save"));
    server.post_as("/sign-out", &cookie, &json!({})).await;
    assert_eq!(open(&server, "/frame", &cookie).await.status, 302, "a session that has ended");
}

async fn sections_are_shown_in_order(place: Place) {
    let options = format!("{}{}admin = true\n", frame(FRAME), adder(""));
    let server = Fixture::start(&place, &options).await;
    let cookie = signed_in(&server).await;
    let seen = shown(&server, "/frame?adder.page=7&page=8", &cookie).await;
    assert_eq!(seen["menu"], json!([{ "plugin": "adder", "title": "Adder's page" }]));
    let [found] = seen["sections"].as_array().unwrap().as_slice() else { panic!("{seen}") };
    assert_eq!((&found["plugin"], &found["title"]), (&json!("adder"), &json!("Adder")));
    let section = &found["section"];
    assert_eq!(section["title"], "Adder de");
    assert_eq!(section["notice"]["text"], "<img src=x onerror=alert(1)>", "a text, which the page escapes");
    assert_eq!(section["rows"][0]["title"], "7", "its own parameter");
    assert_eq!(section["rows"][0]["actions"][0]["to"]["href"], "/adder/own");
    assert_eq!(section["actions"][0]["to"]["href"], "/api/auth/adder/act");
    assert_eq!(section["actions"][1]["to"]["href"], "?adder.page=2");
    let one = shown(&server, "/frame?slot=admin.page&of=adder", &cookie).await;
    assert_eq!(one["sections"][0]["title"], "Adder's page");
    let none = shown(&server, "/frame?slot=admin.page&of=other", &cookie).await;
    assert_eq!(none["sections"], json!([]));
}

async fn the_sample_adds_its_page(place: Place) {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
        let out = root().join("target/samples");
        build_once(&root().join("plugins/samples/waitlist"), &out);
        out.join("waitlist.wasm")
    });
    let grants = r#"grants = ["mail", "models", "sessions", "transactions", "section:sign-up.notice", "section:admin.page",
        "reads-request:/sign-up/email"]"#;
    let waitlist = entry("waitlist", &BUILT, &format!("{grants}\nadmins = [\"ada@example.com\"]"));
    let server = Fixture::start(&place, &format!("mail.transport = \"mailbox\"\n{}{waitlist}", frame(FRAME))).await;
    assert_eq!(server.post("/waitlist/join", &json!({ "email": "bob@example.com" })).await.status, 200);
    let notice = open(&server, "/frame/notice", "").await.json();
    let form = &notice[0]["section"]["forms"][0];
    assert_eq!(form["submit"]["to"]["href"], "/api/auth/waitlist/join");

    let cookie = signed_in(&server).await;
    let page = "/frame?slot=admin.page&of=waitlist";
    let seen = shown(&server, page, &cookie).await;
    assert_eq!(seen["menu"], json!([{ "plugin": "waitlist", "title": "Waitlist" }]));
    assert_eq!(seen["sections"], json!([]), "an address that nobody proved to own");
    server.post_as("/send-verification-email", &cookie, &json!({ "email": "ada@example.com" })).await;
    server.follow(&server.mail("verify-email").await, &cookie).await;
    let seen = shown(&server, page, &cookie).await;
    let row = &seen["sections"][0]["section"]["rows"][0];
    assert_eq!(row["title"], "bob@example.com");
    let invite = &row["actions"][0];
    let path = invite["to"]["href"].as_str().unwrap().strip_prefix("/api/auth").unwrap();
    assert_eq!(server.post_as(path, &cookie, &invite["values"]).await.status, 200);
    let row = &shown(&server, page, &cookie).await["sections"][0]["section"]["rows"][0];
    assert_eq!((&row["badge"]["text"], row.get("actions")), (&json!("Invited"), None));
}

macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        mod cases {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                crate::store::on_sqlite(super::$case).await;
            })*
        }
    };
}

#[path = "pages/calls.rs"]
mod calls;
#[path = "pages/start.rs"]
mod start;

cases!(
    the_host_alone_sets_the_headers_of_pages,
    a_page_tries_what_is_not_its_own,
    an_endpoint_is_never_a_document,
    a_bad_section_is_left_out,
    a_section_sees_the_session_and_nothing_else,
    scripts_run_where_both_may,
    assets_are_served_from_memory,
    pages_have_limits_and_metrics,
);

async fn the_host_alone_sets_the_headers_of_pages(place: Place) {
    let server = both(&place, "").await;
    let page = open(&server, "/frame/open", "").await;
    assert_eq!((page.status, page.text.as_str()), (200, "<h1>Open</h1>"));
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("referrer-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(page.headers.all(name).collect::<Vec<_>>(), [value], "{name}");
    }
    assert_eq!(page.headers.all("content-security-policy").count(), 1);
    for (name, value) in [
        ("default-src", "'none'"),
        ("style-src", "'self'"),
        ("img-src", "'self' data:"),
        ("form-action", "'self'"),
        ("connect-src", "'self'"),
        ("frame-ancestors", "'none'"),
        ("base-uri", "'none'"),
    ] {
        assert_eq!(policy(&page, name), value, "{name}");
    }
    for path in ["/frame/reset/hush", "/frame/open?token=hush"] {
        let page = open(&server, path, "").await;
        assert_eq!(page.headers.all("referrer-policy").collect::<Vec<_>>(), ["no-referrer"], "{path}");
        let prefetched = server.send_to_root("GET", path, &[("sec-purpose", "prefetch")]).await;
        assert_eq!(prefetched.status, 503, "{path}");
    }
    let refused = open(&server, "/frame/try/refuse", "").await;
    assert_eq!(refused.refusal(), "403 FRAME_REFUSED No");
    let away = open(&server, "/frame/try/redirect", "").await;
    assert_eq!((away.status, away.headers.get("location")), (302, Some("/frame/open")));
    let table = open(&server, "/frame/try/table", "").await;
    assert_eq!(
        (table.headers.get("content-type"), table.text.as_str()),
        (Some("text/csv; charset=utf-8"), "a,b\n1,2\n")
    );
    for path in ["/frame/open/", "/frame/none", "/other"] {
        assert_eq!(open(&server, path, "").await.status, 404, "{path}");
    }
    assert_eq!(server.send_to_root("POST", "/frame/open", &[]).await.status, 404);
    assert_eq!(server.get("/frame/open", "").await.status, 404, "not below the base path");
}

async fn a_page_tries_what_is_not_its_own(place: Place) {
    let server = both(&place, "").await;
    for name in [
        "set-cookie",
        "content-security-policy",
        "content-security-policy-report-only",
        "x-frame-options",
        "referrer-policy",
        "cross-origin-opener-policy",
        "access-control-allow-origin",
        "cache-control",
        "service-worker-allowed",
        "link",
        "refresh",
        "clear-site-data",
        "content-length",
    ] {
        let answer = open(&server, &format!("/frame/try/header?name={name}&value=x"), "").await;
        assert_eq!(answer.refusal(), "500 PLUGIN_ERROR A plugin failed", "{name}");
        assert!(answer.headers.get("set-cookie").is_none());
    }
    let own = open(&server, "/frame/try/header?name=x-own&value=a%0d%0aset-cookie:%20b=c", "").await;
    assert_eq!((own.status, own.headers.get("x-own")), (200, Some("aset-cookie: b=c")));
    for content_type in ["image/svg%2Bxml", "text/javascript", "application/xhtml%2Bxml", "text/plain,text/html", "x"] {
        let answer = open(&server, &format!("/frame/try/type?type={content_type}"), "").await;
        assert_eq!(answer.status, 500, "{content_type}");
    }
    for (name, refused) in [("session_token", "yes"), ("other", "yes"), ("frame", "no")] {
        let answer = open(&server, &format!("/frame/try/cookie?name={name}"), "").await;
        assert_eq!(answer.headers.get("x-refused"), Some(refused), "{name}");
    }
    for (slot, refused) in [("adder.slot", "yes"), ("none.such", "yes"), ("account.security", "no")] {
        let answer = open(&server, &format!("/frame/try/slot?slot={slot}"), "").await;
        assert_eq!(answer.headers.get("x-refused"), Some(refused), "{slot}");
    }
    assert_eq!(open(&server, "/frame/try/panic", "").await.status, 500);
    assert_eq!(open(&server, "/frame/open", "").await.status, 200);
}

async fn an_endpoint_is_never_a_document(place: Place) {
    let server = both(&place, "").await;
    assert_eq!(server.get("/frame/answer/html", "").await.refusal(), "500 PLUGIN_ERROR A plugin failed");
    for content_type in
        ["text/html", "TEXT/HTML;charset=utf-8", "image/svg%2Bxml", "text/xml", "text/javascript", "text/css"]
    {
        let answer = server.get(&format!("/frame/answer/type?type={content_type}"), "").await;
        assert_eq!(answer.status, 500, "{content_type}");
    }
    for (what, content_type, text) in
        [("table", Some("text/csv; charset=utf-8"), "a,b\n1,2\n"), ("text", Some("text/plain; charset=utf-8"), "hello")]
    {
        let answer = server.get(&format!("/frame/answer/{what}"), "").await;
        assert_eq!(
            (answer.status, answer.headers.get("content-type"), answer.text.as_str()),
            (200, content_type, text)
        );
    }
    let nothing = server.get("/frame/answer/nothing", "").await;
    assert_eq!((nothing.status, nothing.headers.get("content-type"), nothing.text.as_str()), (204, None, ""));
}

async fn a_bad_section_is_left_out(place: Place) {
    let server = both(&place, "").await;
    let cookie = signed_in(&server).await;
    assert_eq!(shown(&server, "/frame", &cookie).await["sections"][0]["plugin"], "adder");
    for mood in ["markup", "script", "away", "out", "refuses", "panics", "loops", "huge", "nothing"] {
        let options = format!("{}{}[plugins.limits]\ncall_ms = 200\n", frame(FRAME), adder(mood));
        server.reload(&place, &options).await.unwrap();
        let page = open(&server, "/frame", &cookie).await;
        assert_eq!(page.status, 200, "{mood}: {}", page.text);
        let seen = page.json();
        assert_eq!((&seen["sections"], &seen["email"]), (&json!([]), &json!("ada@example.com")), "{mood}");
        assert!(!page.headers.get("content-security-policy").unwrap().contains("adder"), "{mood}");
        assert!(page.headers.get("set-cookie").is_none(), "{mood}");
    }
}

async fn a_section_sees_the_session_and_nothing_else(place: Place) {
    let server = both(&place, "looks").await;
    let cookie = signed_in(&server).await;
    let seen = shown(&server, "/frame?adder.x=1&token=hush&slot=account.security", &cookie).await;
    let seen: Json = serde_json::from_str(seen["sections"][0]["section"]["intro"].as_str().unwrap()).unwrap();
    let expected = json!({
        "email": "ada@example.com", "token": null, "slot": null, "all": { "x": "1" }, "agent": null, "body": null,
    });
    assert_eq!(seen, expected);
    server.reload(&place, &format!("{}{}", frame(FRAME), adder("asks"))).await.unwrap();
    let seen = shown(&server, "/frame", &cookie).await;
    assert_eq!(seen["sections"][0]["section"]["intro"], "refused", "a section does not ask for sections");
}

async fn scripts_run_where_both_may(place: Place) {
    let adder = |grants: &str, mood: &str| {
        let grants = ADDER.replace(']', grants);
        entry("adder", &built().join("adder.wasm"), &format!("{grants}\nmood = \"{mood}\""))
    };
    let may = r#", "page-scripts"]"#;
    let server = Fixture::start(&place, &format!("{}{}", frame(FRAME), adder(may, "script"))).await;
    let cookie = signed_in(&server).await;
    let page = open(&server, "/frame", &cookie).await;
    let seen = page.json();
    let script = seen["sections"][0]["section"]["scripts"][0].as_str().unwrap();
    assert!(script.starts_with("/_assets/adder/") && script.ends_with("/adder.js"), "{script}");
    let style = seen["style"].as_str().unwrap().strip_suffix("frame.css").unwrap();
    let added = script.strip_suffix("adder.js").unwrap();
    let expected = format!("http://localhost:3000{style} http://localhost:3000{added}");
    assert_eq!(policy(&page, "script-src"), expected);
    assert_eq!(open(&server, script, "").await.status, 200);
    let other = open(&server, "/frame/open", "").await;
    assert_eq!(policy(&other, "script-src"), format!("http://localhost:3000{style}"), "where it adds nothing");

    // The page may not: then nobody's script runs there, and forms post to what is asked for alone.
    let bare = built().join("frame-bare.wasm");
    let component = std::fs::read(built().join("frame.wasm")).unwrap();
    std::fs::write(&bare, redeclared(component, |manifest| _ = manifest.remove("assets"))).unwrap();
    let poor = entry("frame", &bare, r#"grants = ["pages", "sections", "cookies"]"#);
    server.reload(&place, &format!("{poor}{}", adder(may, "script"))).await.unwrap();
    let page = open(&server, "/frame", &cookie).await;
    assert_eq!(page.json()["sections"][0]["plugin"], "adder");
    assert_eq!(policy(&page, "script-src"), "'none'");
    let forms = policy(&page, "form-action");
    let at = |path: &str| format!("http://localhost:3000{path}");
    assert!(forms.split(' ').any(|source| source == at("/api/auth/frame/save")), "{forms}");
    assert!(forms.split(' ').any(|source| source == at("/api/auth/adder/act")), "{forms}");
    assert!(!forms.contains("'self'") && !forms.contains('*'), "{forms}");
    let other = open(&server, "/frame/open", "").await;
    assert!(!policy(&other, "form-action").contains("adder"), "where it adds nothing");
}

async fn assets_are_served_from_memory(place: Place) {
    let server = both(&place, "").await;
    let cookie = signed_in(&server).await;
    let style = shown(&server, "/frame", &cookie).await["style"].as_str().unwrap().to_owned();
    let calls = || server.plugin_counters().calls;
    let before = calls();
    let plain = open(&server, &style, &cookie).await;
    assert_eq!((plain.status, plain.headers.get("content-type")), (200, Some("text/css; charset=utf-8")));
    for (name, value) in [
        ("cache-control", "public, max-age=31536000, immutable"),
        ("x-content-type-options", "nosniff"),
        ("vary", "Accept-Encoding"),
    ] {
        assert_eq!(plain.headers.all(name).collect::<Vec<_>>(), [value], "{name}");
    }
    assert!(plain.headers.get("content-encoding").is_none() && plain.headers.get("set-cookie").is_none());
    let folder = style.strip_suffix("frame.css").unwrap();
    let module = open(&server, &format!("{folder}js/part.js"), "").await;
    assert_eq!(module.headers.get("content-type"), Some("text/javascript; charset=utf-8"), "{}", module.text);
    let drawing = open(&server, &format!("{folder}logo.svg"), "").await;
    let sandbox = "sandbox; default-src 'none'; style-src 'unsafe-inline'";
    assert_eq!(drawing.headers.all("content-security-policy").collect::<Vec<_>>(), [sandbox]);
    for path in ["none.css", "../frame.css", "", "js", "js/../frame.css", "frame.css/"] {
        assert_eq!(open(&server, &format!("{folder}{path}"), "").await.status, 404, "{path}");
    }
    assert_eq!(open(&server, "/_assets/frame/0000000000000000/frame.css", "").await.status, 404, "of another time");
    assert_eq!(calls(), before, "no plugin is called");
}

async fn pages_have_limits_and_metrics(place: Place) {
    let options = format!("management.address = \"127.0.0.1:0\"\n{}", frame(FRAME));
    let server = Fixture::start_limited(&place, &options).await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(open(&server, "/frame/open", "").await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 429]);
    assert_eq!(open(&server, "/frame/sign-in", "").await.status, 200, "each page counts for itself");
    let metrics = server.manage("GET", "/metrics", &[], "").await.text;
    for line in [
        "doorward_requests_total{route=\"/frame/open\",method=\"GET\",status=\"200\",mount=\"root\"} 3",
        "doorward_requests_total{route=\"/frame/open\",method=\"GET\",status=\"429\",mount=\"root\"} 1",
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
}
