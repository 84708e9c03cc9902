//! The audit log: what is stored, who reads it, and that nobody changes it unseen.

use doorward::auth::audit::{self, AuditEvent, Keys, Verified, write_now};
use doorward::auth::sweeper::sweep_audit;
use doorward::store::Store;
use serde_json::{Value as Json, json};

use super::{with_admin, with_role};
use crate::fixture::{Answer, Fixture};
use crate::routes::{ada, sign_up, sign_up_as, with};
use crate::store::{Place, on_both};

on_both!(
    what_people_do_is_stored,
    only_who_may_reads_it,
    it_is_asked_for_in_pages,
    a_row_that_was_touched_is_found,
    two_writers_make_one_chain,
    old_events_leave_and_the_chain_holds,
    nothing_is_stored_where_it_is_off,
    a_backend_reads_it_by_its_key,
    hours_are_counted,
    a_link_is_an_event_when_it_is_followed,
);

const KEY: &str = "key-for-the-audit-0123456789-0123456789";

async fn read(server: &Fixture, cookie: &str, query: &str) -> Answer {
    server.auth().audit.flush().await;
    server.send_to_root("GET", &format!("/api/audit{query}"), &[("cookie", cookie)]).await
}

async fn events(server: &Fixture, cookie: &str, query: &str) -> Vec<Json> {
    let answer = read(server, cookie, query).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["events"].as_array().unwrap().clone()
}

async fn verified(server: &Fixture) -> Verified {
    server.auth().audit.flush().await;
    audit::verify(server.store(), &Keys::of(&server.auth().config)).await.unwrap()
}

/// `N: what is wrong` of each finding.
async fn findings(server: &Fixture) -> Vec<String> {
    let found = verified(server).await.findings.into_iter();
    found
        .map(|found| format!("{}: {}", found.seq.map_or_else(|| "head".into(), |seq| seq.to_string()), found.text))
        .collect()
}

async fn what_people_do_is_stored(place: Place) {
    let server = Fixture::start(&place, &with_admin("", "")).await;
    let admin = with_role(&server, &place, "grace", "admin").await;
    let signed_up = sign_up(&server).await;
    let ada_id = signed_up.json()["user"]["id"].as_str().unwrap().to_owned();
    let grace_id = server.get("/get-session", &admin).await.json()["user"]["id"].as_str().unwrap().to_owned();
    let headers = [
        ("origin", "http://localhost:3000"),
        ("content-type", "application/json"),
        ("user-agent", "a browser of\u{7}a test"),
    ];
    server.send("POST", "/sign-in/email", &headers, with(ada(), "password", json!("wrong guess 1")).to_string()).await;
    server.send("POST", "/sign-in/email", &headers, ada().to_string()).await;
    let changed = json!({ "currentPassword": "correct horse 1", "newPassword": "correct horse 2" });
    assert_eq!(server.post_as("/change-password", &signed_up.cookie(), &changed).await.status, 200);
    let ban = json!({ "userId": ada_id, "banReason": "spam" });
    assert_eq!(server.post_as("/admin/ban-user", &admin, &ban).await.status, 200);

    let stored = events(&server, &admin, "").await;
    let names: Vec<&str> = stored.iter().rev().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["sign-up", "sign-up", "sign-in", "sign-in", "password-change", "admin/ban-user"]);
    let [ban, change, signed_in, guess, ..] = stored.as_slice() else { panic!("{stored:#?}") };
    assert_eq!((&ban["actor"], &ban["target"], &ban["actorKind"]), (&json!(grace_id), &json!(ada_id), &json!("user")));
    assert_eq!((&change["actor"], &change["target"]), (&json!(ada_id), &Json::Null));
    assert_eq!((&signed_in["outcome"], &signed_in["how"]), (&json!("done"), &json!("email")));
    assert_eq!((&guess["outcome"], &guess["code"]), (&json!("refused"), &json!("INVALID_EMAIL_OR_PASSWORD")));
    assert_eq!((&guess["client"], &guess["userAgent"]), (&json!("127.0.0.1"), &json!("a browser of\u{7}a test")));
    assert_eq!((&guess["actorKind"], &guess["account"]), (&json!("stranger"), &signed_in["account"]));
    let all = json!(stored).to_string();
    for secret in ["correct horse", "wrong guess", "example.com", "Ada"] {
        assert!(!all.contains(secret), "{secret}");
    }
    assert_eq!(findings(&server).await, [""; 0]);
    // Who only looks changes nothing.
    let before = server.rows("doorward_audit").await;
    server.get("/get-session", &admin).await;
    server.auth().audit.flush().await;
    assert_eq!(server.rows("doorward_audit").await, before);
}

