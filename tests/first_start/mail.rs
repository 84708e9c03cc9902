//! `doorward mail` beside a running server, and what `check` says of the mail server.

use std::time::Duration;

use super::SIGN_UP;
use super::operator::{Folder, answer};
use crate::sinks::SmtpSink;

fn folder(port: u16, smtp: &str) -> Folder {
    let folder = Folder::new();
    folder.succeed(&["init"]);
    folder.append(&format!(
        "[email_verification]\nsend_on_sign_up = true\n[mail]\ntransport = \"smtp\"\nfrom = \"no-reply@example.com\"\n\
         smtp = {{ host = \"127.0.0.1\", port = {port}, {smtp} }}\n"
    ));
    folder
}

fn rows(folder: &Folder) -> Vec<Vec<String>> {
    let listed = folder.succeed(&["mail", "list"]);
    listed.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_listed_and_dropped_beside_a_server() {
    let folder = folder(1, "tls = \"none\"");
    assert!(folder.succeed(&["mail", "list"]).is_empty());
    let server = folder.serve("serve");
    assert_eq!(answer(&server, "POST", "/api/auth/sign-up/email", SIGN_UP).status, 200);
    let mut waiting = rows(&folder);
    for _ in 0..400 {
        if waiting[0][5] != "-" {
            break;
        }
        std::thread::sleep(Duration::from_millis(25));
        waiting = rows(&folder);
    }
    let [id, kind, to, attempts, next, error] = waiting[0].as_slice() else { panic!("{waiting:?}") };
    assert_eq!((kind.as_str(), to.as_str()), ("verify-email", "ada@example.com"));
    assert!(attempts.parse::<u32>().unwrap() > 0 && next.ends_with('Z') && error.contains("onnect"), "{waiting:?}");
    assert!(folder.succeed(&["mail", "retry", id]).contains("1 more within a minute"));
    assert!(folder.fail(&["mail", "retry", "x"]).contains("nothing with the id x waits"));
    assert!(folder.fail(&["mail", "drop", "x"]).contains("`doorward mail list` shows what does"));
    for wrong in [&["mail", "drop"][..], &["mail", "drop", "x", "--all"]] {
        assert!(folder.fail(wrong).contains("Usage"), "{wrong:?}");
    }
    assert_eq!(folder.succeed(&["mail", "drop", id]), "1 are dropped\n");
    assert_eq!(folder.succeed(&["mail", "drop", "--all"]), "0 are dropped\n");
    assert!(rows(&folder).is_empty());
}

#[test]
fn no_command_makes_a_database() {
    let folder = folder(1, "tls = \"none\"");
    std::fs::remove_file(folder.path("doorward.db")).unwrap();
    for command in [&["mail", "list"][..], &["mail", "drop", "--all"], &["check"], &["clean"], &["user", "list"]] {
        assert!(folder.fail(command).contains("doorward.db does not exist"), "{command:?}");
        assert!(!folder.path("doorward.db").exists(), "{command:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_greets_the_mail_server_and_sends_nothing() {
    let sink = SmtpSink::start("250 taken").await;
    for (port, smtp, says) in [
        (sink.port, "tls = \"none\"", ""),
        (1, "tls = \"none\"", "onnection"),
        (sink.port, "tls = \"starttls\"", "STARTTLS"),
        (sink.port, "tls = \"none\", username = \"ada\", password = \"hunter2\"", "uthentication"),
    ] {
        let folder = folder(port, smtp);
        let (succeeded, stdout, stderr) = folder.run(&["check"], "");
        if says.is_empty() {
            assert_eq!((succeeded, stdout.as_str()), (true, "ready to serve\n"), "{stderr}");
            continue;
        }
        assert!(!succeeded && stderr.lines().count() == 1, "{smtp}: {stderr}");
        assert!(stderr.contains("the mail server 127.0.0.1 (mail.smtp)") && stderr.contains(says), "{stderr}");
        assert!(!stderr.contains("hunter2"), "{stderr}");
    }
    assert_eq!(sink.received.count(), 0);
}

/// A mail that waits is not sent by whoever only looks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_leaves_what_waits() {
    let folder = folder(1, "tls = \"none\"");
    let server = folder.serve("serve");
    assert_eq!(answer(&server, "POST", "/api/auth/sign-up/email", SIGN_UP).status, 200);
    drop(server);
    let sink = SmtpSink::start("250 taken").await;
    let text = std::fs::read_to_string(folder.path("doorward.toml")).unwrap();
    std::fs::write(folder.path("doorward.toml"), text.replace("port = 1,", &format!("port = {},", sink.port))).unwrap();
    let before = rows(&folder);
    for _ in 0..3 {
        folder.succeed(&["check"]);
    }
    assert_eq!((rows(&folder), sink.received.count()), (before, 0));
}
