//! What scripts ask in the middle of a call: values that last, counts of all nodes, the user's password, plugins' rows.

use serde_json::{Value as Json, json};

use super::{FAILED, Scripted, sign_up};
use crate::fixture::Fixture;
use crate::store::{Place, on_each, on_sqlite};

on_each!(
    values_last_and_belong_to_their_script_and_user,
    a_value_is_written_with_its_change_or_not_at_all,
    values_know_users_by_numbers_too,
    shared_counts_are_exact,
    the_password_is_that_of_the_user,
);

async fn value(server: &Fixture, cookie: &str) -> Json {
    server.get("/ok", cookie).await.json()
}

async fn member(server: &Fixture, name: &str) -> String {
    server.post("/sign-up/email", &sign_up(&format!("{name}@example.com"))).await.cookie()
}

async fn values_last_and_belong_to_their_script_and_user(place: Place) {
    let script = r#"
        before("/ok", |ctx| {
            let seen = (get_value("seen") ?? #{ n: 0 });
            seen.n += 1;
            set_value("seen", seen);
            if ctx.user != () { set_user_value("visits", (get_user_value("visits") ?? 0) + 1); }
            log("logged once");
            respond(200, #{ seen: get_value("seen").n, mine: get_user_value("visits"), random: random(1, 1000000) != () });
        });
        before("/error", |ctx| { delete_value("seen"); delete_user_value("visits"); });
    "#;
    let other = r#"before("/get-session", |ctx| { respond(200, #{ theirs: get_value("seen") }); });"#;
    let options = "user.delete_user.enabled = true";
    let Scripted { server, _folder } = Scripted::start_with(&place, &[(script, ""), (other, "")], options).await;
    let (ada, eve) = (member(&server, "ada").await, member(&server, "eve").await);
    let told = |seen: i64, mine: Json| json!({ "seen": seen, "mine": mine, "random": true });
    assert_eq!(value(&server, "").await, told(1, Json::Null));
    assert_eq!(value(&server, &ada).await, told(2, json!(1)));
    assert_eq!(value(&server, &ada).await, told(3, json!(2)));
    assert_eq!(value(&server, &eve).await, told(4, json!(1)));
    assert_eq!(server.get("/get-session", &ada).await.json(), json!({ "theirs": null }));
    server.get("/error", &ada).await;
    assert_eq!(value(&server, &ada).await, told(1, json!(1)));
    assert_eq!(server.rows("doorward_script_value").await, 3);
    let delete = server.post_as("/delete-user", &eve, &json!({ "password": "correct horse 1" })).await;
    assert_eq!(delete.status, 200, "{}", delete.text);
    assert_eq!(server.rows("doorward_script_value").await, 2, "they go with their user");
}

async fn a_value_is_written_with_its_change_or_not_at_all(place: Place) {
    let script = r#"
        after("user.create", |ctx| {
            set_value("last", ctx.data.email);
            set_user_value("terms", #{ version: 3 });
            if get_value("last") != ctx.data.email { throw "not seen in the transaction"; }
            if ctx.data.name == "Eve" { reject(403, "NO", "No"); }
        });
        before("user.create", |ctx| { if ctx.data.name == "Early" { set_user_value("a", 1); } });
        before("/ok", |ctx| { respond(200, #{ last: get_value("last"), terms: get_user_value("terms") }); });
    "#;
    let Scripted { server, _folder } = Scripted::start(&place, script).await;
    let body = |name: &str| json!({ "name": name, "email": "ada@example.com", "password": "correct horse 1" });
    assert_eq!(server.post("/sign-up/email", &body("Eve")).await.refusal(), "403 NO No");
    assert_eq!(server.post("/sign-up/email", &body("Early")).await.refusal(), FAILED);
    assert_eq!(value(&server, "").await, json!({ "last": null, "terms": null }));
    let cookie = server.post("/sign-up/email", &body("Ada")).await.cookie();
    assert_eq!(value(&server, &cookie).await, json!({ "last": "ada@example.com", "terms": { "version": 3 } }));
}

async fn values_know_users_by_numbers_too(place: Place) {
    let script = r#"
        after_sign_in(|ctx| { set_user_value("last", ctx.sign_in_method); });
        before("/ok", |ctx| { respond(200, get_user_value("last")); });
    "#;
    let options = "advanced.database.generate_id = \"serial\"";
    let Scripted { server, _folder } = Scripted::start_with(&place, &[(script, "")], options).await;
    let cookie = member(&server, "ada").await;
    assert_eq!(value(&server, &cookie).await, json!("email"));
    assert_eq!(server.records("doorward_script_value").await[0].text("userId"), "1");
}

async fn shared_counts_are_exact(place: Place) {
    let script = r#"
        before("/ok", |ctx| {
            let n = shared_counter("n", 60);
            respond(200, #{ n: n, again: shared_count("n"), other: shared_count("other") });
        });
        before("/error", |ctx| { reset_shared_counter("n"); });
    "#;
    let Scripted { server, _folder } = Scripted::start(&place, script).await;
    let answers = futures_util::future::join_all((0..12).map(|_| value(&server, ""))).await;
    let mut counts: Vec<i64> = answers.iter().map(|answer| answer["n"].as_i64().unwrap()).collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=12).collect::<Vec<_>>());
    assert!(answers.iter().all(|answer| answer["again"].as_i64() >= answer["n"].as_i64() && answer["other"] == 0));
    server.pass_secs(60);
    assert_eq!(value(&server, "").await["n"], 1);
    server.get("/error", "").await;
    assert_eq!(value(&server, "").await["n"], 1);
}

async fn the_password_is_that_of_the_user(place: Place) {
    let script = r#"
        before("/ok", |ctx| { respond(200, [verify_password(ctx.query.password), verify_password("wrong")]); });
        before("/error", |ctx| { for i in 0..3 { verify_password("guess " + i); } });
    "#;
    let secrets = "secrets = [\"/ok\"]";
    let Scripted { server, _folder } = Scripted::start_with(&place, &[(script, secrets)], "").await;
    let cookie = member(&server, "ada").await;
    let right = "/ok?password=correct%20horse%201";
    assert_eq!(server.get(right, &cookie).await.json(), json!([true, false]));
    assert_eq!(server.get("/ok?password=other", &cookie).await.json(), json!([false, false]));
    assert_eq!(server.get(right, "").await.json(), json!([false, false]), "nobody has no password");
    assert_eq!(server.get("/error", &cookie).await.refusal(), FAILED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_are_bounded() {
    on_sqlite(|place| async move {
        for body in [
            r#"for i in 0..17 { get_value("a"); }"#,
            r#"try { for i in 0..17 { get_value("a" + i); } } catch { }"#,
            r#"let long = ""; long.pad(4096, "x"); set_value("a", long);"#,
            r#"let long = ""; long.pad(129, "x"); get_value(long);"#,
            r#"get_value("");"#,
            r#"set_value("a", || 1);"#,
            r#"set_user_value("a", 1);"#,
            r#"shared_counter("a", 0);"#,
            r#"verify_password(());"#,
            r#"rows("nobody.table", #{});"#,
        ] {
            let script = format!("before(\"/ok\", |ctx| {{ {body} respond(200, \"went on\"); }});");
            let Scripted { server, _folder } = Scripted::start(&place, &script).await;
            let answer = server.get("/ok", "").await;
            let is_caught = body.starts_with("try") && answer.json() == json!("went on");
            assert!(is_caught || answer.refusal() == FAILED, "{body}: {}", answer.text);
            assert_eq!(server.rows("doorward_script_value").await, 0, "{body}");
        }
        let fill = r#"before("/ok", |ctx| { for i in 0..15 { set_user_value(ctx.query.part + "-" + i, i); } respond(200, 1); });"#;
        let Scripted { server, _folder } = Scripted::start(&place, fill).await;
        let cookie = member(&server, "ada").await;
        for part in 0..4 {
            let answer = server.get(&format!("/ok?part={part}"), &cookie).await;
            assert_eq!(answer.status, if part < 3 { 200 } else { 500 }, "{}", answer.text);
        }
        assert_eq!(server.rows("doorward_script_value").await, 50);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_is_stopped_is_not_noticed() {
    on_sqlite(|place| async move {
        let readme = include_str!("../../hooks/README.md");
        let (_, rest) = readme.split_once("byte for byte").unwrap();
        let (_, rest) = rest.split_once("```rhai\n").unwrap();
        let (script, _) = rest.split_once("```").unwrap();
        let options = "mail.transport = \"mailbox\"";
        let Scripted { server, _folder } = Scripted::start_with(&place, &[(script, "")], options).await;
        for name in ["eve@example.org", "ada@example.com"] {
            server.post("/sign-up/email", &sign_up(name)).await;
        }
        let mut answers = Vec::new();
        for email in ["eve@example.org", "ada@example.com", "nobody@example.com"] {
            let answer = server.post("/request-password-reset", &json!({ "email": email })).await;
            let mut headers: Vec<_> = answer.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            headers.retain(|line| !line.starts_with("x-request-id") && !line.starts_with("date"));
            answers.push((answer.status, answer.text, headers));
        }
        assert_eq!(answers[0], answers[1]);
        assert_eq!(answers[2], answers[1]);
        let mails = server.mails().await;
        let to: Vec<&str> =
            mails.iter().filter(|mail| mail.kind == "reset-password").map(|mail| mail.to.as_str()).collect();
        assert_eq!(to, ["ada@example.com"]);
    })
    .await;
}
