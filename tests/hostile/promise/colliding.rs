//! Thieves that collide: names of the core, and limits on its paths, are refused when a plugin is loaded.

use serde_json::{Value as Json, json};

use super::thief::{Thief, UNLIMITED, email, someone};
use crate::store::{Place, on_both};

on_both!(
    cookies_by_name,
    cookies_by_a_beginning,
    cookies_by_an_option,
    cookies_of_another_plugin_by_an_option,
    paths_of_the_core,
    paths_by_an_option,
    paths_by_parameters,
    functions_of_the_core,
    error_codes_of_the_core,
    mails_of_the_core,
    limits_on_paths_of_others,
    a_lifted_limit_on_sign_ins,
    providers_named_like_ways_to_sign_in,
);

fn cookie(name: &str, is_literal: bool, is_prefix: bool) -> Json {
    json!([{ "name": name, "is_literal": is_literal, "is_prefix": is_prefix }])
}

const CORE_COOKIES: [&str; 6] =
    ["session_token", "session_data", "account_data", "oauth_state", "dont_remember", "known_device"];

async fn cookies_by_name(place: Place) {
    let mut faults = Vec::new();
    for name in CORE_COOKIES {
        let spelt = [
            (name.to_owned(), false),
            (format!("better-auth.{name}"), true),
            (format!("__Secure-better-auth.{name}"), true),
            (format!("Better-Auth.{}", name.to_uppercase()), true),
        ];
        for (name, is_literal) in spelt {
            let thief = Thief::new("cookies").with("cookies", cookie(&name, is_literal, false));
            faults.extend(thief.fault(&place, &["cookies"], &[name.as_str()]).await);
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

async fn cookies_by_a_beginning(place: Place) {
    let mut faults = Vec::new();
    for name in CORE_COOKIES {
        for length in [1, 4, name.len() - 1, name.len()] {
            let thief = Thief::new("cookies").with("cookies", cookie(&name[..length], false, true));
            faults.extend(thief.fault(&place, &["cookies"], &[&name[..length]]).await);
        }
    }
    for literal in ["better-auth.", "better-auth.known_", "b", "__Secure-"] {
        let thief = Thief::new("cookies").with("cookies", cookie(literal, true, true));
        faults.extend(thief.fault(&place, &["cookies"], &["cookie"]).await);
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

fn renamed() -> Json {
    json!([{ "name": "theme", "is_literal": false, "is_prefix": false, "name_option": "cookie" }])
}

async fn cookies_by_an_option(place: Place) {
    let mut faults = Vec::new();
    for name in CORE_COOKIES {
        let thief = Thief::new("cookies").with("cookies", renamed()).set(&format!("cookie = \"{name}\""));
        faults.extend(thief.fault(&place, &["cookies"], &[name]).await);
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// What the names become under the options is compared, not what was declared.
async fn cookies_of_another_plugin_by_an_option(place: Place) {
    let folder = tempfile::tempdir().unwrap();
    let other = Thief::new("cookies").named("other", "/other/").with("cookies", cookie("badge", false, false));
    let other = other.entry(folder.path(), &["cookies"]);
    for name in ["badge", "better-auth.badge"] {
        let is_literal = name.contains('.');
        let mine = json!([{ "name": "theme", "is_literal": is_literal, "is_prefix": false, "name_option": "cookie" }]);
        let thief = Thief::new("cookies").with("cookies", mine).set(&format!("cookie = \"{name}\""));
        let loaded = thief.start(&place, &["cookies"], &format!("{UNLIMITED}{other}")).await;
        let error = loaded.err().unwrap_or_else(|| panic!("two plugins own the cookie {name}"));
        assert!(error.contains("badge"), "{error}");
    }
}

fn routes(method: &str, path: &str) -> Json {
    json!([{ "method": method, "path": path }])
}

/// Another method makes no path one's own.
async fn paths_of_the_core(place: Place) {
    let mut faults = Vec::new();
    let core = [("POST", "/sign-in/email"), ("GET", "/get-session"), ("GET", "/verify-email"), ("POST", "/sign-out")];
    for (method, path) in core {
        let other = if method == "POST" { "GET" } else { "POST" };
        for method in [method, other] {
            let thief = Thief::new("bare").with("routes", routes(method, path));
            faults.extend(thief.fault(&place, &[], &[path]).await);
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

async fn paths_by_an_option(place: Place) {
    let mut faults = Vec::new();
    for path in ["/sign-in/email", "/get-session", "/reset-password", "/reset-password/x"] {
        let own = json!([{ "method": "GET", "path": "/thief/loot", "path_option": "place" }]);
        let thief = Thief::new("bare").with("routes", own).set(&format!("place = \"{path}\""));
        faults.extend(thief.fault(&place, &[], &[path]).await);
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// A parameter in the place of what the core has there.
async fn paths_by_parameters(place: Place) {
    let mut faults = Vec::new();
    for path in ["/sign-in/:way", "/:area/email", "/:any", "/reset-password/:other", "/delete-user/:what"] {
        for method in ["GET", "POST"] {
            let thief = Thief::new("bare").with("routes", routes(method, path));
            faults.extend(thief.fault(&place, &[], &[path]).await);
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

async fn functions_of_the_core(place: Place) {
    let thief = Thief::new("bare").with("functions", json!([{ "name": "set-password" }]));
    thief.refused(&place, &[], &["set-password"]).await;
}

/// A client that reads a code acts on it: what the core says, no plugin says for it.
async fn error_codes_of_the_core(place: Place) {
    let mut faults = Vec::new();
    for code in ["INVALID_EMAIL_OR_PASSWORD", "EMAIL_NOT_VERIFIED", "SESSION_EXPIRED", "INVALID_TOKEN"] {
        let errors = json!([{ "status": 400, "code": code, "message": "Sign in at evil.example" }]);
        let thief = Thief::new("bare").with("errors", errors);
        faults.extend(thief.fault(&place, &[], &[code]).await);
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

async fn mails_of_the_core(place: Place) {
    let mut faults = Vec::new();
    for kind in ["reset-password", "verify-email", "change-email", "delete-account"] {
        let thief = Thief::new("bare").with("mails", json!(["thief", kind]));
        faults.extend(thief.fault(&place, &[], &[kind]).await);
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

fn lifted(path: &str) -> Thief {
    let rule = json!([{ "path": path, "window_secs": 1, "max": 1_000_000, "option": "rate" }]);
    Thief::new("bare").with("rate_limits", rule)
}

async fn limits_on_paths_of_others(place: Place) {
    let mut faults = Vec::new();
    for path in ["/sign-in/email", "/sign-in/*", "/**", "/*/*", "/request-password-reset", "/:area/email"] {
        for grants in [vec![], vec!["observes:/sign-in/email"], vec!["changes-request:/**", "observes:/**"]] {
            faults.extend(lifted(path).fault(&place, &grants, &[path]).await);
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// The harm itself: more guesses than the server lets anyone make.
async fn a_lifted_limit_on_sign_ins(place: Place) {
    for path in ["/sign-in/email", "/**"] {
        for more in ["", "rate = { window = 1, max = 1000000 }"] {
            let Ok(server) = lifted(path).set(more).start(&place, &[], "").await else { continue };
            let guess = json!({ "email": email("victim"), "password": "a guess of many" });
            let mut statuses = Vec::new();
            for _ in 0..6 {
                statuses.push(server.post("/sign-in/email", &guess).await.status);
            }
            assert_eq!(statuses, [401, 401, 401, 429, 429, 429], "{path} {more}");
        }
    }
    let server = Thief::new("bare").start(&place, &[], "").await.unwrap();
    assert_eq!(server.post("/sign-up/email", &someone("victim")).await.status, 200, "a plugin without rules is loaded");
}

/// How someone proved who they are is a name that gates go by; a provider has none of those that mean something.
async fn providers_named_like_ways_to_sign_in(place: Place) {
    let out = super::super::official();
    for name in ["email", "passkey", "two-factor", "magic-link", "impersonation", "credential", "verify-email"] {
        let provider = format!(
            "{UNLIMITED}plugin_folder = \"{}\"\n[[plugins]]\nid = \"social\"\n[plugins.providers.{name}]\n\
             preset = \"google\"\nclient_id = \"id\"\nclient_secret = \"secret\"\n",
            out.display()
        );
        let started = crate::fixture::Fixture::try_start(&place, &provider).await;
        let error = started.err().unwrap_or_else(|| panic!("a provider is named {name}"));
        assert!(error.contains(name), "{error}");
    }
    let plain = format!(
        "{UNLIMITED}plugin_folder = \"{}\"\n[[plugins]]\nid = \"social\"\n[plugins.providers.work]\n\
         preset = \"google\"\nclient_id = \"id\"\nclient_secret = \"secret\"\n",
        out.display()
    );
    crate::fixture::Fixture::try_start(&place, &plain).await.unwrap();
}
