//! Policies that would let through what they were written to stop: what cannot be judged is refused.

use std::path::Path;
use std::process::Command;

use serde_json::{Value as Json, json};

use super::script::running;
use super::thief::{Thief, UNLIMITED, someone};
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(
    an_age_that_is_none,
    an_order_of_unlike_things,
    a_header_in_another_case,
    an_address_in_another_case,
    false_is_a_refusal,
    abort_is_a_refusal,
    a_date_without_a_time,
    what_changed_after_a_change,
    a_hook_that_guards_does_not_open,
    a_gate_does_not_open,
);

async fn users(server: &Fixture) -> u64 {
    server.rows("user").await
}

fn with_age(name: &str, age: Option<Json>) -> Json {
    let mut body = someone(name);
    if let Some(age) = age {
        body["age"] = age;
    }
    body
}

/// Everything that is not a number from 18 on, in each way to write the rule.
async fn an_age_that_is_none(place: Place) {
    for rule in [
        "if ctx.body.age < 18 { reject(403, \"TOO_YOUNG\", \"Later\"); }",
        "if 18 > ctx.body.age { reject(403, \"TOO_YOUNG\", \"Later\"); }",
        "if ctx.body.age <= 17 { reject(403, \"TOO_YOUNG\", \"Later\"); }",
        "let age = ctx.body.age; if age < 18 || age > 150 { reject(403, \"TOO_YOUNG\", \"Later\"); }",
        "if !(ctx.body.age >= 18) { reject(403, \"TOO_YOUNG\", \"Later\"); }",
    ] {
        let server = running(&place, &format!("before(\"/sign-up/email\", |ctx| {{ {rule} }});")).await;
        let before = users(&server).await;
        let ages = [
            None,
            Some(Json::Null),
            Some(json!("17")),
            Some(json!("")),
            Some(json!("old enough")),
            Some(json!([17])),
            Some(json!([])),
            Some(json!(true)),
            Some(json!({ "years": 17 })),
            Some(json!(17)),
        ];
        let mut through = Vec::new();
        for age in ages {
            let answer = server.post("/sign-up/email", &with_age(&format!("young{before}"), age.clone())).await;
            if answer.status < 400 || users(&server).await > before {
                through.push(format!("{age:?}: {}", answer.status));
                place.sql("delete from account; delete from session; delete from \"user\"").await;
            }
        }
        assert!(through.is_empty(), "{rule}: {through:?}");
        let answer = server.post("/sign-up/email", &with_age(&format!("old{before}"), Some(json!(18)))).await;
        assert_eq!(answer.status, 200, "{rule}: {}", answer.text);
    }
}

async fn an_order_of_unlike_things(place: Place) {
    let unlike =
        ["() < 1", "1 > ()", "\"a\" < 1", "1 <= \"1\"", "[] < 1", "#{} >= 1", "true > 0", "() <= ()", "\"b\" > ()"];
    for test in unlike {
        let script = format!("before(\"/ok\", |ctx| {{ let answer = {test}; }});");
        let Ok(server) = super::script::scripted(&place, &script, "").await else { continue };
        let answer = server.get("/ok", "").await;
        assert_ne!(answer.status, 200, "{test} has no answer, so that a hook that asks refuses");
    }
    for test in ["1 < 2", "1 < 2.5", "\"a\" < \"b\"", "2 >= 2"] {
        let script = format!("before(\"/ok\", |ctx| {{ if !({test}) {{ reject(403, \"NO\", \"No\"); }} }});");
        assert_eq!(running(&place, &script).await.get("/ok", "").await.status, 200, "{test}");
    }
}

async fn a_header_in_another_case(place: Place) {
    for name in ["x-risk", "X-Risk", "X-RISK"] {
        let script = format!(
            "before(\"/ok\", |ctx| {{ if ctx.headers[{name:?}] == \"high\" {{ reject(403, \"RISK\", \"No\"); }} }});"
        );
        let server = running(&place, &script).await;
        let answer = server.send("GET", "/ok", &[("x-risk", "high")], "").await;
        assert_eq!(answer.refusal(), "403 RISK No", "{name}");
        assert_eq!(server.get("/ok", "").await.status, 200, "{name}");
    }
}

/// The endpoint takes both for one address, and so does the rule.
async fn an_address_in_another_case(place: Place) {
    let script = r#"before("/sign-up/email", |ctx| {
        if ctx.body.email == "eve@example.com" { reject(403, "BANNED", "No"); }
    });"#;
    let server = running(&place, script).await;
    for written in ["eve@example.com", "Eve@Example.com", "EVE@EXAMPLE.COM"] {
        let mut body = someone("eve");
        body["email"] = json!(written);
        assert_eq!(server.post("/sign-up/email", &body).await.refusal(), "403 BANNED No", "{written}");
    }
    assert_eq!(users(&server).await, 0);
}

async fn refuses(place: &Place, body: &str) {
    for path in ["/sign-up/email", "user.create"] {
        let server = running(place, &format!("before({path:?}, |ctx| {{ {body} }});")).await;
        let answer = server.post("/sign-up/email", &someone("victim")).await;
        assert!((400..500).contains(&answer.status), "{path} {body}: {}", answer.refusal());
        assert_eq!(server.counts().await, [0; 5], "{path} {body}");
    }
}

async fn false_is_a_refusal(place: Place) {
    refuses(&place, "return false;").await;
    refuses(&place, "false").await;
    refuses(&place, "if ctx.method == \"POST\" { return false; }").await;
}

async fn abort_is_a_refusal(place: Place) {
    refuses(&place, "abort();").await;
    refuses(&place, "if true { abort() }").await;
}

