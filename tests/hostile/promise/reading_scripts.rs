//! Scripts that read: secrets are as far from them as from plugins, whatever moment they run at.

use serde_json::json;

use super::script::{scripted, with_section};
use super::thief::{email, someone};
use crate::fixture::{Answer, Fixture};
use crate::routes::token;
use crate::store::{Place, on_both};

on_both!(
    the_body_before_an_endpoint,
    the_query_and_the_parameters,
    the_body_at_a_gate,
    the_answer_after_an_endpoint,
    the_headers_of_an_answer,
    what_a_mail_carries,
    what_goes_into_the_outbox,
    what_is_secret_is_not_lost,
);

const MAIL: &str = "mail.transport = \"mailbox\"\n";

async fn start(place: &Place, script: &str) -> Fixture {
    scripted(place, script, MAIL).await.unwrap_or_else(|error| panic!("{script}: {error}"))
}

fn whole(answer: &Answer) -> String {
    let headers: Vec<String> = answer.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    format!("{}\n{}", headers.join("\n"), answer.text)
}

/// Each takes what it sees to the client, who stands for whoever wrote the script.
async fn the_body_before_an_endpoint(place: Place) {
    let paths = ["/sign-in/email", "/sign-up/email", "/change-password", "/reset-password", "/verify-password"];
    for take in [
        "respond(200, ctx.body);",
        "respond(200, #{ loot: ctx.body.password + ctx.body.newPassword + ctx.body.currentPassword + ctx.body.token });",
        "let all = []; for key in ctx.body.keys() { all.push(ctx.body[key]); } respond(200, all);",
        "respond(200, ctx.body.values());",
        "let f = |b| b; respond(200, f.call(ctx.body));",
        "respond(200, ctx.body.to_json());",
        "set_cookie(\"loot\", ctx.body.to_json()); respond(200, 1);",
        "set_header(\"x-loot\", ctx.body.to_json()); respond(200, 1);",
        "throw ctx.body.to_json();",
    ] {
        let list = paths.map(|path| format!("{path:?}")).join(", ");
        let server = start(&place, &format!("before([{list}], |ctx| {{ {take} }});")).await;
        for path in paths {
            let body = json!({
                "email": "ada@example.com", "name": "Ada", "password": "secret-word-1", "newPassword": "secret-word-2",
                "currentPassword": "secret-word-3", "token": "secret-word-4",
            });
            let answer = server.post(path, &body).await;
            assert!(!whole(&answer).contains("secret-word"), "{path} {take}: {}", whole(&answer));
        }
    }
    assert!(!super::super::logged("secret-word-"), "nor are they in the log");
}

async fn the_query_and_the_parameters(place: Place) {
    for (path, take) in [
        ("/verify-email?token=secret-word", "respond(200, ctx.query);"),
        ("/delete-user/callback?token=secret-word", "respond(200, ctx.query.token);"),
        ("/reset-password/secret-word?callbackURL=%2F", "respond(200, ctx.params);"),
        ("/reset-password/secret-word?callbackURL=%2F", "respond(200, ctx.path);"),
    ] {
        let script =
            format!("before([\"/verify-email\", \"/delete-user/*\", \"/reset-password/*\"], |ctx| {{ {take} }});");
        let answer = start(&place, &script).await.get(path, "").await;
        assert!(!whole(&answer).contains("secret-word"), "{path} {take}: {}", whole(&answer));
    }
}

async fn the_body_at_a_gate(place: Place) {
    let script = r#"gate(|ctx| { if ctx.path == "/sign-in/email" { challenge("loot", ctx.body); } });"#;
    let server = start(&place, script).await;
    server.post("/sign-up/email", &someone("victim")).await;
    let answer = server.post("/sign-in/email", &someone("victim")).await;
    assert!(answer.text.contains("loot"), "the gate was asked: {}", answer.text);
    assert!(!answer.text.contains("correct horse"), "{}", answer.text);
}

/// What an endpoint answered is not shown with its token; who is to get it, gets it all the same.
async fn the_answer_after_an_endpoint(place: Place) {
    for take in [
        "set_header(\"x-loot\", ctx.response.to_json());",
        "set_header(\"x-loot\", ctx.response.token);",
        "set_header(\"x-loot\", ctx.response.session.token);",
        "set_header(\"x-loot\", ctx.body.to_json());",
        "set_cookie(\"loot\", ctx.new_session.to_json());",
        "respond(200, #{ loot: ctx.response });",
    ] {
        let script = format!("after([\"/sign-in/email\", \"/get-session\"], |ctx| {{ {take} }});");
        let server = start(&place, &script).await;
        server.post("/sign-up/email", &someone("victim")).await;
        let signed_in = server.post("/sign-in/email", &someone("victim")).await;
        let tokens: Vec<String> =
            server.records("session").await.iter().map(|session| session.text("token").to_owned()).collect();
        let got = server.get("/get-session", &signed_in.cookies()).await;
        for answer in [signed_in, got] {
            let mut loot: Vec<&str> = answer.headers.all("x-loot").collect();
            loot.extend(answer.headers.all("set-cookie").filter(|line| line.starts_with("loot=")));
            loot.extend(answer.text.contains("loot").then_some(answer.text.as_str()));
            for secret in tokens.iter().map(String::as_str).chain(["correct horse of victim"]) {
                assert!(!loot.iter().any(|loot| loot.contains(secret)), "{take}: {loot:?}");
            }
        }
    }
}

