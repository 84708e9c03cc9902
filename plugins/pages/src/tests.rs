//! The pages as the fake host opens them, and the texts that they need.

use crate::plugin;
use crate::words::Language;
use doorward_sdk::fake::{self, RawRequest};
use doorward_sdk::prelude::*;
use std::fs;
use std::path::Path;

fn site() -> Value {
    json!({
        "appName": "Acme", "sendsMail": true,
        "emailAndPassword": { "enabled": true, "signUp": true, "minPasswordLength": 8, "resetPassword": true },
        "user": { "changeEmail": true, "deleteUser": true },
        "providers": [{ "id": "github", "name": "GitHub" }],
        "plugins": [{ "id": "username" }, { "id": "multi-session" }, { "id": "last-login-method", "public": { "cookie_name": "last" } }],
        "additionalFields": [
            { "name": "companyName", "type": "string", "required": true },
            { "name": "tags", "type": "string[]" }, { "name": "secret", "type": "string", "input": false },
        ],
    })
}

fn reset() {
    fake::reset();
    fake::with(|world| world.site = site());
}

fn sign_in(name: &str) {
    let user = users::create(&json!({ "email": "ada@example.com", "name": name })).expect("user");
    fake::sign_in(&user);
}

fn open_with(path: &str, query: &[(&str, &str)], header: (&str, &str)) -> Response {
    RawRequest::get(path, query)
        .with_header(header.0, header.1)
        .open(&plugin())
        .unwrap_or_else(|error| panic!("{path}: {error:?}"))
}

fn open(path: &str, query: &[(&str, &str)]) -> String {
    fake::text(&open_with(path, query, ("accept-language", "en")))
}

fn leads_to(path: &str, query: &[(&str, &str)]) -> String {
    let response = open_with(path, query, ("accept-language", "en"));
    assert_eq!(fake::status(&response), 302, "{path} {query:?}");
    fake::header(&response, "location").expect("a place")
}

const PAGES: [(&str, &[(&str, &str)]); 13] = [
    ("/sign-in", &[("callbackURL", "/account/security"), ("fresh", "1")]),
    ("/sign-in", &[("done", "password"), ("add", "1")]),
    ("/sign-up", &[]),
    ("/forgot-password", &[]),
    ("/reset-password", &[("token", "t")]),
    ("/reset-password", &[("error", "INVALID_TOKEN")]),
    ("/two-factor", &[("methods", "totp,otp")]),
    ("/error", &[("error", "state_mismatch")]),
    ("/signed-out", &[]),
    ("/goodbye", &[]),
    ("/new-address", &[("to", "ada@example.org")]),
    ("/account", &[]),
    ("/account/security", &[]),
];

#[test]
fn every_page_is_drawn_in_every_language() {
    reset();
    sign_in("Ada Lovelace");
    for (path, query) in PAGES {
        for language in Language::ALL {
            let html = fake::text(&open_with(path, query, ("accept-language", language.code())));
            assert!(html.starts_with("<!doctype html>"), "{path}");
            assert!(html.contains(&format!("<html lang=\"{}\"", language.code())), "{path}");
            assert_eq!(
                html.matches("<h1").count() - html.matches("<template id=\"sent\"").count(),
                1,
                "{path}: one h1"
            );
            for unwelcome in ["style=\"", "<style", "onclick", "http://", "https://", "javascript:"] {
                assert!(!html.replace("http://www.w3.org", "").contains(unwelcome), "{path} has {unwelcome}");
            }
        }
    }
}

#[test]
fn what_is_off_is_not_shown() {
    reset();
    let page = open("/sign-in", &[]);
    for part in [
        "E-mail or user name",
        "forgot-password",
        "data-provider=\"github\"",
        "Create an account",
        "data-cookie=\"last\"",
    ] {
        assert!(page.contains(part), "{part}");
    }
    fake::with(|world| world.site = json!({ "appName": "Acme", "emailAndPassword": { "enabled": false } }));
    let page = open("/sign-in", &[]);
    for part in ["type=\"password\"", ">Forgot", "data-provider", "Create an account"] {
        assert!(!page.contains(part), "{part}");
    }
    assert!(page.contains("No way to sign in is switched on."));
    assert!(open("/sign-up", &[]).contains("No new accounts here"));
}

