//! One request leaves nothing for the next, and scripts see no secrets.

use futures_util::future::join_all;
use serde_json::json;

use super::{FAILED, Scripted, sign_up};
use crate::store::on_sqlite;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rh_5_what_a_closure_takes_along_is_a_copy_for_each_request() {
    on_sqlite(|place| async move {
        let script = r#"
            let count = 0;
            let seen = [];
            let by_name = #{ inner: [] };
            before("/ok", |ctx| {
                count += 1;
                seen.push(ctx.path);
                by_name.inner.push(count);
                config.list.push("more");
                respond(200, #{ count: count, seen: seen.len(), inner: by_name.inner.len(), list: config.list.len() });
            });
        "#;
        let Scripted { server, _folder } =
            Scripted::start_with(&place, &[(script, "config = { list = [\"one\"] }")], "").await;
        let expected = json!({ "count": 1, "seen": 1, "inner": 1, "list": 2 });
        let answers = join_all((0..1000).map(|_| server.get("/ok", ""))).await;
        for answer in answers {
            let answer = answer.json();
            assert!(answer == expected || answer["code"] == "HOOK_ERROR", "{answer}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rh_5_every_request_sees_itself_alone() {
    on_sqlite(|place| async move {
        let script = r#"before("/ok", |ctx| { respond(200, #{ who: ctx.query.who, again: ctx.query["who"] }); });"#;
        let Scripted { server, _folder } = Scripted::start(&place, script).await;
        let paths: Vec<String> = (0..1000).map(|who| format!("/ok?who={who}")).collect();
        let answers = join_all(paths.iter().map(|path| server.get(path, ""))).await;
        for (who, answer) in answers.iter().enumerate() {
            assert_eq!(answer.json(), json!({ "who": who.to_string(), "again": who.to_string() }));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rh_5_secrets_are_out_of_sight() {
    on_sqlite(|place| async move {
        let script = r#"
            before("/get-session", |ctx| {
                respond(200, #{
                    headers: ctx.headers, session: ctx.session, user: ctx.user, address: ctx.client_address,
                });
            });
        "#;
        let Scripted { server, _folder } = Scripted::start(&place, script).await;
        let cookie = server.post("/sign-up/email", &sign_up("ada@example.com")).await.cookie();
        let headers = [("cookie", cookie.as_str()), ("authorization", "Bearer canary"), ("x-plain", "seen")];
        let answer = server.send("GET", "/get-session", &headers, "").await;
        let body = answer.json();
        assert_eq!(body["headers"], json!({ "x-plain": "seen" }));
        assert_eq!(body["user"]["email"], "ada@example.com");
        assert_eq!(body["session"]["userId"], body["user"]["id"]);
        let token = cookie.split_once('=').unwrap().1.split('.').next().unwrap();
        for secret in ["canary", token, "password", "correct horse"] {
            assert!(!answer.text.contains(secret), "{secret} in {}", answer.text);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rh_5_another_scripts_names_are_unknown() {
    on_sqlite(|place| async move {
        let first = r#"let secret = "canary"; fn helper() { "canary" } before("/error", |ctx| { log(secret); });"#;
        let second = r#"before("/ok", |ctx| { respond(200, Fn("helper").call()); });"#;
        let Scripted { server, _folder } = Scripted::start_with(&place, &[(first, ""), (second, "")], "").await;
        assert_eq!(server.get("/ok", "").await.refusal(), FAILED);
    })
    .await;
}
