//! `doorward webhooks` as an operator runs it, a server that is killed, and what commands leave in the audit log.

use super::{Got, OTHER, SECRET, hook};
use crate::first_start::operator::{Folder, answer};
use crate::sinks::HttpSink;

const SIGN_UP: &str = r#"{"name":"Ada","email":"ada@example.com","password":"correct horse 1"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_committed_is_sent_after_a_kill() {
    let sink = HttpSink::start(0, &["204 No Content"]).await;
    let folder = Folder::new();
    folder.succeed(&["init"]);
    folder.append(&hook("crm", sink.port, r#"["user.created"]"#, &format!("secret = \"{SECRET}\"")));
    // Nothing is answered, so that nothing is delivered before the end.
    let all = sink.permits.acquire_many(1000).await.unwrap();
    let server = folder.serve("serve");
    let made = tokio::task::block_in_place(|| answer(&server, "POST", "/api/auth/sign-up/email", SIGN_UP));
    assert_eq!(made.status, 200, "{}", made.body);
    sink.received.take(1).await;
    // As kill -9 does.
    drop(server);
    drop(all);
    let listed = folder.succeed(&["webhooks", "deliveries", "--state", "waiting"]);
    assert!(listed.contains("\tuser.created\tcrm\twaiting\t1\t"), "{listed}");
    // The lease of the dead server ends after a while; an operator need not wait in this test.
    let id = listed.split('\t').next().unwrap().to_owned();
    let shown = folder.succeed(&["webhooks", "show", &id]);
    assert!(shown.contains("ada@example.com") && shown.contains("\"type\":\"user.created\""), "{shown}");
    let server = folder.serve("serve");
    let texts = tokio::time::timeout(std::time::Duration::from_secs(60), async {
        loop {
            if sink.received.count() >= 2 {
                return sink.received.take(2).await;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    });
    let texts = texts.await.expect("it is sent after the lease of the server that was killed");
    let [first, last] = [&texts[0], &texts[1]].map(|text| Got::of(text));
    assert!(last.is_signed_with(SECRET));
    assert_eq!((first.header("webhook-id"), &first.body), (last.header("webhook-id"), &last.body));
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_looks_after_receivers() {
    let sink = HttpSink::start(0, &["204 No Content", "410 Gone", "204 No Content"]).await;
    let folder = Folder::new();
    folder.succeed(&["init"]);
    folder.append("[[plugins]]\nid = \"admin\"\n");
    folder.install("plugins/dist");
    folder.append(&hook("crm", sink.port, r#"["user.*"]"#, &format!("secret = \"{SECRET}\"")));
    folder.succeed(&["migrate"]);
    assert_eq!(folder.succeed(&["check"]), "ready to serve\n");
    let told = folder.succeed(&["webhooks", "test", "crm"]);
    assert!(told.contains("crm took msg_") && told.ends_with("204\n"), "{told}");
    let got = Got::of(&sink.received.take(1).await[0]);
    assert!(got.is_signed_with(SECRET) && got.kind() == "webhook.test");
    assert!(folder.fail(&["webhooks", "test", "crm"]).contains("answered 410"));
    assert!(folder.fail(&["webhooks", "test", "nobody"]).contains("there is no receiver `nobody`"));
    assert!(folder.succeed(&["webhooks", "list"]).starts_with("crm\twebhook\thttp://127.0.0.1:"));
    assert!(!folder.succeed(&["webhooks", "list"]).contains("hidden-path"));
    let new = folder.succeed(&["webhooks", "rotate", "crm"]);
    assert!(
        new.starts_with("whsec_")
            && !new.contains(SECRET)
            && new.trim() != folder.succeed(&["webhooks", "secret"]).trim()
    );
    assert_eq!(folder.succeed(&["secret", "--for", "crm"]).trim(), SECRET);
    assert!(folder.succeed(&["webhooks", "kinds"]).contains("user.created\twith the change\t"));
    for (arguments, part) in [
        (["webhooks", "replay", "none"].as_slice(), "there is no delivery"),
        (&["webhooks", "show", "none"], "there is no delivery"),
        (&["webhooks", "enable", "crm"], "is not disabled"),
        (&["webhooks", "rotate", "nobody"], "there is no receiver"),
        (&["webhooks", "replay"], "required"),
        (&["webhooks", "replay", "--since", "soon"], "2026-01-31"),
    ] {
        assert!(folder.fail(arguments).contains(part), "{arguments:?}: {}", folder.fail(arguments));
    }
    // What is done at the terminal is told to others as well, and is a row of the audit log.
    folder.succeed(&["user", "create", "ada@example.com", "--admin", "--generate"]);
    folder.succeed(&["user", "ban", "ada@example.com"]);
    let waiting = folder.succeed(&["webhooks", "deliveries", "--state", "waiting"]);
    assert!(waiting.contains("\tuser.created\tcrm\t") && waiting.contains("\tuser.banned\tcrm\t"), "{waiting}");
    let log = folder.succeed(&["audit", "list"]);
    for event in ["user-creation", "user-ban", "webhook-test", "secret-shown"] {
        assert!(log.contains(&format!(" done {event} by terminal terminal:")), "{event}: {log}");
    }
    assert!(!log.contains("ada@example.com") && !log.contains(SECRET) && !log.contains(OTHER), "{log}");
    assert!(folder.succeed(&["audit", "verify"]).contains("as the server wrote them"));
    // A plugin that is switched off in the file leaves a row when the next server starts.
    drop(folder.serve("serve"));
    let text = std::fs::read_to_string(folder.path("doorward.toml")).unwrap();
    std::fs::write(folder.path("doorward.toml"), text.replace("id = \"admin\"\n", "id = \"admin\"\nenabled = false\n"))
        .unwrap();
    let server = folder.serve("serve");
    for _ in 0..100 {
        let log = folder.succeed(&["audit", "list", "--event", "plugin-switch"]);
        if log.contains(r#"{"on":[],"off":["admin"]}"#) {
            drop(server);
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the log does not tell of the plugin");
}

#[test]
fn wrong_receivers_keep_a_server_from_starting() {
    for (entry, part) in [
        (hook("crm", 1, r#"["user.creatd"]"#, ""), "did you mean `user.created`?"),
        (hook("crm", 1, "[]", ""), "events is empty"),
        (hook("crm", 1, r#"["*"]"#, "secret = \"short\""), "24 to 64 bytes"),
        (hook("crm", 1, r#"["*"]"#, "").replace("allow_private = true", ""), "allow_private = true"),
        (hook("crm", 1, r#"["*"]"#, "secrt = \"x\""), "secret"),
    ] {
        let folder = Folder::new();
        folder.succeed(&["init"]);
        folder.append(&entry);
        let told = folder.fail(&["check"]);
        assert!(told.contains(part) && told.trim().lines().count() == 1, "{entry}{told}");
        assert!(!told.contains("hidden-path"), "{told}");
    }
}
