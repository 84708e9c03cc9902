//! The pages as the fake host opens them, and the texts that they need.

use crate::plugin;
use crate::words::Language;
use doorward_sdk::fake::{self, RawRequest};
use doorward_sdk::prelude::*;
use std::fs;
use std::path::Path;

const HOSTILE: &str = "<img src=x onerror=alert(1)>";

fn person(id: &str, name: &str) -> Value {
    json!({
        "id": id, "name": name, "email": format!("{id}@example.com"), "emailVerified": true, "role": "user",
        "createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-02T00:00:00.000Z", "company": name,
    })
}

/// An administrator who looks, and a server with something of everything.
fn start(name: &str) {
    fake::reset();
    let admin = users::create(&json!({ "email": "boss@example.com", "name": "The Boss" })).expect("user");
    fake::sign_in(&admin);
    fake::with(|world| world.site = json!({ "appName": "Acme", "basePath": "/api/auth" }));
    let banned = json!({ "banned": true, "banReason": name, "banExpires": "2027-01-01T00:00:00.000Z" });
    let mut other = person("u2", name);
    other.as_object_mut().expect("object").extend(banned.as_object().cloned().expect("object"));
    let answer = |path: &str, body: Value| fake::answer_endpoint("GET", path, 200, &body);
    answer("/pages/choices", json!({}));
    answer("/admin/list-users", json!({ "users": [person("u1", name), other.clone()], "total": 60 }));
    answer("/admin/get-user", other);
    answer(
        "/api/audit",
        json!({ "next": 7, "events": [
        { "seq": 9, "at": "2026-01-01T00:00:00.000Z", "event": "sign-in", "outcome": "refused", "code": "INVALID_PASSWORD", "actorKind": "user", "actor": "u1", "target": "u2", "client": "10.0.0.1", "userAgent": name },
        { "seq": 8, "at": "2026-01-01T00:00:00.000Z", "event": name, "outcome": "done", "actorKind": "key", "actor": name, "details": { "key": "app_name", "from": name, "to": "b" } },
    ] }),
    );
    answer(
        "/api/audit/counts",
        json!({ "hours": [{ "from": "2026-01-01T13:00:00.000Z", "signIns": 8, "failures": 2 }] }),
    );
    answer(
        "/api/sessions",
        json!({ "total": 60, "sessions": [
            { "id": "s1", "userId": "u1", "ipAddress": "10.0.0.1", "userAgent": name, "impersonatedBy": name, "createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-02T00:00:00.000Z" },
            { "id": "s2", "userId": name, "ipAddress": "", "userAgent": "", "createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-02T00:00:00.000Z" },
        ] }),
    );
    answer(
        "/api/mail",
        json!({ "total": 1, "mails": [{ "id": "m", "kind": "verify-email", "to": name, "writtenAt": "2026-01-01T00:00:00.000Z", "attempts": 3, "lastError": name }] }),
    );
    answer(
        "/api/plugins",
        json!({
            "plugins": [
                { "id": "jwt", "version": "1.0.0", "state": "paused", "official": true, "grants": [{ "grant": "keys", "sentence": name }], "counters": { "calls": 1, "failures": 2, "pausedCalls": 3, "limitHits": {} }, "limits": { "callMs": 50, "memoryMib": 32, "dataCalls": 200 } },
                { "id": "admin", "version": "1.0.0", "state": "on", "locked": true },
                { "id": "social", "state": "off" },
            ],
            "policies": [{ "script": name, "calls": 1, "outcomes": 1, "failures": 1 }],
        }),
    );
    answer(
        "/api/keys",
        json!({ "secrets": [{ "version": 2, "current": true }, { "version": null, "current": false }], "signingKeys": [{ "id": "k", "algorithm": "EdDSA", "createdAt": "2026-01-01T00:00:00.000Z", "current": true }], "canRotate": true }),
    );
    answer(
        "/api/settings",
        json!({ "version": 4, "faults": [{ "key": "app_name", "message": name }], "settings": [
        { "key": "app_name", "title": "Name", "type": "text", "value": name, "source": "database", "inherited": name, "updatedAt": "2026-01-01T00:00:00.000Z" },
        { "key": "session.expires_in", "title": "Life", "type": "number", "value": 604_800, "format": "seconds", "min": 300, "max": 34_560_000, "source": "default" },
        { "key": "pages.accent", "title": "Accent", "type": "text", "value": null, "format": "color", "min": 7, "max": 7, "source": "default" },
        { "key": "email_and_password.disable_sign_up", "title": "Closed", "type": "switch", "value": true, "source": "environment", "locked": "DOORWARD_X" },
        { "key": "mail.smtp.password", "title": "Password", "type": "secret", "value": "set", "source": "file" },
        { "key": "pages.languages", "title": "Languages", "type": "texts", "value": ["en", "de"], "format": "languages", "max": 20, "source": "file" },
        { "key": "plugins.social.providers.github.client_id", "title": name, "type": "text", "value": null, "source": "default" },
        { "key": "plugins.jwt.switched_on", "title": "Hidden", "type": "switch", "value": true, "source": "default" },
    ] }),
    );
    fake::contribute("admin.page", "waitlist", Section::titled("Waitlist").intro(name));
    fake::contribute("admin.user", "waitlist", Section::titled(name));
}

