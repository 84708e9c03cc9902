//! The log of a running server: what it says, in which form, and that nothing that happens to it reaches a request.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::process::{Command, Stdio};

use serde_json::Value as Json;

use super::SIGN_UP;
use super::operator::{Folder, Running, answer, answer_with};

const MANAGEMENT: &str = "[management]\naddress = \"{management}\"\nkeys = []\n";
const JSON: &str = "[log]\nformat = \"json\"\n";
const UNLIMITED: &str = "[rate_limit]\nenabled = false\n";

fn folder(options: &str) -> Folder {
    let folder = Folder::new();
    folder.succeed(&["init"]);
    folder.append(&format!("{UNLIMITED}{MANAGEMENT}{options}"));
    folder
}

/// Signs Ada up and many others in vain, with headers that make long lines.
fn keep_busy(server: &Running, times: usize) {
    let long = format!("user-agent: {}\r\n", "x".repeat(4000));
    assert_eq!(answer(server, "POST", "/api/auth/sign-up/email", SIGN_UP).status, 200);
    for _ in 0..times {
        assert_eq!(answer_with(server, ("POST", "/api/auth/sign-out"), &long, "{}").status, 200);
    }
    let credentials = r#"{"email":"ada@example.com","password":"correct horse 1"}"#;
    assert_eq!(answer(server, "POST", "/api/auth/sign-in/email", credentials).status, 200);
}

/// What was logged in JSON; every line must be.
fn lines(text: &str) -> Vec<Json> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

fn field<'a>(line: &'a Json, name: &str) -> &'a str {
    line["fields"][name].as_str().unwrap_or_default()
}

#[test]
fn a_full_disk_reaches_no_request() {
    let folder = folder("");
    let server = folder.serve_logging_to("serve", OpenOptions::new().write(true).open("/dev/full").unwrap());
    keep_busy(&server, 3);
    assert!(server.metric("doorward_log_lines_lost_total").unwrap() > 3);
}

#[test]
fn a_closed_pipe_reaches_no_request() {
    let folder = folder("");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let server = folder.serve_logging_to("serve", writer);
    keep_busy(&server, 3);
    assert!(server.metric("doorward_log_lines_lost_total").unwrap() > 3);
}

/// A count that has come to rest: the last line of a request may be written after its answer.
fn settled(server: &Running, name: &str) -> u64 {
    let (mut count, mut same) = (server.metric(name).unwrap(), 0);
    while same < 20 {
        let now = server.metric(name).unwrap();
        same = if now == count { same + 1 } else { 0 };
        count = now;
    }
    count
}

#[test]
fn a_stalled_reader_reaches_no_request_and_learns_what_it_missed() {
    let folder = folder(JSON);
    let (mut reader, writer) = std::io::pipe().unwrap();
    let server = folder.serve_logging_to("serve", writer);
    keep_busy(&server, 400);
    let lost = settled(&server, "doorward_log_lines_lost_total");
    assert!(lost > 0);
    // The reader wakes up. All that waited comes, then what was missed.
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        text
    });
    while server.metric("doorward_log_lines_lost_total").unwrap() > lost {}
    for _ in 0..3 {
        assert_eq!(answer(&server, "POST", "/api/auth/sign-out", "{}").status, 200);
    }
    server.stop();
    let lines = lines(&reading.join().unwrap());
    let told = lines.iter().find(|line| field(line, "message").starts_with("lines of the log could not be written"));
    // A line that belongs to no request may be lost after it was looked at.
    let told = told.unwrap()["fields"]["lost"].as_u64().unwrap();
    assert!((lost..=lost + 2).contains(&told), "{told} of {lost}");
    // That may be said after the last of them, and the end of the server is said too.
    let last: Vec<&str> = lines.iter().rev().take(6).map(|line| field(line, "event")).collect();
    assert!(last.iter().filter(|event| **event == "sign-out").count() >= 3, "{last:?}");
}

#[test]
fn a_reader_that_leaves_ends_a_command_quietly() {
    let folder = folder("");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
    command
        .args(["migrate", "--plan", "--config"])
        .arg(folder.path("empty.toml"))
        .stdout(writer)
        .stderr(Stdio::piped());
    let text = std::fs::read_to_string(folder.path("doorward.toml")).unwrap();
    std::fs::write(folder.path("empty.toml"), text.replace("doorward.db", "empty.db")).unwrap();
    let output = command.output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(141), ""));
}