#[test]
fn sections_of_others_are_drawn_where_they_belong() {
    reset();
    sign_in("Ada Lovelace");
    let warns = Section::titled("Two <b>factors</b>").notice(Tone::Warn, "None is set up.");
    fake::contribute("account.security", "two-factor", warns);
    fake::contribute("account.page", "waitlist", Section::titled("Waitlist").row(Row::new("ada@example.com")));
    let page = open("/account/security", &[]);
    assert!(page.contains("Two &lt;b&gt;factors&lt;&#x2f;b&gt;") && page.contains("id=\"two-factor\""));
    assert_eq!(page.matches("None is set up.").count(), 1, "at the top, and not on the card too");
    assert!(open("/account", &[]).contains("&#x2f;account&#x2f;more&#x2f;waitlist"));
}

/// The cache keeps an answer for a minute, so each case has a person of its own.
#[test]
fn the_menu_leads_to_the_administration_whom_it_is_open_to() {
    let link = |id: &str, plugin: &str, permission: &str, acts: bool| {
        reset();
        let user = users::create(&json!({ "email": format!("{id}@example.com"), "name": id })).expect("user");
        fake::sign_in(&user);
        fake::with(|world| {
            world.site["plugins"] = json!([{ "id": plugin }]);
            world.permissions.insert(permission.to_owned());
            if acts {
                world.session.as_mut().expect("session")["session"]["impersonatedBy"] = json!("boss");
            }
        });
        let html = open("/account", &[]);
        let (before, _) = html.split_once("</svg>Administration</a>")?;
        let address = before.rsplit("href=\"").next()?.split('"').next()?;
        Some(address.replace("&#x2f;", "/"))
    };
    assert_eq!(link("a", "admin-pages", "user.list", false).as_deref(), Some("/admin"));
    assert_eq!(link("b", "admin-pages", "settings.manage", false).as_deref(), Some("/admin/settings"));
    assert_eq!(link("c", "admin-pages", "user.create", false), None, "who may open no page");
    assert_eq!(link("d", "admin", "user.list", false), None, "there are no pages");
    assert_eq!(link("e", "admin-pages", "user.list", true), None, "while somebody acts as them");
}

#[test]
fn what_others_say_above_a_form_has_their_form() {
    reset();
    let join = Button::new("Ask for a place", Target::post("/waitlist/join")).says("You are on the list.");
    let email = FormField::new("email", "E-mail", InputKind::Email).required();
    fake::contribute(
        "sign-up.notice",
        "waitlist",
        Section::titled("Not invited yet?").form(Form::new("join", join).field(email)),
    );
    let page = open("/sign-up", &[]);
    assert!(
        page.contains("Not invited yet?")
            && page.contains("id=\"waitlist-join-0-email\"")
            && page.contains("Ask for a place")
    );
}

#[test]
fn what_people_wrote_is_text() {
    reset();
    sign_in("<img src=x onerror=alert(1)>");
    for path in ["/account", "/account/security"] {
        let page = open(path, &[]);
        assert!(page.contains("&lt;img") && !page.contains("<img"), "{path}");
    }
    let page = open("/error", &[("error", "<script>alert(1)</script>")]);
    assert!(!page.contains("<script>"));
    fake::with(|world| {
        world.site["providers"] = json!([{ "id": "\"><script>", "name": "<img src=x onerror=alert(1)>" }]);
        world.site["brand"] = json!({ "name": "</title><script>alert(1)</script>" });
    });
    for path in ["/account", "/error"] {
        let page = open(path, &[]);
        assert!(!page.contains("<img") && !page.contains("<script>"), "{path}");
    }
    fake::with(|world| world.session = None);
    let page = open("/sign-in", &[]);
    assert!(page.contains("&lt;img") && !page.contains("<img") && !page.contains("<script>"));
}

