//! The moments beyond endpoints: changes of rows, sign-ins, mails and claims.

use std::time::Duration;

use serde_json::{Map, json};

use super::{FAILED, Scripted, load, sign_up};
use crate::fixture::Answer;
use crate::store::{Place, on_both, on_sqlite};

on_both!(
    a_change_alters_what_is_written,
    reserved_fields_stay_as_they_are,
    a_refused_change_leaves_nothing,
    what_a_change_causes_commits_with_it,
    sessions_that_are_too_many_end,
    old_passwords_are_refused,
);

async fn sign_in(server: &crate::fixture::Fixture) -> Answer {
    server.post("/sign-in/email", &json!({ "email": "ada@example.com", "password": "correct horse 1" })).await
}

async fn a_change_alters_what_is_written(place: Place) {
    let script = r#"
        before("user.create", |ctx| { ctx.data.name = ctx.data.name + " of " + ctx.path; });
        before("user.update", |ctx| {
            if ctx.actor.id != ctx.data.id { throw "someone else"; }
            if "name" in ctx.changed { ctx.changes.name = ctx.data.name + " -> " + ctx.changes.name; }
            ctx.changes.image = "a.png";
        });
    "#;
    let Scripted { server, _folder } = Scripted::start(&place, script).await;
    let made = server.post("/sign-up/email", &sign_up("ada@example.com")).await;
    assert_eq!(made.json()["user"]["name"], "Ada of /sign-up/email");
    let answer = server.post_as("/update-user", &made.cookie(), &json!({ "name": "Grace" })).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let user = &server.records("user").await[0];
    assert_eq!((user.text("name"), user.text("image")), ("Ada of /sign-up/email -> Grace", "a.png"));
}

async fn reserved_fields_stay_as_they_are(place: Place) {
    for change in [
        r#"before("user.create", |ctx| { ctx.data.id = "1"; });"#,
        r#"before("user.create", |ctx| { ctx.data.email = "eve@evil.net"; });"#,
        r#"before("user.create", |ctx| { ctx.data.emailVerified = true; });"#,
        r#"before("user.create", |ctx| { ctx.data.role = "admin"; });"#,
        r#"before("user.create", |ctx| { ctx.data.remove("email"); });"#,
        r#"before("user.create", |ctx| { ctx.data.name = 1; });"#,
        r#"before("session.create", |ctx| { ctx.data.userId = "1"; });"#,
        r#"before("session.create", |ctx| { ctx.data.token = "1"; });"#,
        r#"before("session.create", |ctx| { ctx.data.expiresAt = "2099-01-01T00:00:00.000Z"; });"#,
        r#"before("account.create", |ctx| { ctx.data.password = "hash"; });"#,
        r#"before("account.create", |ctx| { ctx.data.providerId = "google"; });"#,
        r#"before("*.*", |ctx| { throw "x"; });"#,
        r#"before("user.create", |ctx| { set_cookie("a", "b"); });"#,
        r#"before("user.create", |ctx| { respond(200, #{}); });"#,
    ] {
        let Scripted { server, _folder } = Scripted::start(&place, change).await;
        let answer = server.post("/sign-up/email", &sign_up("ada@example.com")).await;
        assert_eq!(answer.refusal(), FAILED, "{change}");
        assert!(answer.headers.get("set-cookie").is_none(), "{change}");
        assert_eq!(server.counts().await, [0; 5], "{change}");
    }
}