async fn only_who_may_reads_it(place: Place) {
    let server = Fixture::start(&place, &with_admin("", "")).await;
    let admin = with_role(&server, &place, "grace", "admin").await;
    let user = sign_up_as(&server, "ada@example.com").await;
    for path in ["", "/export", "/counts"] {
        assert_eq!(read(&server, "", path).await.refusal(), "401 UNAUTHORIZED Unauthorized");
        assert_eq!(
            read(&server, &user, path).await.refusal(),
            "403 PERMISSION_REQUIRED You are not allowed to do this"
        );
        let answer = read(&server, &admin, path).await;
        assert_eq!((answer.status, answer.headers.get("cache-control")), (200, Some("no-store")), "{path}");
    }
    place.sql("update session set \"impersonatedBy\" = 'somebody'").await;
    let refusal = read(&server, &admin, "").await.refusal();
    assert_eq!(refusal, "403 NOT_ALLOWED_WHILE_IMPERSONATING You cannot do this while you impersonate someone");
}

async fn it_is_asked_for_in_pages(place: Place) {
    let server = Fixture::start(&place, &with_admin("", "")).await;
    let admin = with_role(&server, &place, "grace", "admin").await;
    let signed_up = sign_up(&server).await;
    let id = signed_up.json()["user"]["id"].as_str().unwrap().to_owned();
    for _ in 0..4 {
        server.pass_secs(60);
        server.post("/sign-in/email", &with(ada(), "password", json!("wrong guess 1"))).await;
    }
    server.post("/sign-in/email", &ada()).await;
    let seqs = |events: &[Json]| events.iter().map(|event| event["seq"].as_i64().unwrap()).collect::<Vec<_>>();
    let first = read(&server, &admin, "?limit=3").await.json();
    assert_eq!((seqs(first["events"].as_array().unwrap()), &first["next"]), (vec![7, 6, 5], &json!(5)));
    let second = read(&server, &admin, "?limit=100&before=5").await.json();
    assert_eq!((seqs(second["events"].as_array().unwrap()), &second["next"]), (vec![4, 3, 2, 1], &Json::Null));
    for (query, expected) in [
        (format!("?user={id}"), vec![7, 2]),
        ("?event=sign-up".to_owned(), vec![2, 1]),
        ("?event=sign-in&outcome=refused".to_owned(), vec![6, 5, 4, 3]),
        ("?from=2026-01-01T00:03:00Z".to_owned(), vec![7, 6, 5]),
        ("?until=2026-01-01T00:01:00Z".to_owned(), vec![2, 1]),
        ("?email=Ada@Example.com".to_owned(), vec![7, 6, 5, 4, 3, 2]),
        ("?event=nothing".to_owned(), vec![]),
    ] {
        assert_eq!(seqs(&events(&server, &admin, &query).await), expected, "{query}");
    }
    for query in ["?limit=0", "?limit=201", "?limit=x", "?before=x", "?from=soon", "?outcome=maybe"] {
        assert_eq!(read(&server, &admin, query).await.status, 400, "{query}");
    }
    let export = read(&server, &admin, "/export?event=sign-up").await;
    assert_eq!(export.headers.get("content-type"), Some("application/x-ndjson; charset=utf-8"));
    let lines: Vec<Json> = export.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(seqs(&lines), [2, 1]);
    assert_eq!(events(&server, &admin, "?limit=1").await[0]["event"], "audit-export", "who takes it away is noted");
}