#[test]
fn a_picture_is_one_of_this_server_or_the_initials_stand_in_its_place() {
    reset();
    sign_in("Ada Lovelace");
    let page = open("/account", &[]);
    assert!(!page.contains("data-picture"), "without the plugin `avatar` there is nothing to upload");
    fake::with(|world| {
        world.site["plugins"] = json!([{ "id": "avatar" }]);
        world.site["baseURL"] = json!("https://id.example");
    });
    assert!(open("/account", &[]).contains("data-picture") && !open("/account", &[]).contains("data-remove-picture"));
    for (image, shown) in [
        ("/api/auth/avatar/x", Some("&#x2f;api&#x2f;auth&#x2f;avatar&#x2f;x")),
        ("https://id.example/api/auth/avatar/x", Some("&#x2f;api&#x2f;auth&#x2f;avatar&#x2f;x")),
        ("https://id.example.evil/x", None),
        ("https://elsewhere.example/x.png", None),
        ("data:image/svg+xml,<svg onload=alert(1)>", None),
    ] {
        let user = users::find_by_email("ada@example.com").expect("read").expect("there");
        fake::sign_in(&users::update(&user.id(), &json!({ "image": image })).expect("changed"));
        let page = open("/account", &[]);
        assert_eq!(page.contains("<img"), shown.is_some(), "{image}");
        assert!(shown.is_none_or(|shown| page.contains(shown)), "{image}: {page}");
        assert_eq!(page.contains("data-remove-picture"), shown.is_some(), "{image}");
    }
}

#[test]
fn the_root_leads_on() {
    reset();
    assert_eq!(leads_to("/", &[]), "/sign-in");
    assert_eq!(
        leads_to("/", &[("twoFactorRedirect", "true"), ("twoFactorMethods", "totp,otp")]),
        "/two-factor?methods=totp%2Cotp"
    );
    assert!(open("/", &[("error", "state_mismatch")]).contains("This took too long"));
    sign_in("Ada");
    assert_eq!(leads_to("/", &[]), "/account");
    assert_eq!(leads_to("/continue", &[("to", "/account/security")]), "/account/security");
    for foreign in ["//evil.example", "https://evil.example/", "/\\evil.example"] {
        assert_eq!(leads_to("/continue", &[("to", foreign)]), "/account", "{foreign}");
        assert_eq!(leads_to("/sign-in", &[("callbackURL", foreign)]), "/account", "{foreign}");
    }
}

#[test]
fn a_page_that_wanted_a_session_for_an_error_tells_it() {
    reset();
    let told = open("/sign-in", &[("callbackURL", "/account?error=state_mismatch")]);
    assert!(told.contains("This took too long"), "{told}");
    sign_in("Ada");
    let target = "/account?error=state_mismatch";
    assert_eq!(leads_to("/sign-in", &[("callbackURL", target)]), target);
}

#[test]
fn a_page_that_wanted_a_session_for_its_second_factor_gets_there() {
    reset();
    let target = "/account?twoFactorRedirect=true&twoFactorMethods=totp%2Cotp";
    assert_eq!(
        leads_to("/sign-in", &[("callbackURL", target)]),
        "/two-factor?methods=totp%2Cotp&callbackURL=%2Faccount"
    );
}

#[test]
fn the_language_is_chosen_kept_liked_or_the_first() {
    reset();
    let shown = |query: &[(&str, &str)], liked: &str| {
        let html = fake::text(&open_with("/sign-in", query, ("accept-language", liked)));
        html.split("lang=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a language").to_owned()
    };
    assert_eq!(shown(&[], "de-CH, en;q=0.5"), "de");
    assert_eq!(shown(&[], "fr"), "en");
    assert_eq!(shown(&[("lang", "de")], "en"), "de");
    fake::with(|world| _ = world.cookies.insert("doorward_language".to_owned(), "de".to_owned()));
    assert_eq!(shown(&[], "en"), "de");
    fake::with(|world| world.site["brand"] = json!({ "languages": ["de"] }));
    assert_eq!(shown(&[("lang", "en")], "en"), "de", "the operator offers German alone");
}