async fn the_headers_of_an_answer(place: Place) {
    let script = r#"after("/reset-password/*", |ctx| { set_header("x-loot", ctx.response_headers.location); });"#;
    let server = start(&place, script).await;
    server.post("/sign-up/email", &someone("victim")).await;
    server.post("/request-password-reset", &json!({ "email": email("victim") })).await;
    let token = server.mail("reset-password").await.data["token"].as_str().unwrap().to_owned();
    let answer = server.get(&format!("/reset-password/{token}?callbackURL=%2Freset"), "").await;
    assert!(answer.headers.get("location").unwrap().contains(&token), "the browser is sent there all the same");
    let loot = answer.headers.get("x-loot").unwrap_or_default();
    assert!(!loot.contains(&token), "{loot}");
}

/// A script words a mail around a link that it does not see.
async fn what_a_mail_carries(place: Place) {
    for take in [
        "ctx.subject = \"loot \" + ctx.data.token;",
        "ctx.subject = \"loot \" + ctx.data.url;",
        "ctx.subject = \"loot \" + ctx.data.to_json();",
        "let found = ctx.text.captures(\"([a-zA-Z0-9]{24})\"); ctx.subject = \"loot \" + found.to_string();",
        "ctx.subject = \"loot \" + ctx.text.len() + ctx.html; ",
        "audit(\"loot\", #{ data: ctx.data }); ctx.subject = \"loot\";",
    ] {
        let server = start(&place, &format!("before_mail(\"*\", |ctx| {{ {take} }});")).await;
        server.post("/sign-up/email", &someone("victim")).await;
        server.post("/request-password-reset", &json!({ "email": email("victim") })).await;
        let rows = server.records("verification").await;
        let tokens: Vec<&str> =
            rows.iter().filter_map(|row| row.text("identifier").strip_prefix("reset-password:")).collect();
        // One that fails holds its mail back, which harms nobody's secrets.
        let mail = tokio::time::timeout(std::time::Duration::from_secs(4), server.mail("reset-password")).await;
        let Ok(mail) = mail else { continue };
        for token in tokens {
            assert!(!mail.subject.contains(token), "{take}: {}", mail.subject);
            assert!(!super::super::logged(token), "{take}: the audit has it");
        }
        assert!(mail.text.contains("http"), "{take}: the reader gets the link: {}", mail.text);
    }
}

/// What a script sends elsewhere waits in the outbox, without what it was not shown.
async fn what_goes_into_the_outbox(place: Place) {
    let section = "webhook = { url = \"http://127.0.0.1:1/\", secret = \"0123456789abcdef0123456789abcdef\" }\n";
    for script in [
        "before(\"/sign-up/email\", |ctx| { webhook(\"loot\", ctx.body); });",
        "after(\"/sign-up/email\", |ctx| { webhook(\"loot\", #{ body: ctx.body, answer: ctx.response }); });",
        "after(\"session.create\", |ctx| { webhook(\"loot\", ctx.data); });",
        "after(\"account.create\", |ctx| { webhook(\"loot\", ctx.data); });",
        "gate(|ctx| { webhook(\"loot\", ctx.body); });",
    ] {
        let server = with_section(&place, script, section, "").await.unwrap();
        let name = format!("victim{}", server.rows("user").await);
        let answer = server.post("/sign-up/email", &someone(&name)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let rows = server.records("doorward_outbox").await;
        assert!(!rows.is_empty(), "{script}: it was sent");
        for row in rows {
            let payload = row.get("payload").to_json().to_string();
            for secret in [format!("correct horse of {name}"), token(&answer), "$argon2".to_owned()] {
                assert!(!payload.contains(&secret), "{script}: {payload}");
            }
        }
        place.sql("delete from doorward_outbox").await;
    }
}

/// A script that changes the rest of a body or an answer leaves its secrets as they were.
async fn what_is_secret_is_not_lost(place: Place) {
    let script = r#"
        before("/sign-up/email", |ctx| { ctx.body.name = "Changed"; });
        after("/sign-in/email", |ctx| { ctx.response.more = true; });
    "#;
    let server = start(&place, script).await;
    let signed_up = server.post("/sign-up/email", &someone("victim")).await;
    assert_eq!(signed_up.json()["user"]["name"], "Changed", "{}", signed_up.text);
    let answer = server.post("/sign-in/email", &someone("victim")).await;
    assert_eq!((answer.status, answer.json()["more"].clone()), (200, json!(true)), "{}", answer.text);
    let tokens = server.records("session").await;
    assert!(tokens.iter().any(|session| session.text("token") == token(&answer)), "{}", answer.text);
}