const PAGES: [(&str, &[(&str, &str)]); 10] = [
    ("/admin", &[]),
    ("/admin/users", &[("q", "ada"), ("in", "name"), ("status", "banned"), ("sort", "-name"), ("from", "25")]),
    ("/admin/users/u2", &[]),
    ("/admin/sessions", &[("user", "u1"), ("from", "25")]),
    ("/admin/audit", &[("user", "u1"), ("outcome", "refused"), ("follow", "1")]),
    ("/admin/plugins", &[]),
    ("/admin/mail", &[]),
    ("/admin/keys", &[]),
    ("/admin/settings", &[]),
    ("/admin/more/waitlist", &[]),
];

fn open_in(language: &str, path: &str, query: &[(&str, &str)]) -> Response {
    let request = RawRequest::get(path, query).with_header("accept-language", language);
    request.open(&plugin()).unwrap_or_else(|error| panic!("{path}: {error:?}"))
}

fn open(path: &str, query: &[(&str, &str)]) -> String {
    fake::text(&open_in("en", path, query))
}

#[test]
fn every_page_is_drawn_in_every_language() {
    start("Ada Lovelace");
    for (path, query) in PAGES {
        for language in Language::ALL {
            let response = open_in(language.code(), path, query);
            let html = fake::text(&response);
            assert_eq!(fake::status(&response), 200, "{path}: {html}");
            assert!(html.contains(&format!("<html lang=\"{}\"", language.code())), "{path}");
            assert_eq!(html.matches("<h1").count(), 1, "{path}: one h1");
            assert!(!html.contains(">none<") && !html.contains("undefined"), "{path}: {html}");
        }
    }
}

#[test]
fn what_people_wrote_is_text() {
    start(HOSTILE);
    for (path, query) in PAGES {
        let html = open(path, query);
        assert!(!html.contains("<img src=x"), "{path}: {html}");
    }
    let html = open("/admin/users", &[("q", HOSTILE), ("role", HOSTILE)]);
    assert!(!html.contains("<img src=x"), "{html}");
}

#[test]
fn who_may_not_look_learns_nothing() {
    for (status, shown) in [(403, 404), (404, 404), (401, 404), (500, 502), (429, 429)] {
        start("Ada");
        fake::with(|world| {
            for answer in world.endpoint_answers.values_mut() {
                *answer = (status, json!({ "code": "SOMETHING" }));
            }
        });
        for (path, query) in PAGES {
            let response = open_in("en", path, query);
            let html = fake::text(&response);
            assert_eq!(fake::status(&response), shown, "{path}");
            assert!(!html.contains("/admin") && !html.contains("Administration"), "{path}: {html}");
        }
    }
}

#[test]
fn who_acts_as_somebody_sees_the_bar_and_no_page() {
    start("Ada");
    fake::with(|world| world.session.as_mut().expect("session")["session"]["impersonatedBy"] = json!("boss"));
    let response = open_in("en", "/admin/users", &[]);
    let html = fake::text(&response);
    assert_eq!(fake::status(&response), 403);
    assert!(html.contains("data-stop-acting") && html.contains("You act as The Boss."), "{html}");
    assert!(fake::with(|world| world.endpoint_calls.iter().all(|call| call.path == "/pages/choices")));
}

#[test]
fn the_address_of_a_list_is_the_question() {
    start("Ada");
    open("/admin/users", &[("q", " ada "), ("role", "admin"), ("sort", "-email"), ("from", "25")]);
    let calls = fake::with(|world| world.endpoint_calls.clone());
    let asked = calls.iter().find(|call| call.path == "/admin/list-users").expect("a call");
    let pair = |name: &str| asked.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    for (name, value) in [
        ("searchValue", "ada"),
        ("searchField", "email"),
        ("filterField", "role"),
        ("filterOperator", "contains"),
        ("filterValue", "admin"),
        ("sortBy", "email"),
        ("sortDirection", "desc"),
        ("limit", "25"),
        ("offset", "25"),
    ] {
        assert_eq!(pair(name), Some(value), "{name}");
    }
    open("/admin/users", &[("sort", "password")]);
    let calls = fake::with(|world| world.endpoint_calls.clone());
    assert!(
        calls.last().expect("a call").query.contains(&("sortBy".to_owned(), "createdAt".to_owned())),
        "no other column"
    );
}