async fn a_date_without_a_time(place: Place) {
    let script = r#"before("/sign-up/email", |ctx| {
        if time(ctx.body.born) > now() - days(18 * 365) { reject(403, "TOO_YOUNG", "Later"); }
    });"#;
    let server = running(&place, script).await;
    for (name, born, status) in [
        ("old", json!("1990-01-01"), 200),
        ("exact", json!("1990-01-01T00:00:00Z"), 200),
        ("young", json!("2020-01-01"), 403),
    ] {
        let mut body = someone(name);
        body["born"] = born;
        let answer = server.post("/sign-up/email", &body).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.text);
    }
    for (name, born) in [("none", json!(null)), ("text", json!("long ago")), ("month", json!("1990-13-01"))] {
        let mut body = someone(name);
        body["born"] = born;
        assert!(server.post("/sign-up/email", &body).await.status >= 400, "{name}");
    }
}

/// What the README promises at a change is there after it as well: a rule that asks for it runs.
async fn what_changed_after_a_change(place: Place) {
    let script = r#"
        after("user.update", |ctx| { if "name" in ctx.changed { reject(403, "NAME_FIXED", ctx.changes.name); } });
        after("user.create", |ctx| { if "email" in ctx.changed && ctx.data.email.contains("eve") { reject(403, "EVE", "No"); } });
        after("session.delete", |ctx| {
            if ctx.changed.len() == 0 && ctx.changes.len() == 0 && ctx.user_agent == "held" { reject(403, "HELD", "No"); }
        });
    "#;
    let server = running(&place, script).await;
    assert_eq!(server.post("/sign-up/email", &someone("eve")).await.refusal(), "403 EVE No");
    let cookie = server.post("/sign-up/email", &someone("ada")).await.cookie();
    let answer = server.post_as("/update-user", &cookie, &json!({ "name": "Grace" })).await;
    assert_eq!(answer.refusal(), "403 NAME_FIXED Grace");
    let other = server.post_as("/update-user", &cookie, &json!({ "image": "a.png" })).await;
    assert_eq!(other.status, 200, "{}", other.text);
    let headers = [("cookie", cookie.as_str()), ("origin", "http://localhost:3000"), ("user-agent", "held")];
    assert_eq!(server.send("POST", "/revoke-sessions", &headers, "").await.refusal(), "403 HELD No");
    assert_eq!(server.rows("session").await, 1);
}

/// A hook before an endpoint guards it: no option makes it stand open when it fails.
async fn a_hook_that_guards_does_not_open(place: Place) {
    let rights = ["observes:/sign-in/email", "reads-request:/sign-in/email", "changes-request:/sign-in/email"];
    for option in ["\"open\"", "{ before = \"open\" }", "{ \"/sign-in/email\" = \"open\" }"] {
        let thief = Thief::new("bare").before("/sign-in/email", json!([{ "do": "panic" }]));
        thief.set(&format!("on_failure = {option}")).refused(&place, &rights, &["on_failure"]).await;
    }
    let thief = Thief::new("bare").before("/sign-in/email", json!([{ "do": "panic" }]));
    let server = thief.loaded(&place, &rights, "").await;
    server.post("/sign-up/email", &someone("victim")).await;
    let answer = server.post("/sign-in/email", &someone("victim")).await;
    assert!(answer.status >= 500 && answer.headers.get("set-cookie").is_none(), "{}", answer.text);
}

async fn a_gate_does_not_open(place: Place) {
    let thief = Thief::new("bare").with("is_gate", json!(true)).order("gate", json!([{ "do": "panic" }]));
    let open = thief.set("on_failure = { gate = \"open\" }");
    let error = open.start(&place, &[], UNLIMITED).await.err().unwrap_or_else(|| panic!("a gate that opens"));
    assert!(error.contains("on_failure") || error.contains("grants = ["), "{error}");
}

/// Runs `doorward hooks check` on a script.
fn checked(script: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let config = "secret = \"0123456789abcdef0123456789abcdef\"\n[[hooks]]\nfile = \"policy.rhai\"\n";
    std::fs::write(folder.path().join("doorward.toml"), config).unwrap();
    std::fs::write(folder.path().join("policy.rhai"), script).unwrap();
    let mut check = Command::new(env!("CARGO_BIN_EXE_doorward"));
    let output = check.args(["hooks", "check"]).current_dir(Path::new(folder.path())).output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// `hooks check` knows what each moment has, and finds the rules that can never be met.
#[test]
fn rules_that_never_hold_are_reported() {
    for (script, part) in [
        ("before(\"/ok\", |ctx| { if ctx.changed.len() > 0 { reject(403, \"NO\", \"No\"); } });", "changed"),
        ("gate(|ctx| { if ctx.status == 200 { reject(403, \"NO\", \"No\"); } });", "status"),
        ("before_mail(\"*\", |ctx| { if ctx.user.name == \"a\" { stop(); } });", "user"),
        ("before(\"/ok\", |ctx| { if ctx.method == \"post\" { reject(403, \"NO\", \"No\"); } });", "post"),
        ("before(\"/ok\", |ctx| { if ctx.headers[\"x-risk\"] == 7 { reject(403, \"NO\", \"No\"); } });", "x-risk"),
        ("before(\"/sign-in/mail\", |ctx| { reject(403, \"NO\", \"No\"); });", "no route matches"),
    ] {
        let said = checked(script);
        let places = said
            .lines()
            .filter(|line| !line.starts_with("policy.rhai: before") && !line.starts_with("policy.rhai: gate"));
        assert!(places.clone().any(|line| line.contains(part)), "{script}: {part} is not in: {said}");
    }
    let fine = checked("before(\"/ok\", |ctx| { if ctx.method == \"GET\" { reject(403, \"NO\", \"No\"); } });");
    assert_eq!(fine, "policy.rhai: before * /ok\n");
}
