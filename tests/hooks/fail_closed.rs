//! What scripts compare and return: nothing that a client leaves out or writes otherwise slips past a policy.

use serde_json::{Value as Json, json};

use super::{FAILED, Scripted, load, sign_up};
use crate::store::{Place, on_both, on_sqlite};

on_both!(after_a_change_a_script_sees_what_changed,);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_age_of_another_kind_is_never_old_enough() {
    on_sqlite(|place| async move {
        for (index, condition) in
            ["ctx.body.age < 18", "!(ctx.body.age >= 18)", "18 > ctx.body.age", "!(18 <= ctx.body.age)"]
                .iter()
                .enumerate()
        {
            let script = format!(
                r#"before("/sign-up/email", |ctx| {{ if {condition} {{ reject(403, "TOO_YOUNG", "Too young"); }} }});"#
            );
            let Scripted { server, _folder } = Scripted::start(&place, &script).await;
            let send = async |age: Option<Json>| {
                let mut body = sign_up(&format!("ada{index}@example.com"));
                if let Some(age) = age {
                    body["age"] = age;
                }
                server.post("/sign-up/email", &body).await
            };
            for age in
                [None, Some(json!("99")), Some(Json::Null), Some(json!([99])), Some(json!(true)), Some(json!({}))]
            {
                assert_eq!(send(age.clone()).await.refusal(), FAILED, "{condition} {age:?}");
            }
            for age in [json!(17), json!(17.5)] {
                assert_eq!(send(Some(age)).await.refusal(), "403 TOO_YOUNG Too young", "{condition}");
            }
            assert_eq!(server.rows("user").await, index as u64, "{condition}");
            assert_eq!(send(Some(json!(18))).await.status, 200, "{condition}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_of_unlike_types_have_no_order() {
    on_sqlite(|place| async move {
        let given = [
            ("() < 1", false),
            ("() < ()", false),
            ("#{}.a >= 1", false),
            ("\"9\" < 10", false),
            ("10 > \"9\"", false),
            ("[1] < 2", false),
            ("#{} < 2", false),
            ("true <= 1", false),
            ("[1] < [2]", false),
            ("\"x\" in ctx.body.list", false),
            ("!(\"x\" in ctx.body.list)", false),
            ("ctx.body.list.contains(\"x\")", false),
            ("ctx.body.name.starts_with(\"x\")", false),
            ("ctx.body.list.len() > 3", false),
            ("ctx.body.list.some(|x| x == 1)", false),
            ("1 in \"abc\"", false),
            ("1 < 2.5", true),
            ("2.5 > 1", true),
            ("1.0 <= 1", true),
            ("9007199254740993 > 9007199254740992", true),
            ("\"a\" < \"b\"", true),
            ("'a' < \"b\"", true),
            ("false < true", true),
        ];
        for (expression, is_known) in given {
            let script = format!("before(\"/ok\", |ctx| {{ respond(200, [{expression}]); }});");
            let Scripted { server, _folder } = Scripted::start(&place, &script).await;
            let answer = server.get("/ok", "").await;
            let expected = if is_known { "[true]" } else { FAILED };
            let seen = if answer.status == 200 { answer.text.clone() } else { answer.refusal() };
            assert_eq!(seen, expected, "{expression}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn false_and_abort_are_refusals() {
    on_sqlite(|place| async move {
        let refused = "403 REFUSED_BY_POLICY A policy refused this";
        let cases = [
            (r#"before("/sign-up/email", |ctx| { return false; });"#, refused),
            (r#"before("/sign-up/email", |ctx| ctx.body.email == "eve@example.com");"#, refused),
            (r#"before("/sign-up/email", |ctx| { abort(); });"#, refused),
            (r#"before("/sign-up/email", |ctx| { try { abort(); } catch { } });"#, refused),
            (r#"before("/sign-up/email", |ctx| { abort("Closed"); });"#, "403 REFUSED_BY_POLICY Closed"),
            (r#"before("/sign-up/email", |ctx| { abort("a\nb"); });"#, FAILED),
            (r#"after("/sign-up/email", |ctx| false);"#, refused),
            (r#"gate(|ctx| false);"#, refused),
            (r#"gate(|ctx| { abort(); });"#, refused),
            (r#"before("user.create", |ctx| false);"#, refused),
            (r#"after("user.create", |ctx| false);"#, refused),
            (r#"after("user.create", |ctx| { abort(); });"#, refused),
        ];
        for (index, (script, expected)) in cases.into_iter().enumerate() {
            let Scripted { server, _folder } = Scripted::start(&place, script).await;
            let answer = server.post("/sign-up/email", &sign_up(&format!("ada{index}@example.com"))).await;
            assert_eq!(answer.refusal(), expected, "{script}");
            assert_eq!((answer.cookies().as_str(), server.rows("session").await), ("", 0), "{script}");
        }
        let script = r#"before("/sign-up/email", |ctx| true); gate(|ctx| { return true; });"#;
        let Scripted { server, _folder } = Scripted::start(&place, script).await;
        assert_eq!(server.post("/sign-up/email", &sign_up("grace@example.com")).await.status, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_spelling_slips_past_a_comparison() {
    on_sqlite(|place| async move {
        let script = r#"
            before("/sign-up/email", |ctx| {
                if ctx.body.email == "eve@example.com" { reject(403, "BANNED", "Banned"); }
            });
            before("/ok", |ctx| {
                ctx.headers["X-New"] = "set";
                ctx.headers.remove("X-OLD");
                respond(200, [
                    ctx.headers["X-Api-Key"], ctx.headers["x-api-key"], "X-API-KEY" in ctx.headers,
                    ctx.headers.get("X-Api-Key"), ctx.headers["x-new"], ctx.headers["x-old"], ctx.headers["missing"],
                    same_address("Eve@Example.com", "eve@example.COM"), same_address("eve@example.com", "ada@example.com"),
                    same_address("::ffff:10.0.0.1", "10.0.0.1"), same_address("2001:DB8::1", "2001:db8:0::1"),
                    same_address((), ()), time("1990-01-01"), ctx.query.email, ctx.headers.keys().contains("x-api-key"),
                ]);
            });
            after("/get-session", |ctx| {
                if ctx.response_headers["Content-Type"] != ctx.response_headers["content-type"] { abort(); }
                if ctx.response_headers["Content-Type"] == () { abort(); }
            });
        "#;
        let Scripted { server, _folder } = Scripted::start(&place, script).await;
        for email in ["eve@example.com", "Eve@Example.com", "EVE@EXAMPLE.COM"] {
            let answer = server.post("/sign-up/email", &sign_up(email)).await;
            assert_eq!(answer.refusal(), "403 BANNED Banned", "{email}");
        }
        let answer = server.send("GET", "/ok?email=Eve@Example.com", &[("x-api-key", "k"), ("x-old", "o")], "").await;
        assert_eq!(
            answer.json(),
            json!([
                "k", "k", true, "k", "set", null, null, true, false, true, true, false, 631_152_000, "eve@example.com",
                true
            ])
        );
        assert_eq!(server.get("/get-session", "").await.status, 200);
        for wrong in ["same_address(1, \"a\")", "same_address([\"eve@example.com\"], \"eve@example.com\")"] {
            let Scripted { server, _folder } =
                Scripted::start(&place, &format!("before(\"/ok\", |ctx| {{ {wrong}; }});")).await;
            assert_eq!(server.get("/ok", "").await.refusal(), FAILED, "{wrong}");
        }
    })
    .await;
}

async fn after_a_change_a_script_sees_what_changed(place: Place) {
    let script = r#"
        after("user.update", |ctx| {
            if "name" in ctx.changed { reject(403, "RENAMED", ctx.changes.name + " " + ctx.data.name + " " + ctx.actor.name); }
        });
        after("user.create", |ctx| { if !("email" in ctx.changed) || ctx.changes.email != ctx.data.email { abort(); } });
        after("session.delete", |ctx| { if ctx.changed != [] || ctx.changes != #{} { abort(); } });
        after("account.update", |ctx| {
            if "password" in ctx.changed && ctx.changes.password == () { reject(403, "NEW_PASSWORD", "New password"); }
        });
    "#;
    let Scripted { server, _folder } = Scripted::start(&place, script).await;
    let made = server.post("/sign-up/email", &sign_up("ada@example.com")).await;
    assert_eq!(made.status, 200, "{}", made.text);
    let cookie = made.cookie();
    let answer = server.post_as("/update-user", &cookie, &json!({ "name": "Grace" })).await;
    assert_eq!(answer.refusal(), "403 RENAMED Grace Grace Ada");
    assert_eq!(server.records("user").await[0].text("name"), "Ada");
    assert_eq!(server.post_as("/update-user", &cookie, &json!({ "image": "a.png" })).await.status, 200);
    let passwords = json!({ "currentPassword": "correct horse 1", "newPassword": "correct horse 2" });
    let answer = server.post_as("/change-password", &cookie, &passwords).await;
    assert_eq!(answer.refusal(), "403 NEW_PASSWORD New password");
    assert_eq!(server.post_as("/sign-out", &cookie, &json!({})).await.status, 200);
}

#[test]
fn values_that_no_limit_counts_cannot_be_made() {
    for payload in ["let f = || 1; f.curry(f)", "curry(|x| x, 1)"] {
        let error = load(&format!("before(\"/ok\", |ctx| {{ {payload} }});")).err().unwrap();
        assert!(error.starts_with("policy.rhai:1:") && error.contains("curry"), "{payload}: {error}");
    }
}
