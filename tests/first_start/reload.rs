//! SIGHUP: what stays, what is applied, and what is said of the rest.

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value as Json;

use super::SIGN_UP;
use super::operator::{Folder, Running, answer};
use crate::sinks::HttpSink;

const OPTIONS: &str = r#"
[log]
format = "json"
[rate_limit.per_account]
max = 2
[rate_limit.custom_rules]
"/list-sessions" = { window = 600, max = 2 }
[[hooks]]
file = "policy.rhai"
"#;
const POLICY: &str =
    r#"before("/list-accounts", |ctx| { if counter("all", 600) > 2 { reject(403, "OFTEN", "No"); } });"#;

struct Server {
    folder: Folder,
    running: Running,
    log: PathBuf,
}

fn server(options: &str) -> Server {
    let folder = Folder::new();
    folder.succeed(&["init"]);
    folder.append(options);
    std::fs::write(folder.path("policy.rhai"), POLICY).unwrap();
    let log = folder.path("log");
    let running = folder.serve_logging_to("serve", OpenOptions::new().create(true).append(true).open(&log).unwrap());
    Server { folder, running, log }
}

impl Server {
    fn reloads(&self) -> Vec<Json> {
        let text = std::fs::read_to_string(&self.log).unwrap();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
        lines
            .map(|line| line["fields"].clone())
            .filter(|line| line["message"].to_string().contains("was applied again"))
            .collect()
    }

    /// What the log says of the reload.
    fn reload(&self) -> Json {
        let before = self.reloads().len();
        self.running.signal("HUP");
        for _ in 0..800 {
            if let Some(line) = self.reloads().get(before) {
                return line.clone();
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("the configuration was not applied");
    }

    fn status(&self, method: &str, path: &str, body: &str) -> u16 {
        answer(&self.running, method, &format!("/api/auth{path}"), body).status
    }
}

#[test]
fn what_is_counted_stays() {
    let server = server(OPTIONS);
    assert_eq!(server.status("POST", "/sign-up/email", SIGN_UP), 200);
    let guess = r#"{"email":"ada@example.com","password":"wrong horse 1"}"#;
    let look = |path: &str| server.status("GET", path, "");
    let guessed = (0..3).map(|_| server.status("POST", "/sign-in/email", guess)).collect::<Vec<_>>();
    assert_eq!(guessed, [401, 401, 429]);
    assert_eq!((0..3).map(|_| look("/list-sessions")).collect::<Vec<_>>(), [401, 401, 429]);
    assert_eq!((0..3).map(|_| look("/list-accounts")).collect::<Vec<_>>(), [401, 401, 403]);
    let policy = format!("{POLICY}\nbefore(\"/ok\", |ctx| {{ reject(418, \"TEA\", \"Tea\"); }});");
    std::fs::write(server.folder.path("policy.rhai"), policy).unwrap();
    assert_eq!(server.reload()["message"], "the configuration was applied again");
    assert_eq!(look("/ok"), 418, "the new script serves");
    let own = r#"{"email":"ada@example.com","password":"correct horse 1"}"#;
    assert_eq!(server.status("POST", "/sign-in/email", own), 429, "the lockout lasts");
    assert_eq!((look("/list-sessions"), look("/list-accounts")), (429, 403));
}

#[test]
fn what_can_change_does_and_what_needs_a_restart_is_named() {
    let server = server(OPTIONS);
    let text = std::fs::read_to_string(server.folder.path("doorward.toml")).unwrap();
    let text = text.replace(
        "app_name = \"Doorward\"",
        "app_name = \"Acme\"\ndisabled_paths = [\"/ok\"]\n\
         cors.origins = [\"https://app.example.com\"]\nadvanced.cookie_prefix = \"acme\"\nbase_path = \"/else\"",
    );
    let text = text.replace("max = 2\n", "max = 3\n").replace("format = \"json\"", "format = \"json\" # still");
    std::fs::write(server.folder.path("doorward.toml"), format!("{text}fail_open = true\n")).unwrap();
    let line = server.reload();
    assert!(line["message"].as_str().unwrap().ends_with("need a restart"), "{line}");
    assert_eq!(line["options"], "base_path");
    assert_eq!(server.status("GET", "/ok", ""), 404);
    assert_eq!(server.status("POST", "/sign-up/email", SIGN_UP), 200);
    let answered = answer(&server.running, "GET", "/api/auth/get-session", "");
    assert_eq!(answered.status, 200);
    let guess = r#"{"email":"ada@example.com","password":"wrong horse 1"}"#;
    let guessed = (0..4).map(|_| server.status("POST", "/sign-in/email", guess)).collect::<Vec<_>>();
    assert_eq!(guessed, [401, 401, 401, 429], "the new limit counts");
}

#[test]
fn the_form_of_the_log_is_applied() {
    let server = server(OPTIONS);
    server.reload();
    let text = std::fs::read_to_string(server.folder.path("doorward.toml")).unwrap();
    std::fs::write(server.folder.path("doorward.toml"), text.replace("\"json\"", "\"text\"")).unwrap();
    server.running.signal("HUP");
    let is_told =
        || std::fs::read_to_string(&server.log).unwrap().contains("doorward::commands::serve: the configuration");
    assert!((0..800).any(|_| is_told() || {
        std::thread::sleep(Duration::from_millis(25));
        false
    }));
}

#[test]
fn a_refused_reload_leaves_the_form_of_the_log() {
    let server = server(OPTIONS);
    let text = std::fs::read_to_string(server.folder.path("doorward.toml")).unwrap();
    let refused = text.replace("\"json\"", "\"text\"").replace("policy.rhai", "missing.rhai");
    std::fs::write(server.folder.path("doorward.toml"), refused).unwrap();
    server.running.signal("HUP");
    let log = || std::fs::read_to_string(&server.log).unwrap();
    let is_told = || log().contains("the configuration was not applied; the old one serves on");
    assert!((0..800).any(|_| is_told() || {
        std::thread::sleep(Duration::from_millis(25));
        false
    }));
    let before = log().lines().count();
    assert_eq!(server.status("POST", "/sign-up/email", SIGN_UP), 200);
    let is_longer = || log().lines().count() > before;
    assert!((0..800).any(|_| is_longer() || {
        std::thread::sleep(Duration::from_millis(25));
        false
    }));
    for line in log().lines() {
        assert!(serde_json::from_str::<Json>(line).is_ok(), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_receiver_of_events_gets_them() {
    let server = server(OPTIONS);
    let sink = HttpSink::start(0, &["200 OK"]).await;
    let policy = "after(\"/sign-up/email\", |ctx| { webhook(\"up\", #{ email: ctx.body.email }); });";
    std::fs::write(server.folder.path("policy.rhai"), policy).unwrap();
    server.folder.append(&format!("webhook = {{ url = \"http://127.0.0.1:{}/\" }}\n", sink.port));
    assert_eq!(server.reload()["message"], "the configuration was applied again");
    assert_eq!(server.status("POST", "/sign-up/email", SIGN_UP), 200);
    let received = sink.received.take(1).await;
    assert!(received[0].contains("\"event\":\"up\"") && received[0].contains("ada@example.com"), "{}", received[0]);
}