#[test]
fn the_choice_of_the_dark_is_there_from_the_start() {
    reset();
    assert!(open("/sign-in", &[]).contains("class=\"\""));
    fake::with(|world| _ = world.cookies.insert("doorward_theme".to_owned(), "dark".to_owned()));
    assert!(open("/sign-in", &[]).contains("class=\"dark\""));
    fake::with(|world| _ = world.cookies.insert("doorward_theme".to_owned(), "\" onload=\"x".to_owned()));
    assert!(open("/sign-in", &[]).contains("class=\"\""));
}

#[test]
fn a_sign_up_has_the_operators_fields_that_people_can_fill_in() {
    reset();
    let page = open("/sign-up", &[]);
    assert!(page.contains("Company name") && page.contains("name=\"companyName\""));
    assert!(!page.contains("name=\"tags\"") && !page.contains("name=\"secret\""));
}

#[test]
fn the_operators_template_stands_in_place_of_the_own() {
    reset();
    fake::with(|world| _ = world.templates.insert("forgot.html".to_owned(), "{{ site.name }} has its own".to_owned()));
    assert_eq!(open("/forgot-password", &[]), "Acme has its own");
    fake::with(|world| _ = world.templates.insert("forgot.html".to_owned(), "{{ broken".to_owned()));
    let refused = RawRequest::get("/forgot-password", &[]).open(&plugin()).expect_err("a wrong template");
    assert_eq!(refused.refusal().status, 500);
}

/// The texts in quotes that follow `before` in a file.
fn keys(text: &str, before: &str, quote: char) -> Vec<String> {
    let found = text.split(before).skip(1).filter_map(|rest| rest.split(quote).next());
    found
        .filter(|key| key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(&byte)))
        .map(str::to_owned)
        .collect()
}

fn files(folder: &str) -> Vec<(String, String)> {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).expect("a folder");
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).filter(|path| path.is_file());
    paths.map(|path| (path.display().to_string(), fs::read_to_string(&path).expect("a text"))).collect()
}

#[test]
fn no_text_that_a_page_or_a_script_asks_for_is_missing() {
    let has = |key: &str| Language::ALL.iter().all(|language| language.find(key).is_some());
    let mut count = 0;
    for (file, text) in files("templates") {
        for key in keys(&text, "t('", '\'')
            .into_iter()
            .filter(|key| key.contains('.') && !key.ends_with('.') && !key.ends_with('_'))
        {
            assert!(has(&key), "{file}: {key}");
            count += 1;
        }
    }
    for (file, text) in files("assets") {
        for key in keys(&text, "say(\"", '"') {
            assert!(has(&format!("client.{key}")), "{file}: {key}");
            count += 1;
        }
    }
    for (file, text) in
        files("src").into_iter().filter(|(file, _)| !file.ends_with("tests.rs") && !file.ends_with("words.rs"))
    {
        for key in keys(&text, "say(\"", '"') {
            assert!(has(&key), "{file}: {key}");
            count += 1;
        }
    }
    assert!(count > 150, "{count}");
}

#[test]
fn every_code_of_the_core_and_the_official_plugins_has_a_text() {
    let has = |code: &str| {
        code.starts_with("YOU_ARE_NOT_ALLOWED")
            || Language::ALL.iter().all(|language| language.find(&format!("code.{code}")).is_some())
    };
    let inner = ["FUNCTION_NOT_FOUND", "INSUFFICIENT_SCOPE"];
    let of_core = ErrorCode::OF_CORE.iter().map(|code| code.code).filter(|code| !inner.contains(code));
    for code in of_core {
        assert!(has(code), "{code}");
    }
    for plugin in ["admin", "avatar", "multi-session", "passkey", "social", "two-factor", "username"] {
        let listed =
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../{plugin}/src/errors.rs")))
                .unwrap_or_default();
        let listed = listed.split("#[cfg(test)]").next().unwrap_or_default();
        let quoted = listed.split('"').skip(1).step_by(2);
        let is_code =
            |text: &&str| text.contains('_') && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        for code in quoted.filter(is_code) {
            assert!(has(code), "{plugin}: {code}");
        }
    }
}
