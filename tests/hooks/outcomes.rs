//! What scripts do to requests: refuse, answer, change, add; and what happens when they fail.

use serde_json::json;

use super::{FAILED, Scripted, sign_up};
use crate::store::on_sqlite;

/// A case on SQLite: none of this depends on the database.
macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                on_sqlite(cases::$case).await;
            }
        )*
    };
}

cases!(
    a_refusal_leaves_nothing_behind,
    variants_of_a_path_reach_no_endpoint,
    a_failure_refuses_unless_it_may_pass,
    an_answer_skips_the_endpoint,
    a_changed_body_is_validated_by_the_endpoint,
    a_changed_target_is_checked,
    headers_and_cookies_are_added,
    methods_and_patterns_decide,
    scripts_run_in_order_until_one_answers,
    an_outcome_cannot_be_caught,
    after_sees_and_changes_the_answer,
    after_sees_refusals_too,
    a_refusal_after_ends_the_session,
    an_after_script_that_fails_changes_nothing,
);

mod cases {
    use super::*;
    use crate::store::Place;

    pub async fn a_refusal_leaves_nothing_behind(place: Place) {
        let script = r#"before("/sign-up/email", |ctx| {
            if !ctx.body.email.ends_with("@example.com") {
                set_cookie("theme", "dark");
                reject(400, "EMAIL_DOMAIN_NOT_ALLOWED", "Use your company address");
            }
        });"#;
        let Scripted { server, _folder } = Scripted::start(&place, script).await;
        let answer = server.post("/sign-up/email", &sign_up("eve@evil.net")).await;
        assert_eq!(answer.refusal(), "400 EMAIL_DOMAIN_NOT_ALLOWED Use your company address");
        assert!(answer.headers.get("set-cookie").is_none());
        assert_eq!((server.rows("user").await, server.rows("session").await), (0, 0));
        assert_eq!(server.post("/sign-up/email", &sign_up("ada@example.com")).await.status, 200);
    }

    pub async fn variants_of_a_path_reach_no_endpoint(place: Place) {
        let script = r#"before("/sign-up/email", |ctx| { reject(403, "CLOSED", "Closed"); });"#;
        let Scripted { server, _folder } = Scripted::start(&place, script).await;
        for path in [
            "/sign-up/email/",
            "//sign-up/email",
            "/SIGN-UP/email",
            "/sign-up%2Femail",
            "/sign-up/%65mail",
            "/x/../sign-up/email",
            "/sign-up/./email",
        ] {
            assert_eq!(server.post(path, &sign_up("eve@evil.net")).await.status, 404, "{path}");
        }
        let closed = server.post("/sign-up/email?x=1", &sign_up("eve@evil.net")).await;
        assert_eq!(closed.refusal(), "403 CLOSED Closed");
        let form = [("content-type", "application/x-www-form-urlencoded"), ("origin", "http://localhost:3000")];
        let form = server.send("POST", "/sign-up/email", &form, "email=eve%40evil.net&name=a&password=12345678").await;
        assert_eq!(form.refusal(), "403 CLOSED Closed");
        assert_eq!(server.rows("user").await, 0);
    }

    pub async fn a_failure_refuses_unless_it_may_pass(place: Place) {
        let script = r#"before("/sign-up/email", |ctx| { ctx.body.email = "eve@evil.net"; set_header("x-a", "b"); throw "x"; });"#;
        let Scripted { server, _folder } = Scripted::start(&place, script).await;
        let answer = server.post("/sign-up/email", &sign_up("ada@example.com")).await;
        assert_eq!(answer.refusal(), FAILED);
        assert_eq!(server.rows("user").await, 0);
        let Scripted { server, _folder } = Scripted::start_with(&place, &[(script, "fail_open = true")], "").await;
        let answer = server.post("/sign-up/email", &sign_up("ada@example.com")).await;
        assert_eq!(answer.json()["user"]["email"], "ada@example.com");
        assert_eq!(answer.headers.get("x-a"), None);
    }

    pub async fn an_answer_skips_the_endpoint(place: Place) {
        let script = r#"
            before("POST", "/sign-up/email", |ctx| { respond(202, #{ queued: true, at: [1, 2.5, "x", ()] }); });
            before("GET", "/ok", |ctx| { redirect("/welcome?from=" + ctx.method); });
        "#;
        let Scripted { server, _folder } = Scripted::start(&place, script).await;
        let answer = server.post("/sign-up/email", &sign_up("ada@example.com")).await;
        assert_eq!((answer.status, answer.json()), (202, json!({ "queued": true, "at": [1, 2.5, "x", null] })));
        assert_eq!(server.rows("user").await, 0);
        let answer = server.get("/ok", "").await;
        assert_eq!((answer.status, answer.headers.get("location")), (302, Some("/welcome?from=GET")));
    }

    pub async fn a_changed_body_is_validated_by_the_endpoint(place: Place) {
        let script = r#"before("/sign-up/email", |ctx| {
            ctx.body.name = ctx.body.name.to_upper();
            if ctx.query.long == "1" { ctx.body.email = 1; }
            ctx.body.password = "a word of the script";
            ctx.body.emailVerified = true;
            ctx.body.role = "admin";
            ctx.body.userId = "1";
        });"#;
        let Scripted { server, _folder } = Scripted::start(&place, script).await;
        let answer = server.post("/sign-up/email?long=1", &sign_up("ada@example.com")).await;
        assert_eq!(
            answer.refusal(),
            "400 VALIDATION_ERROR [body.email] Invalid input: expected string, received number"
        );
        let user = &server.post("/sign-up/email", &sign_up("ada@example.com")).await.json()["user"];
        assert_eq!((&user["name"], &user["emailVerified"], user.get("role")), (&json!("ADA"), &json!(false), None));
        assert_ne!(user["id"], "1");
        let signed_in = server.post("/sign-in/email", &sign_up("ada@example.com")).await;
        assert_eq!(signed_in.status, 200, "the password is the client's: {}", signed_in.text);
    }

    pub async fn a_changed_target_is_checked(place: Place) {
        let script = r#"
            before("/sign-in/email", |ctx| { ctx.body.callbackURL = ctx.headers["x-target"]; });
            before("/sign-up/email", |ctx| { ctx.body.name = "\x00"; });
        "#;
        let Scripted { server, _folder } = Scripted::start(&place, script).await;
        let headers = [
            ("origin", "http://localhost:3000"),
            ("content-type", "application/json"),
            ("x-target", "https://evil.example/"),
        ];
        let body = json!({ "email": "ada@example.com", "password": "correct horse 1" }).to_string();
        let answer = server.send("POST", "/sign-in/email", &headers, body).await;
        assert_eq!(answer.refusal(), "403 INVALID_CALLBACK_URL Invalid callbackURL");
        let answer = server.post("/sign-up/email", &sign_up("ada@example.com")).await;
        assert_eq!(answer.refusal(), "400 VALIDATION_ERROR Null characters are not allowed");
    }

    pub async fn headers_and_cookies_are_added(place: Place) {
        let script = r#"before("/ok", |ctx| {
            set_header("X-Policy", "one");
            set_header("x-policy", "two");
            set_cookie("theme", "dä;rk", #{ max_age: 60 });
            delete_cookie("old");
        });"#;
        let Scripted { server, _folder } = Scripted::start(&place, script).await;
        let answer = server.get("/ok", "").await;
        assert_eq!(answer.headers.all("x-policy").collect::<Vec<_>>(), ["two"]);
        assert_eq!(
            answer.headers.all("set-cookie").collect::<Vec<_>>(),
            [
                "theme=d%C3%A4%3Brk; Max-Age=60; Path=/; HttpOnly; SameSite=Lax",
                "old=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"
            ]
        );
    }

    pub async fn methods_and_patterns_decide(place: Place) {
        let script = r#"
            before(["/sign-in/*", "/sign-up/**"], |ctx| { reject(403, "GROUP", ctx.path); });
            before("GET", "/get-session", |ctx| { reject(403, "READ", ctx.method); });
        "#;
        let Scripted { server, _folder } = Scripted::start(&place, script).await;
        let body = sign_up("ada@example.com");
        assert_eq!(server.post("/sign-in/email", &body).await.refusal(), "403 GROUP /sign-in/email");
        assert_eq!(server.post("/sign-up/email", &body).await.refusal(), "403 GROUP /sign-up/email");
        assert_eq!(server.get("/get-session", "").await.refusal(), "403 READ GET");
        assert_eq!(server.post("/get-session", &json!({})).await.status, 405);
        assert_eq!(server.get("/ok", "").await.status, 200);
    }

    pub async fn scripts_run_in_order_until_one_answers(place: Place) {
        let first = r#"before("/ok", |ctx| { ctx.query.seen = "1"; set_header("x-order", "first"); });"#;
        let second = r#"
            before("/ok", |ctx| { if ctx.query.seen == "1" { respond(200, ctx.query); } });
            before("/ok", |ctx| { set_header("x-order", "third"); });
        "#;
        let Scripted { server, _folder } = Scripted::start_with(&place, &[(first, ""), (second, "")], "").await;
        let answer = server.get("/ok?a=1&a=2&b=x%26y", "").await;
        assert_eq!(answer.json(), json!({ "a": ["1", "2"], "b": "x&y", "seen": "1" }));
        assert_eq!(answer.headers.get("x-order"), Some("first"));
    }

    pub async fn an_outcome_cannot_be_caught(place: Place) {
        let script = r#"
            fn refuse() { reject(403, "NO", "No"); }
            before("/ok", |ctx| { try { refuse(); } catch { } respond(200, "caught"); });
        "#;
        let Scripted { server, _folder } = Scripted::start(&place, script).await;
        assert_eq!(server.get("/ok", "").await.refusal(), "403 NO No");
    }

    pub async fn after_sees_and_changes_the_answer(place: Place) {
        let script = r#"after("/sign-up/email", |ctx| {
            if ctx.status == 200 && ctx.new_session != () && ctx.new_user.email == ctx.body.email {
                ctx.response.greeting = "Welcome " + ctx.response.user.name;
                set_header("x-user", ctx.new_session.userId);
            }
        });"#;
        let Scripted { server, _folder } = Scripted::start(&place, script).await;
        let answer = server.post("/sign-up/email", &sign_up("ada@example.com")).await;
        let body = answer.json();
        assert_eq!(body["greeting"], "Welcome Ada");
        assert_eq!(answer.headers.get("x-user"), body["user"]["id"].as_str());
        assert!(server.get("/get-session", &answer.cookie()).await.json().is_object());
    }

    pub async fn after_sees_refusals_too(place: Place) {
        let script = r#"after("/sign-in/*", |ctx| {
            set_header("x-seen", "" + ctx.status + " " + ctx.response.code);
            if ctx.new_session != () { throw "a session after all"; }
        });"#;
        let Scripted { server, _folder } = Scripted::start(&place, script).await;
        let answer = server.post("/sign-in/email", &sign_up("ada@example.com")).await;
        assert_eq!(answer.refusal(), "401 INVALID_EMAIL_OR_PASSWORD Invalid email or password");
        assert_eq!(answer.headers.get("x-seen"), Some("401 INVALID_EMAIL_OR_PASSWORD"));
    }

    pub async fn a_refusal_after_ends_the_session(place: Place) {
        for end in [r#"reject(403, "NOT_NOW", "Not now")"#, r#"respond(403, #{ code: "NOT_NOW", message: "Not now" })"#]
        {
            let script = format!(r#"after("/sign-in/*", |ctx| {{ set_cookie("theme", "dark"); {end}; }});"#);
            let Scripted { server, _folder } = Scripted::start(&place, &script).await;
            server.post("/sign-up/email", &sign_up("ada@example.com")).await;
            let sessions = server.rows("session").await;
            let answer = server.post("/sign-in/email", &sign_up("ada@example.com")).await;
            assert_eq!(answer.refusal(), "403 NOT_NOW Not now");
            assert!(answer.headers.get("set-cookie").is_none(), "{:?}", answer.headers);
            assert_eq!(server.rows("session").await, sessions);
        }
    }

    pub async fn an_after_script_that_fails_changes_nothing(place: Place) {
        for failure in ["throw \"x\"", "loop { }", "ctx.body.name = \"Eve\"", "redirect(\"https://evil.example\")"] {
            let script = format!(
                r#"after("/sign-up/email", |ctx| {{ set_header("x-a", "b"); ctx.response.token = "x"; {failure}; }});"#
            );
            let Scripted { server, _folder } = Scripted::start(&place, &script).await;
            let email = format!("{}@example.com", failure.len());
            let answer = server.post("/sign-up/email", &sign_up(&email)).await;
            assert_eq!((answer.status, answer.headers.get("x-a")), (200, None), "{failure}");
            let session = server.get("/get-session", &answer.cookie()).await.json();
            assert_eq!(session["session"]["token"], answer.json()["token"], "{failure}");
        }
    }
}