async fn a_row_that_was_touched_is_found(place: Place) {
    let server = Fixture::start(&place, "").await;
    for name in ["a", "b", "c", "d", "e"] {
        sign_up_as(&server, &format!("{name}@example.com")).await;
    }
    assert_eq!(findings(&server).await, [""; 0]);
    assert_eq!(verified(&server).await.range, Some((1, 5)));

    place.sql("update doorward_audit set outcome = 'refused' where seq = 3").await;
    assert_eq!(findings(&server).await, ["3: it was changed or inserted by hand"]);
    place.sql("update doorward_audit set outcome = 'done' where seq = 3").await;
    assert_eq!(findings(&server).await, [""; 0]);

    place.sql("update doorward_audit set seq = 9, id = 'x' where seq = 4").await;
    let found = findings(&server).await;
    assert_eq!(found, ["4: it was removed", "9: it was inserted by hand: the chain does not reach it"]);
    place.sql("update doorward_audit set seq = 4, id = '4' where seq = 9").await;

    // Without the end, the rest is whole in itself; the head tells.
    place.sql("delete from doorward_audit where seq = 5").await;
    assert_eq!(findings(&server).await, ["5: it was removed"]);
    // Who moves the head too is found, and what the server writes next hides nothing.
    place.sql("update doorward_audit_head set last = 4, tip = (select mac from doorward_audit where seq = 4)").await;
    let head = "head: the head of the chain was changed, or its secret is not in the configuration any more";
    assert_eq!(findings(&server).await, [head]);
    sign_up_as(&server, "f@example.com").await;
    assert_eq!(findings(&server).await, ["5: before it, the head of the chain was changed by hand"]);
    place.sql("delete from doorward_audit_head").await;
    assert_eq!(findings(&server).await.len(), 1);
}

async fn two_writers_make_one_chain(place: Place) {
    let first = Fixture::start(&place, "").await;
    let second = Fixture::start(&place, "").await;
    let keys = || Keys::of(&first.auth().config);
    let writers = [&first, &second].map(|server| {
        let (store, keys) = (Store::clone(server.store()), keys());
        tokio::spawn(async move {
            for number in 0..30 {
                let mut event = AuditEvent::new("test", doorward::clock::Timestamp(number));
                event.details = Some(json!({ "number": number }));
                write_now(&store, &keys, &[event.clone(), event]).await.unwrap();
            }
        })
    });
    for writer in writers {
        writer.await.unwrap();
    }
    let verified = verified(&first).await;
    assert_eq!((verified.rows, verified.range, verified.findings), (120, Some((1, 120)), Vec::new()));
}

async fn old_events_leave_and_the_chain_holds(place: Place) {
    let server = Fixture::start(&place, "audit.retention = 30").await;
    for day in 0..4 {
        sign_up_as(&server, &format!("{day}@example.com")).await;
        server.pass_secs(20 * 86_400);
        server.auth().audit.flush().await;
    }
    // The clock stands at day 80.
    assert_eq!(sweep_audit(server.store(), server.auth()).await.unwrap(), 3);
    assert_eq!(sweep_audit(server.store(), server.auth()).await.unwrap(), 0);
    let left = verified(&server).await;
    assert_eq!((left.range, left.findings), (Some((4, 4)), Vec::new()));
    sign_up_as(&server, "9@example.com").await;
    assert_eq!(verified(&server).await.range, Some((4, 5)));
    server.pass_secs(200 * 86_400);
    assert_eq!(sweep_audit(server.store(), server.auth()).await.unwrap(), 2);
    assert_eq!(findings(&server).await, [""; 0], "an empty chain is whole");
    sign_up_as(&server, "10@example.com").await;
    assert_eq!(verified(&server).await.range, Some((6, 6)));
    // What is put back before the beginning is found.
    place.sql("update doorward_audit set seq = 2 where seq = 6").await;
    let found = findings(&server).await;
    assert_eq!(found, ["6: it was removed", "2: it was inserted by hand: the chain does not reach it"]);
}

