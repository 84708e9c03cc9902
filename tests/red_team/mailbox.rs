//! The development mailbox, which shows links that sign people in: under `dev`, on this machine, and nowhere else.

use std::fs;
use std::process::{Command, Stdio};

use super::server::Binary;

const MAILBOX: &str = "server.address = \"127.0.0.1:0\"\nmail.transport = \"mailbox\"";

/// What a command says of a configuration with these options, and whether it succeeds.
fn said(command: &str, options: &str) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("doorward.toml");
    let secret = "secret = \"red-team-secret-canary-0123456789-abcdef\"";
    fs::write(&config, format!("{secret}\n{options}\n")).unwrap();
    let run = |name: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
        command.args([name, "--config"]).arg(&config).env("NO_COLOR", "1").stdin(Stdio::null());
        command.output().unwrap()
    };
    assert!(run("migrate").status.success());
    let output = run(command);
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn serve_and_check_refuse_the_mailbox_and_name_the_fix() {
    for command in ["serve", "check"] {
        let (is_ready, text) = said(command, MAILBOX);
        assert!(!is_ready && text.contains("works under `doorward dev` alone"), "{command}: {text}");
        assert!(text.contains("[mail.smtp]") && text.trim_end().lines().count() == 1, "{command}: {text}");
    }
    let (is_ready, text) = said("dev", &MAILBOX.replace("127.0.0.1", "0.0.0.0"));
    assert!(!is_ready && text.contains("server.address = \"0.0.0.0:0\" is not this machine's own"), "{text}");
}

#[test]
fn dev_shows_it_under_names_of_this_machine_alone() {
    let server = Binary::start_with("dev", "base_url = \"https://auth.example.com\"");
    let own = server.get("/dev/mailbox.json", "");
    assert!(own.text.starts_with("HTTP/1.1 200"), "{}", own.text);
    for host in ["auth.example.com", "evil.example", "localhost.evil.example"] {
        let request = format!("GET /dev/mailbox.json HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        let answer = server.talk(request.as_bytes());
        assert!(answer.text.starts_with("HTTP/1.1 404"), "{host}: {}", answer.text);
    }
}