#[test]
fn the_start_says_what_serves() {
    let folder = folder(&format!(
        "{JSON}[mail]\ntransport = \"smtp\"\nfrom = \"a@example.com\"\n\
         smtp = {{ host = \"mail.example.com\", username = \"ada\", password = \"hunter2\" }}\n\
         [[plugins]]\nid = \"bearer\"\n[[hooks]]\nfile = \"policy.rhai\"\n"
    ));
    std::fs::write(folder.path("policy.rhai"), "before(\"/sign-up/email\", |ctx| ());\n").unwrap();
    folder.install("plugins/dist");
    drop(folder.serve_logging_to("serve", File::create(folder.path("log")).unwrap()));
    let text = std::fs::read_to_string(folder.path("log")).unwrap();
    let lines = lines(&text);
    let start = lines.iter().find(|line| field(line, "message") == "serving").unwrap();
    let said = ["database", "scripts", "mail"].map(|name| field(start, name));
    assert_eq!(said, ["sqlite://doorward.db", "policy.rhai", "smtp to mail.example.com"]);
    assert!(field(start, "plugins").starts_with("bearer "), "{start}");
    assert!(field(start, "base_url").starts_with("http://127.0.0.1:"), "{start}");
    assert!(!text.contains("hunter2"));
}

#[test]
fn a_refused_origin_is_named_on_one_line() {
    let folder = folder("");
    let server = folder.serve_logging_to("serve", File::create(folder.path("log")).unwrap());
    let path = "/api/auth/sign-in/email";
    let body = r#"{"email":"ada@example.com","password":"x","callbackURL":"https://evil.example/?token=hush"}"#;
    for (origin, code) in
        [("https://app.example.com", "INVALID_ORIGIN"), ("https://a.example/\u{2028}\u{202e} INFO", "INVALID_ORIGIN")]
    {
        let refused = answer_with(&server, ("POST", path), &format!("origin: {origin}\r\n"), "{}");
        assert!(refused.body.contains(code), "{}", refused.body);
    }
    let own = format!("origin: http://{}\r\n", server.public);
    assert!(answer_with(&server, ("POST", path), &own, body).body.contains("INVALID_CALLBACK_URL"));
    server.stop();
    let text = std::fs::read_to_string(folder.path("log")).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| line.contains("a request was refused")).collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(
        lines[0].contains("code=\"INVALID_ORIGIN\"") && lines[0].contains("origin=\"https://app.example.com\""),
        "{text}"
    );
    assert!(!lines[1].contains(['\u{2028}', '\u{202e}']), "{text}");
    assert!(
        lines[2].contains("code=\"INVALID_CALLBACK_URL\"") && lines[2].contains("\"https://evil.example\""),
        "{text}"
    );
    assert!(!text.contains("hush"), "{text}");
}

#[test]
fn a_replay_reads_what_the_server_wrote() {
    let policy = "before(\"/sign-in/email\", |ctx| { if ctx.user_agent.contains(\"\\\"bot\\\"\") { reject(403, \"BOT\", \"No\"); } });\n";
    let folder = folder(JSON);
    // It is served without the policy, and judged by it afterwards.
    std::fs::write(folder.path("policy.rhai"), policy).unwrap();
    let log = folder.path("audit.jsonl");
    let server = folder.serve_logging_to("serve", OpenOptions::new().create(true).append(true).open(&log).unwrap());
    keep_busy(&server, 1);
    let bot = "user-agent: a \"bot\" \\ é\r\n";
    let credentials = r#"{"email":"ada@example.com","password":"wrong horse 1"}"#;
    assert_eq!(answer_with(&server, ("POST", "/api/auth/sign-in/email"), bot, credentials).status, 401);
    server.stop();
    // What others write into the same file keeps nobody from reading it.
    let text = std::fs::read_to_string(&log).unwrap();
    std::fs::write(&log, format!("{text}Segmentation fault\n")).unwrap();
    let (succeeded, printed, errors) = folder.run(&["hooks", "run", "--replay", "audit.jsonl", "policy.rhai"], "");
    assert!(succeeded, "{errors}");
    let printed: Vec<&str> = printed.lines().collect();
    assert!(printed[0].contains("POST /sign-in/email: reject") && printed[0].contains("BOT"), "{printed:?}");
    assert_eq!(printed[1], "policy.rhai: 2 asked, 1 would be refused, 0 cannot be told");
    assert!(errors.contains("1 lines are no JSON"), "{errors}");
    // The server's other form is told apart.
    std::fs::write(&log, "2026-01-01T00:00:00Z  INFO audit: event=\"sign-in\"\n").unwrap();
    assert!(
        folder.fail(&["hooks", "run", "--replay", "audit.jsonl", "policy.rhai"]).contains("[log] format = \"json\"")
    );
}

#[test]
fn the_log_says_why_the_server_stops_and_quotes_once() {
    let folder = folder(JSON);
    let (mut reader, writer) = std::io::pipe().unwrap();
    let server = folder.serve_logging_to("serve", writer);
    let agent = "user-agent: curl/8 \"x\"\r\n";
    assert_eq!(answer_with(&server, ("POST", "/api/auth/sign-out"), agent, "{}").status, 200);
    server.stop();
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    let lines = lines(&text);
    let [.., stopping, stopped] = lines.as_slice() else { panic!("{text}") };
    assert_eq!((field(stopping, "message"), field(stopping, "reason")), ("stopping", "SIGTERM"));
    assert_eq!(field(stopped, "message"), "stopped");
    let event = lines.iter().find(|line| field(line, "event") == "sign-out").unwrap();
    assert_eq!(field(event, "user_agent"), "curl/8 \"x\"");
}