async fn nothing_is_stored_where_it_is_off(place: Place) {
    let server = Fixture::start(&place, "audit.enabled = false").await;
    sign_up(&server).await;
    server.auth().audit.flush().await;
    assert_eq!(server.rows("doorward_audit").await, 0);
}

async fn a_backend_reads_it_by_its_key(place: Place) {
    let options = format!(
        "[management]\naddress = \"127.0.0.1:0\"\nkeys = [\n{{ name = \"auditor\", value = \"{KEY}\", scopes = [\"list-audit\"] }}]\n"
    );
    let server = Fixture::start(&place, &options).await;
    sign_up(&server).await;
    let refused = server.call_function(KEY, "export-audit", &json!({})).await;
    assert_eq!(refused.refusal(), "403 INSUFFICIENT_SCOPE The key may not call this function");
    server.auth().audit.flush().await;
    let answer = server.call_function(KEY, "list-audit", &json!({ "query": { "limit": "5" } })).await.json();
    let [call, sign_up] = answer["events"].as_array().unwrap().as_slice() else { panic!("{answer}") };
    assert_eq!((&call["event"], &call["actor"]), (&json!("management-call"), &json!("auditor")));
    assert_eq!((&call["actorKind"], &call["path"]), (&json!("key"), &json!("/export-audit")));
    assert_eq!(sign_up["event"], "sign-up");
}

async fn hours_are_counted(place: Place) {
    let server = Fixture::start(&place, &with_admin("", "")).await;
    let admin = with_role(&server, &place, "grace", "admin").await;
    sign_up(&server).await;
    for (password, hours) in [("correct horse 1", 2), ("wrong guess 1", 0), ("correct horse 1", 20)] {
        server.post("/sign-in/email", &with(ada(), "password", json!(password))).await;
        server.pass_secs(hours * 3600);
    }
    server.auth().audit.flush().await;
    let hours = read(&server, &admin, "/counts").await.json()["hours"].as_array().unwrap().clone();
    assert_eq!((hours.len(), &hours[23]["from"]), (24, &json!("2026-01-01T22:00:00.000Z")));
    assert_eq!(hours[1], json!({ "from": "2026-01-01T00:00:00.000Z", "signIns": 1, "failures": 0 }));
    assert_eq!(hours[3], json!({ "from": "2026-01-01T02:00:00.000Z", "signIns": 1, "failures": 1 }));
    let total = |name: &str| hours.iter().map(|hour| hour[name].as_u64().unwrap()).sum::<u64>();
    assert_eq!((total("signIns"), total("failures")), (2, 1));
}

async fn a_link_is_an_event_when_it_is_followed(place: Place) {
    let server = Fixture::start(&place, &with_admin("advanced.confirm_links = true", "")).await;
    let admin = with_role(&server, &place, "grace", "admin").await;
    let link = "/verify-email?token=none&callbackURL=%2Fhome";
    let page = server.get(link, "").await;
    assert!(page.text.contains("<button>"), "{}", page.text);
    assert!(events(&server, &admin, "?event=email-verification").await.is_empty(), "nobody pressed the button");
    assert_eq!(server.get(&format!("{link}&confirmed=1"), "").await.status, 302);
    let told = events(&server, &admin, "?event=email-verification").await;
    let shown: Vec<_> = told.iter().map(|event| (&event["outcome"], &event["code"], &event["status"])).collect();
    assert_eq!(shown, [(&json!("refused"), &json!("INVALID_TOKEN"), &json!(302))]);
}
