//! What the binary tells its operator: of proxies, of origins that it refuses, of variables, and when it checks.

use std::fs;
use std::process::{Command, Output};

use super::server::Binary;
use crate::routes::ada;

#[tokio::test]
async fn a_proxy_that_is_not_known_is_noticed_once() {
    let server = Binary::start("", "warn");
    for _ in 0..3 {
        server.get("/api/auth/ok", "x-forwarded-for: 203.0.113.7\r\nx-forwarded-proto: https\r\n");
    }
    let log = server.log();
    assert_eq!(log.matches("a forwarding header is ignored").count(), 1, "{log}");
    assert!(log.contains(r#"trusted_proxies = [\"127.0.0.1\"]"#), "{log}");
    assert_eq!(log.matches("cookies are sent without `Secure`").count(), 1, "{log}");

    let known = Binary::start("advanced.ip_address.trusted_proxies = [\"127.0.0.1\"]", "warn");
    known.get("/api/auth/ok", "x-forwarded-for: 203.0.113.7\r\n");
    assert!(!known.log().contains("forwarding"), "{}", known.log());
}

#[tokio::test]
async fn a_refused_origin_is_in_the_log() {
    let server = Binary::start("", "warn");
    let body = ada().to_string();
    let request = format!(
        "POST /api/auth/sign-in/email HTTP/1.1\r\nhost: x\r\norigin: https://app.example\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(server.talk(request.as_bytes()).status(), 403);
    assert!(server.log().contains("https://app.example"), "{}", server.log());
}

#[test]
fn checking_makes_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("doorward.toml");
    fs::write(&config, "secret = \"notices-test-secret-0123456789-abcdef\"\n").unwrap();
    let check = || run(&config, "check", None);
    let told = String::from_utf8(check().stderr).unwrap();
    assert!(told.contains("doorward.db") && told.contains("doorward migrate"), "{told}");
    assert!(!folder.path().join("doorward.db").exists());
    assert!(run(&config, "migrate", None).status.success());
    assert!(check().status.success());
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_told() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("doorward.toml");
    fs::write(&config, "secret = \"notices-test-secret-0123456789-abcdef\"\n").unwrap();
    let odd = OsStr::from_bytes(b"\xff\xfe");
    let output = run(&config, "check", Some(("DOORWARD_APP_NAME", odd)));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        told.contains("the variable DOORWARD_APP_NAME is not Unicode text") && !told.contains("panicked"),
        "{told}"
    );
    // Somebody else's variable is nothing to us.
    assert!(run(&config, "migrate", Some(("LESS_TERMCAP", odd))).status.success());
}

fn run(config: &std::path::Path, name: &str, variable: Option<(&str, &std::ffi::OsStr)>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
    command.args([name, "--config"]).arg(config).env("DOORWARD_LOG", "warn").env("NO_COLOR", "1").envs(variable);
    command.output().unwrap()
}
