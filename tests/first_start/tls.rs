//! TLS of the server's own: the certificate that it shows, a new one at SIGHUP, and files that do not go together.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};

use super::operator::Folder;

/// Writes a certificate for `localhost` and its key.
fn certify(folder: &Folder) -> String {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(folder.path("key.pem"), signing_key.serialize_pem()).unwrap();
    std::fs::write(folder.path("certificate.pem"), cert.pem()).unwrap();
    cert.pem()
}

/// What the server answers to somebody who trusts this certificate alone.
fn ask(port: u16, trusted: &Path, request: &str) -> String {
    let mut client = Command::new("openssl")
        .args([
            "s_client",
            "-quiet",
            "-verify_return_error",
            "-servername",
            "localhost",
            "-verify_hostname",
            "localhost",
        ])
        .args(["-connect", &format!("127.0.0.1:{port}"), "-CAfile", trusted.to_str().unwrap()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    _ = client.stdin.take().unwrap().write_all(request.as_bytes());
    String::from_utf8(client.wait_with_output().unwrap().stdout).unwrap()
}

const LOOK: &str = "GET /api/auth/ok HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

#[test]
fn the_server_speaks_tls_with_the_certificate_of_the_hour() {
    let folder = Folder::new();
    folder.succeed(&["init", "--base-url", "https://localhost"]);
    certify(&folder);
    folder.append("[server.tls]\ncertificate = \"certificate.pem\"\nkey = \"key.pem\"\n");
    let trusted = folder.path("trusted.pem");
    std::fs::copy(folder.path("certificate.pem"), &trusted).unwrap();
    let server = folder.serve_securely(&|server| !ask(server.public.port(), &trusted, LOOK).is_empty());
    let port = server.public.port();
    let answered = ask(port, &trusted, LOOK);
    assert!(answered.starts_with("HTTP/1.1 200 OK\r\n") && answered.ends_with("{\"ok\":true}"), "{answered}");
    // Two requests of one connection, the second with a body.
    let more = "POST /api/auth/sign-in/email HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                content-length: 2\r\nconnection: close\r\n\r\n{}";
    let both = ask(port, &trusted, &format!("{}{more}", LOOK.replace("close", "keep-alive")));
    assert!(both.contains("{\"ok\":true}") && both.contains("HTTP/1.1 400 "), "{both}");

    certify(&folder);
    server.signal("HUP");
    let is_new = || ask(port, &folder.path("certificate.pem"), LOOK).starts_with("HTTP/1.1 200 ");
    assert!((0..200).any(|_| is_new() || {
        std::thread::sleep(Duration::from_millis(50));
        false
    }));
    assert_eq!(ask(port, &trusted, LOOK), "", "the old certificate is gone");

    // A key of another certificate changes nothing.
    let key = std::fs::read(folder.path("key.pem")).unwrap();
    let certificate = std::fs::read(folder.path("certificate.pem")).unwrap();
    certify(&folder);
    std::fs::write(folder.path("key.pem"), key).unwrap();
    let checked = folder.fail(&["check"]);
    assert!(checked.contains("server.tls.key: "), "{checked}: the files do not go together");
    server.signal("HUP");
    std::thread::sleep(Duration::from_millis(300));
    std::fs::write(folder.path("certificate.pem"), certificate).unwrap();
    assert!(is_new(), "the server goes on with what it has");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = Folder::new();
    folder.succeed(&["init"]);
    folder.append("[server.tls]\ncertificate = \"certificate.pem\"\nkey = \"key.pem\"\n");
    assert!(folder.fail(&["check"]).contains("base_url"), "its links would begin with http");
    let folder = Folder::new();
    folder.succeed(&["init", "--base-url", "https://auth.example.com"]);
    folder.append("[server.tls]\ncertificate = \"none.pem\"\nkey = \"none.pem\"\n");
    let error = folder.fail(&["check"]);
    assert!(
        error.contains("server.tls.certificate: ") && error.contains("none.pem") && error.lines().count() == 1,
        "{error}"
    );
}