#[test]
fn settings_stand_in_groups_and_switches_of_plugins_elsewhere() {
    start("Acme");
    let html = open("/admin/settings", &[]);
    for part in [
        "id=\"group-general\"",
        "id=\"group-session\"",
        "That is 7 days.",
        "Set by the variable DOORWARD_X",
        "value=\"en, de\"",
        "data-rule=\"Write a whole number of seconds, from 300 to 34560000 (400 days).\"",
        "data-rule=\"Write a colour such as #0a66c2.\"",
        "data-rule=\"Write languages such as en, de with commas between them, at most 20.\"",
        "data-unset=\"app_name\"",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert!(!html.contains("switched_on") && !html.contains("value=\"set\""), "{html}");
}

#[test]
fn a_session_is_ended_by_who_may_and_never_ones_own() {
    start("Ada");
    fake::with(|world| world.session.as_mut().expect("session")["session"]["id"] = json!("s2"));
    let ends = |html: &str| html.matches("data-end=").count();
    assert_eq!(ends(&open("/admin/sessions", &[])), 0, "who may not end sessions");
    fake::with(|world| world.permissions.insert("session.revoke".to_owned()));
    let html = open("/admin/sessions", &[("email", "u1@example.com")]);
    assert_eq!(ends(&html), 1, "{html}");
    assert!(html.contains("This device") && html.contains("aria-label=\"End: the session of Ada\""), "{html}");
    let calls = fake::with(|world| world.endpoint_calls.clone());
    let asked = calls.iter().rev().find(|call| call.path == "/api/sessions").expect("a call");
    for pair in [("email", "u1@example.com"), ("limit", "25"), ("offset", "0")] {
        assert!(asked.query.contains(&(pair.0.to_owned(), pair.1.to_owned())), "{pair:?}");
    }
}

#[test]
fn sessions_of_a_store_that_lists_no_others_are_asked_for_by_user() {
    start("Ada");
    fake::answer_endpoint("GET", "/api/sessions", 200, &json!({ "sessions": [], "total": null }));
    assert!(open("/admin/sessions", &[]).contains("Search for one user"));
}

#[test]
fn one_users_page_has_fields_in_words_and_the_end_of_their_log() {
    start("Ada");
    fake::with(|world| {
        world.site["additionalFields"] = json!([{ "name": "memberSince", "type": "date" }]);
        let user =
            &mut world.endpoint_answers.get_mut(&("GET".to_owned(), "/admin/get-user".to_owned())).expect("answer").1;
        user["memberSince"] = json!("2020-01-01T00:00:00.000Z");
        user["wantsNews"] = json!(true);
    });
    let html = open("/admin/users/u2", &[]);
    for part in [
        ">Member since<",
        "<time datetime=\"2020-01-01T00:00:00.000Z\"",
        ">Wants news</dt><dd>Yes",
        "href=\"&#x2f;admin&#x2f;audit?user=u2\"",
        "Sign-in <span class=\"badge danger\">Refused",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    fake::answer_endpoint("GET", "/api/audit", 403, &json!({ "code": "PERMISSION_REQUIRED" }));
    assert!(!open("/admin/users/u2", &[]).contains("id=\"log\""), "who may not read the audit log");
}

/// Every text that a template, this code or a script asks for is there.
#[test]
fn no_text_that_a_page_or_a_script_asks_for_is_missing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (sub, begin, prefix) in [("templates", "t('", ""), ("src", "say(\"", ""), ("assets", "say(\"", "client.")] {
        for entry in fs::read_dir(folder.join(sub)).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.file_name().is_some_and(|name| name == "tests.rs") || path.is_dir() {
                continue;
            }
            let text = fs::read_to_string(&path).expect("a text");
            for key in text.split(begin).skip(1).filter_map(|rest| rest.split(['\'', '"']).next()) {
                let key = format!("{prefix}{key}");
                // A key that ends so is put together.
                let is_whole = !key.ends_with('_') && !key.ends_with('.') && !key.contains('{');
                assert!(!is_whole || Language::English.find(&key).is_some(), "{}: {key}", path.display());
            }
        }
    }
}
