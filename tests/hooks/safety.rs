//! Scripts cannot stall the server, be slipped past, or leave a client with more than its refusal.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use super::{FAILED, Scripted, sign_up};
use crate::store::on_sqlite;

/// Functions of the host, called as dearly as possible inside of a hook at `/ok`.
const DEAR: &[(&str, &str)] = &[
    ("regular expression", r#"let s = ""; s.pad(1024, "a"); loop { s.matches("(a|aa|aaa)+(x+x+)+y$"); }"#),
    ("groups", r#"let s = ""; s.pad(1024, "a"); loop { s.captures("(a*)*(a*)*(a*)*b"); }"#),
    ("glob", r#"let s = ""; s.pad(1024, "a"); loop { s.glob("*a*a*a*a*a*a*a*a*b"); }"#),
    ("many patterns", r#"let n = 0; loop { n += 1; "x".matches("\\w{20}" + n); }"#),
    ("large pattern", r#""x".matches("(\\w{50}){50}")"#),
    ("dear pattern", r#"let s = ""; s.pad(1024, "a"); loop { s.matches("(([ab]?){30}){30}[0-9]"); }"#),
    ("hash", r#"let s = ""; s.pad(60000, "x"); loop { sha256(s); }"#),
    ("signature", r#"let s = ""; s.pad(60000, "x"); loop { hmac_sha256(s, s); sign(s); }"#),
    ("random", "loop { random_text(256); random(0, 1000000); }"),
    ("counters", "loop { counter(random_text(20), 600); }"),
    ("counters without end", r#"counter("x", 100000000)"#),
    ("long key", r#"let s = ""; s.pad(600, "x"); count(s)"#),
    ("wait", "slow_down(100000)"),
    ("many mails", r#"loop { send_mail("a@example.com", "x", #{}); }"#),
    ("many notes", r#"loop { audit("x", #{}); }"#),
    ("long times", "days(9223372036854775807)"),
    ("far dates", "date(9223372036854775807)"),
    ("caught", r#"let s = ""; s.pad(60000, "x"); loop { try { loop { sha256(s); } } catch { } }"#),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rh_1_no_function_outlasts_the_limits() {
    on_sqlite(|place| async move {
        let mut wrong = Vec::new();
        for (name, payload) in DEAR {
            let script = format!("before(\"/ok\", |ctx| {{ {payload} }});");
            let scripted = Scripted::start(&place, &script).await;
            let sending = scripted.server.get("/ok", "");
            let Ok(answer) = tokio::time::timeout(Duration::from_secs(20), sending).await else {
                panic!("{name}: hangs");
            };
            if answer.refusal() != FAILED {
                wrong.push(format!("{name}: {}", answer.refusal()));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rh_2_what_a_client_sends_too_large_is_its_own_fault() {
    on_sqlite(|place| async move {
        let script =
            r#"before("/ok", |ctx| { if ctx.user_agent.matches("^Bot") { reject(403, "BOT", "No bots"); } });"#;
        let Scripted { server, _folder } = Scripted::start(&place, script).await;
        let agent = "x".repeat(2000);
        let answer = server.send("GET", "/ok", &[("user-agent", agent.as_str())], "").await;
        assert_eq!(answer.refusal(), "413 PAYLOAD_TOO_LARGE Request body is too large");
        assert_eq!(server.send("GET", "/ok", &[("user-agent", "Bot")], "").await.refusal(), "403 BOT No bots");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rh_1_a_slow_script_leaves_the_workers() {
    on_sqlite(|place| async move {
        let script = r#"
            before("/ok", |ctx| { loop { } });
            before("/error", |ctx| { respond(200, 1); });
        "#;
        let Scripted { server, _folder } = Scripted::start(&place, script).await;
        assert_eq!(server.get("/ok", "").await.refusal(), FAILED);
        let (slow, fast) = tokio::join!(
            join_all((0..200).map(|_| server.get("/ok", ""))),
            join_all((0..200).map(|_| server.get("/get-session", ""))),
        );
        let refused = slow.iter().filter(|answer| answer.status == 503).count();
        assert!(slow.iter().all(|answer| answer.status == 503 || answer.refusal() == FAILED));
        assert!(
            refused > 0
                && slow.iter().filter(|answer| answer.status == 503).all(|a| a.headers.get("retry-after").is_some())
        );
        assert!(fast.iter().all(|answer| answer.status == 200));
        let counts = &server.script_metrics()[0];
        assert_eq!(counts.calls, counts.failures);
        assert!(counts.slow_calls > 0 && counts.micros() > 0, "{counts:?}");
        // Its other hooks are slow ones too, and work.
        assert_eq!(server.get("/error", "").await.json(), json!(1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rh_4_f_9_a_gate_stands_before_every_way_in() {
    on_sqlite(|place| async move {
        let script = r#"gate(|ctx| { if ctx.path != "/sign-up/email" { throw "broken"; } });"#;
        let options = "email_verification = { send_verification_email = true, auto_sign_in_after_verification = true, \
                       send_on_sign_up = true }\nmail.transport = \"mailbox\"";
        let Scripted { server, _folder } = Scripted::start_with(&place, &[(script, "")], options).await;
        assert_eq!(server.post("/sign-up/email", &sign_up("ada@example.com")).await.status, 200);
        let password = server.post("/sign-in/email", &sign_up("ada@example.com")).await;
        assert_eq!(password.refusal(), FAILED);
        let verified = server.follow(&server.mail("verify-email").await, "").await;
        for (way, answer) in [("password", password), ("verification", verified)] {
            let set = answer.headers.all("set-cookie").any(|line| !line.contains("Max-Age=0;"));
            assert!(!set, "{way}: {:?}", answer.headers);
        }
        assert_eq!(
            server.rows("session").await,
            0,
            "the proof of the address ended the first one, and nothing came after it"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rh_4_f_9_a_failure_after_the_cookie_keeps_the_answer_whole() {
    on_sqlite(|place| async move {
        let script = r#"
            after("/sign-in/**", |ctx| { set_cookie("half", "done"); webhook("half", #{}); throw "broken"; });
            after("session.create", |ctx| { throw "broken"; });
        "#;
        let webhook = "webhook = { url = \"http://127.0.0.1:1/\" }";
        let Scripted { server, _folder } = Scripted::start_with(&place, &[(script, webhook)], "").await;
        server.post("/sign-up/email", &sign_up("ada@example.com")).await;
        let answer = server.post("/sign-in/email", &sign_up("ada@example.com")).await;
        assert_eq!(answer.status, 200);
        assert!(!answer.cookies().contains("half"));
        assert!(server.get("/get-session", &answer.cookies()).await.json().is_object());
        assert_eq!(server.rows("doorward_outbox").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rh_5_no_script_counts_with_anothers_counters_or_signs_as_another() {
    on_sqlite(|place| async move {
        let first = r#"before("/ok", |ctx| { respond(200, #{ n: counter("n", 60), s: sign("x") }); });"#;
        let second = r#"before("/error", |ctx| { respond(200, #{ n: counter("n", 60), s: sign("x") }); });"#;
        let Scripted { server, _folder } = Scripted::start_with(&place, &[(first, ""), (second, "")], "").await;
        let (one, other) = (server.get("/ok", "").await.json(), server.get("/error", "").await.json());
        assert_eq!((&one["n"], &other["n"]), (&json!(1), &json!(1)));
        assert_ne!(one["s"], other["s"]);
    })
    .await;
}