async fn a_refused_change_leaves_nothing(place: Place) {
    for moment in ["before", "after"] {
        let script = format!(r#"{moment}("account.create", |ctx| {{ reject(403, "NOT_TODAY", ctx.user.email); }});"#);
        let Scripted { server, _folder } = Scripted::start(&place, &script).await;
        let answer = server.post("/sign-up/email", &sign_up("ada@example.com")).await;
        assert_eq!(answer.refusal(), "403 NOT_TODAY ada@example.com", "{moment}");
        assert_eq!(server.counts().await, [0; 5], "{moment}");
    }
}

async fn what_a_change_causes_commits_with_it(place: Place) {
    let script = r#"
        after("user.create", |ctx| { send_mail(ctx.data.email, "welcome", #{ url: "https://x/" + ctx.data.id }); });
        after("session.create", |ctx| { if ctx.user_agent == "refused" { reject(403, "NO", "No"); } });
    "#;
    let options = "mail.transport = \"mailbox\"";
    let Scripted { server, _folder } = Scripted::start_with(&place, &[(script, "")], options).await;
    let headers =
        [("origin", "http://localhost:3000"), ("content-type", "application/json"), ("user-agent", "refused")];
    let answer = server.send("POST", "/sign-up/email", &headers, sign_up("eve@example.com").to_string()).await;
    assert_eq!(answer.refusal(), "403 NO No");
    let answer = server.post("/sign-up/email", &sign_up("ada@example.com")).await;
    let mails = server.mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!((mails[0].to.as_str(), mails[0].kind.as_str()), ("ada@example.com", "welcome"));
    assert!(mails[0].text.contains(answer.json()["user"]["id"].as_str().unwrap()), "{}", mails[0].text);
}

async fn sessions_that_are_too_many_end(place: Place) {
    let script = include_str!("../../hooks/max_sessions.rhai");
    let config = "config = { max = 2 }";
    let Scripted { server, _folder } = Scripted::start_with(&place, &[(script, config)], "").await;
    let mut cookies = vec![server.post("/sign-up/email", &sign_up("ada@example.com")).await.cookie()];
    server.post("/sign-up/email", &sign_up("grace@example.com")).await;
    for _ in 0..2 {
        server.pass_secs(1);
        cookies.push(sign_in(&server).await.cookie());
    }
    let mut alive = Vec::new();
    for cookie in &cookies {
        alive.push(server.get("/get-session", cookie).await.json().is_object());
    }
    assert_eq!(alive, [false, true, true]);
    assert_eq!(server.rows("session").await, 3, "another user's session stays");
    let refusing = "config = { max = 3, when_full = \"refuse\" }";
    let Scripted { server, _folder } = Scripted::start_with(&place, &[(script, refusing)], "").await;
    assert_eq!(sign_in(&server).await.status, 200);
    assert_eq!(sign_in(&server).await.refusal(), "403 TOO_MANY_SESSIONS Sign out on another device first");
    assert_eq!(server.rows("session").await, 4);
}

async fn old_passwords_are_refused(place: Place) {
    let script = include_str!("../../hooks/password_reuse.rhai");
    let options = "mail.transport = \"mailbox\"";
    let config = "config = { remember = 2 }";
    let Scripted { server, _folder } = Scripted::start_with(&place, &[(script, config)], options).await;
    let cookie = server.post("/sign-up/email", &sign_up("ada@example.com")).await.cookie();
    let change = async |from: &str, to: &str| {
        let body = json!({ "currentPassword": from, "newPassword": to });
        server.post_as("/change-password", &cookie, &body).await.refusal()
    };
    const REFUSED: &str = "400 PASSWORD_ALREADY_USED Choose a password that you did not have before";
    assert_eq!(change("correct horse 1", "correct horse 1").await, REFUSED);
    assert_eq!(change("correct horse 1", "correct horse 2").await, "200 - -");
    assert_eq!(change("correct horse 2", "correct horse 3").await, "200 - -");
    assert_eq!(change("correct horse 3", "correct horse 1").await, REFUSED);
    assert_eq!(change("correct horse 3", "correct horse 4").await, "200 - -");
    assert_eq!(change("correct horse 4", "correct horse 2").await, REFUSED);
    // Remembered are the two before the present one.
    server.post("/request-password-reset", &json!({ "email": "ada@example.com" })).await;
    let token = server.mail("reset-password").await.data["token"].as_str().unwrap().to_owned();
    let reset = async |password: &str| {
        let body = json!({ "newPassword": password, "token": token });
        server.post("/reset-password", &body).await.refusal()
    };
    assert_eq!(reset("correct horse 3").await, REFUSED);
    assert_eq!(reset("correct horse 1").await, "200 - -");
    assert!(server.rows("verification").await > 0);
    // Whoever leaves takes the old passwords along.
    let auth = server.auth();
    let id = server.records("user").await[0].text("id").to_owned();
    assert!(doorward::auth::user_change::delete(auth, &server.scope(), &id).await.unwrap());
    assert_eq!(server.rows("verification").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gate_refuses_or_demands() {
    on_sqlite(|place| async move {
        let script = r#"gate(|ctx| {
            if ctx.user_agent == "banned" { set_cookie("seen", "1"); reject(403, "BANNED", ctx.user.email); }
            if ctx.user_agent == "terms" && ctx.body.terms != "3" { challenge("terms", #{ version: "3" }); }
            if ctx.user_agent == "broken" { ctx.user.role = "admin"; }
            set_header("x-gate", ctx.sign_in_method + " " + ctx.remember + " " + ctx.accounts.len());
        });"#;
        let Scripted { server, _folder } = Scripted::start(&place, script).await;
        server.post("/sign-up/email", &sign_up("ada@example.com")).await;
        let sessions = server.rows("session").await;
        let sign_in = async |agent: &str, terms: &str| {
            let headers =
                [("origin", "http://localhost:3000"), ("content-type", "application/json"), ("user-agent", agent)];
            let body = json!({ "email": "ada@example.com", "password": "correct horse 1", "terms": terms });
            server.send("POST", "/sign-in/email", &headers, body.to_string()).await
        };
        assert_eq!(sign_in("banned", "").await.refusal(), "403 BANNED ada@example.com");
        assert_eq!(sign_in("broken", "").await.refusal(), FAILED);
        let challenged = sign_in("terms", "2").await;
        assert_eq!((challenged.status, challenged.json()), (200, json!({ "challenge": "terms", "version": "3" })));
        assert_eq!(challenged.cookies(), "");
        assert_eq!(server.rows("session").await, sessions);
        let admitted = sign_in("terms", "3").await;
        assert_eq!((admitted.status, admitted.headers.get("x-gate")), (200, Some("email true 1")));
        assert_eq!(server.rows("session").await, sessions + 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_gate_queues_is_written_when_its_transaction_has_ended() {
    on_sqlite(|place| async move {
        // A sign-up asks the gate inside of its transaction.
        let script = r#"gate(|ctx| { send_mail(ctx.user.email, "hello", #{ url: ctx.path }); });"#;
        let options = "mail.transport = \"mailbox\"";
        let Scripted { server, _folder } = Scripted::start_with(&place, &[(script, "")], options).await;
        assert_eq!(server.post("/sign-up/email", &sign_up("ada@example.com")).await.status, 200);
        assert_eq!(server.mail("hello").await.to, "ada@example.com");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_are_changed_and_stopped() {
    on_sqlite(|place| async move {
        let script = r#"
            before_mail("*", |ctx| { ctx.subject = "[" + ctx.kind + "] " + ctx.subject; ctx.text += "\n-- \nAcme"; });
            before_mail(["reset-password"], |ctx| { if ctx.to.ends_with("@example.com") { stop(); } });
        "#;
        let options = "mail.transport = \"mailbox\"";
        let Scripted { server, _folder } = Scripted::start_with(&place, &[(script, "")], options).await;
        for email in ["ada@example.com", "grace@example.org"] {
            server.post("/sign-up/email", &sign_up(email)).await;
            server.post("/request-password-reset", &json!({ "email": email })).await;
        }
        let mails = server.mails().await;
        assert_eq!(mails.len(), 1, "{mails:?}");
        assert_eq!(mails[0].to, "grace@example.org");
        assert!(mails[0].subject.starts_with("[reset-password] "), "{}", mails[0].subject);
        assert!(mails[0].text.ends_with("\n-- \nAcme"), "{}", mails[0].text);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_that_fails_holds_the_mail_back() {
    for change in [
        r#"ctx.to = "eve@evil.net";"#,
        "ctx.subject = 1;",
        r#"ctx.subject = "a\r\nBcc: b";"#,
        r#"reject(400, "A", "b");"#,
    ] {
        on_sqlite(async move |place| {
            let script = format!("before_mail(\"*\", |ctx| {{ {change} }});");
            let options = "mail.transport = \"mailbox\"";
            let Scripted { server, _folder } = Scripted::start_with(&place, &[(script.as_str(), "")], options).await;
            server.post("/sign-up/email", &sign_up("ada@example.com")).await;
            server.post("/request-password-reset", &json!({ "email": "ada@example.com" })).await;
            let mut last_error = None;
            for _ in 0..2000 {
                let rows = server.records("doorward_outbox").await;
                last_error = rows.iter().find_map(|row| row.opt_text("lastError").map(str::to_owned));
                if last_error.is_some() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            assert!(last_error.is_some_and(|error| error.contains(".rhai")), "{change}");
        })
        .await;
    }
}

#[tokio::test]
async fn claims_are_added_and_the_reserved_ones_kept() {
    let scripts = load(include_str!("../../hooks/jwt_claims.rhai")).unwrap();
    let claims: Map<_, _> =
        [("sub".to_owned(), json!("1")), ("iss".to_owned(), json!("https://x"))].into_iter().collect();
    assert_eq!(scripts.claims(&json!({ "id": "1" }), &json!({}), claims.clone()).await.unwrap(), claims);
    let adding = load(r#"claims(|ctx| { ctx.claims.role = ctx.user.role; });"#).unwrap();
    let made = adding.claims(&json!({ "role": "admin" }), &json!({}), claims.clone()).await.unwrap();
    assert_eq!(
        made,
        [claims.clone(), Map::from_iter([("role".to_owned(), json!("admin"))])].into_iter().flatten().collect()
    );
    for (change, status, code) in [
        (r#"ctx.claims.sub = "2";"#, 500, "HOOK_ERROR"),
        (r#"ctx.claims.exp = 99999999999;"#, 500, "HOOK_ERROR"),
        (r#"ctx.claims.remove("iss");"#, 500, "HOOK_ERROR"),
        (r#"ctx.claims = #{};"#, 500, "HOOK_ERROR"),
        (r#"ctx.user.role = "admin";"#, 500, "HOOK_ERROR"),
        (r#"webhook("x", #{});"#, 500, "HOOK_ERROR"),
        (r#"reject(403, "NO_TOKEN", "No");"#, 403, "NO_TOKEN"),
    ] {
        let scripts = load(&format!("claims(|ctx| {{ {change} }});")).unwrap();
        let error = scripts.claims(&json!({}), &json!({}), claims.clone()).await.unwrap_err();
        assert_eq!((error.status, error.code()), (status, Some(code)), "{change}");
    }
}
