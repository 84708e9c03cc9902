//! `doorward user` and `doorward mail`, run as an operator would, beside a server that runs.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use super::operator::{Folder, Running, answer, answer_with};
use crate::secondary::Redis;

const ADMIN: &str = "[[plugins]]\nid = \"admin\"\n";

fn sign_in(server: &Running, password: &str) -> u16 {
    let body = format!(r#"{{"email":"ada@example.com","password":"{password}"}}"#);
    answer(server, "POST", "/api/auth/sign-in/email", &body).status
}

/// Runs the command with `input`, expects that it succeeds, and returns what it says.
fn done(folder: &Folder, arguments: &[&str], input: &str) -> String {
    let (succeeded, stdout, stderr) = folder.run(arguments, input);
    assert!(succeeded, "{arguments:?}: {stderr}");
    assert!(!stdout.contains(input.trim()) || input.is_empty(), "{arguments:?} prints the password");
    stdout
}

/// Runs the command, expects that it fails with one line that has `part`, and that no row changes.
fn refused(folder: &Folder, arguments: &[&str], input: &str, part: &str) {
    let users = done(folder, &["user", "list"], "");
    let (succeeded, _, stderr) = folder.run(arguments, input);
    assert!(!succeeded && stderr.contains(part) && stderr.trim().lines().count() == 1, "{arguments:?}: {stderr}");
    assert_eq!(done(folder, &["user", "list"], ""), users, "{arguments:?}");
}

#[test]
fn users_are_made_and_changed_on_the_database() {
    let folder = Folder::new();
    done(&folder, &["init"], "");
    let server = folder.serve("serve");
    let create = ["user", "create", "Ada@example.com", "--name", "Ada\u{1b}[2J"];
    let made = done(&folder, &create, "correct horse 1\r\n");
    assert!(made.starts_with("ada@example.com is the user ") && !made.contains("password"), "{made}");
    assert_eq!(sign_in(&server, "correct horse 1"), 200);
    let listed = done(&folder, &["user", "list"], "");
    assert!(listed.contains("\tada@example.com\tAda\u{fffd}[2J\t-\t-\t-\t"), "{listed}");
    assert!(listed.starts_with("id\taddress\tname\tverified\troles\tbanned\tsigned up\n"), "{listed}");
    for (filter, rows) in [("ADA@", 1), ("da\u{1b}", 1), ("%", 0), ("grace", 0)] {
        assert_eq!(done(&folder, &["user", "list", filter], "").lines().count(), rows + 1, "{filter}");
    }
    assert_eq!(done(&folder, &["user", "list", "--offset", "1"], "").lines().count(), 1);

    let told = done(&folder, &["user", "set-password", "ada@example.com", "--generate"], "not read\n");
    let generated = told.lines().last().unwrap().strip_prefix("the password is ").unwrap();
    assert_eq!(generated.len(), 24);
    assert_eq!((sign_in(&server, generated), sign_in(&server, "correct horse 1")), (200, 401));

    refused(&folder, &create, "correct horse 1\n", "there is a user with this address");
    refused(&folder, &["user", "create", "eve"], "correct horse 1\n", "is no address of mail");
    refused(&folder, &["user", "create", "eve@example.com"], "short\n", "wants 8 to 128 characters");
    refused(&folder, &["user", "create", "eve@example.com", "--field", "plan=pro"], "", "no field `plan`");
    refused(&folder, &["user", "set-password", "eve@example.com"], "", "there is no user");
    for arguments in [
        ["user", "create", "eve@example.com", "--role=admin"].as_slice(),
        &["user", "set-role", "ada@example.com", "admin"],
        &["user", "ban", "ada@example.com"],
    ] {
        refused(&folder, arguments, "", "with the plugin `admin` alone");
    }
}

#[test]
fn the_first_administrator_is_made_here() {
    let folder = Folder::installed();
    folder.install("bin/plugins");
    done(&folder, &["init"], "");
    folder.append(ADMIN);
    folder.append("[user.additional_fields]\nplan = { type = \"string\", required = true, input = false }\n");
    done(&folder, &["migrate"], "");
    let create = ["user", "create", "ada@example.com", "--role", "admin", "--verified", "--field", "plan=pro"];
    refused(&folder, &create[..6], "", "--field plan=VALUE");
    done(&folder, &create, "correct horse 1\n");
    let row = |folder: &Folder| {
        let listed = done(folder, &["user", "list"], "");
        listed.lines().nth(1).unwrap().split('\t').skip(3).take(3).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row(&folder), "verified admin -");
    refused(&folder, &["user", "set-role", "ada@example.com", "amdin"], "", "There are admin, user");

    let server = folder.serve("serve");
    assert_eq!(sign_in(&server, "correct horse 1"), 200);
    assert!(
        done(&folder, &["user", "ban", "ada@example.com", "--expires-in", "3600"], "").contains("is banned until 2")
    );
    assert_eq!((sign_in(&server, "correct horse 1"), row(&folder).as_str()), (403, "verified admin banned"));
    done(&folder, &["user", "ban", "ada@example.com", "--lift"], "");
    assert_eq!(sign_in(&server, "correct horse 1"), 200);
    done(&folder, &["user", "set-role", "ada@example.com", "user,admin"], "");
    assert_eq!(row(&folder), "verified user,admin -");
    // A user whom nobody gave a role gets the plugin's, as by sign-up.
    done(&folder, &["user", "create", "bob@example.com", "--field", "plan=free"], "");
    assert!(row(&folder).starts_with("- user"), "{}", row(&folder));
}

#[test]
fn an_administrator_made_here_may_sign_in_where_addresses_must_be_proven() {
    let folder = Folder::installed();
    folder.install("bin/plugins");
    done(&folder, &["init"], "");
    let text = std::fs::read_to_string(folder.path("doorward.toml")).unwrap();
    let proven = "[rate_limit]\nenabled = false\n\n[email_and_password]\nrequire_email_verification = true\n";
    let text = text.replacen("[email_and_password]\n", proven, 1);
    assert!(text.contains("require_email_verification = true"));
    std::fs::write(folder.path("doorward.toml"), text).unwrap();
    folder.append("[mail]\ntransport = \"webhook\"\nwebhook = { url = \"http://127.0.0.1:9/\" }\n");
    folder.append(ADMIN);
    done(&folder, &["migrate"], "");
    let server = folder.serve("serve");
    done(&folder, &["user", "create", "ada@example.com", "--admin"], "correct horse 1\n");
    assert_eq!(sign_in(&server, "correct horse 1"), 200);
    done(&folder, &["user", "create", "bob@example.com"], "correct horse 2\n");
    let body = r#"{"email":"bob@example.com","password":"correct horse 2"}"#;
    let of_bob = || answer(&server, "POST", "/api/auth/sign-in/email", body).status;
    assert_eq!(of_bob(), 403);
    let verify = ["user", "verify", "Bob@example.com"];
    assert_eq!(done(&folder, &verify, ""), "the address bob@example.com counts as proven\n");
    assert_eq!(done(&folder, &verify, ""), "the address bob@example.com was proven before\n");
    assert_eq!(of_bob(), 200);
    refused(&folder, &["user", "verify", "eve@example.com"], "", "there is no user");

    refused(&folder, &["user", "delete", "bob@example.com"], "", "add --yes");
    assert_eq!(done(&folder, &["user", "delete", "bob@example.com", "--yes"], ""), "bob@example.com is removed\n");
    assert_eq!(of_bob(), 401);
    refused(&folder, &["user", "delete", "bob@example.com", "--yes"], "", "there is no user");
    let events = done(&folder, &["audit", "export"], "");
    for event in ["user-verification", "user-deletion"] {
        assert_eq!(events.matches(&format!("\"{event}\"")).count(), 1, "{event}");
    }
}

/// The session cookie of a new sign-in.
fn cookie(server: &Running, email: &str) -> String {
    let body = format!(r#"{{"email":"{email}","password":"correct horse 1"}}"#);
    answer(server, "POST", "/api/auth/sign-in/email", &body).cookie.unwrap()
}

fn has_session(server: &Running, cookie: &str) -> bool {
    let header = format!("cookie: {cookie}\r\n");
    answer_with(server, ("GET", "/api/auth/get-session"), &header, "").body != "null"
}

fn sessions_end_where_they_are_kept(options: &str) {
    let folder = Folder::new();
    done(&folder, &["init"], "");
    folder.append(&format!("[rate_limit]\nenabled = false\n{options}"));
    let server = folder.serve("serve");
    let emails = ["ada@example.com", "bob@example.com"];
    for email in emails {
        done(&folder, &["user", "create", email], "correct horse 1\n");
    }
    let end = |who: &str| done(&folder, &["user", "end-sessions", who], "");
    let [ada, bob] = emails.map(|email| cookie(&server, email));
    let second = cookie(&server, emails[0]);
    assert!([&ada, &second, &bob].into_iter().all(|cookie| has_session(&server, cookie)));
    assert_eq!(end("ada@example.com"), "ada@example.com is signed out; ended sessions: 2\n");
    assert_eq!([&ada, &second, &bob].map(|cookie| has_session(&server, cookie)), [false, false, true]);
    let ada = cookie(&server, emails[0]);
    assert_eq!(end("--all"), "signed out users: 2; ended sessions: 2\n");
    assert!(!has_session(&server, &ada) && !has_session(&server, &bob));
    assert!(has_session(&server, &cookie(&server, emails[0])), "a new sign-in counts");
    let events = done(&folder, &["audit", "export"], "");
    assert_eq!(events.matches("\"sessions-end\"").count(), 2, "{events}");
    refused(&folder, &["user", "end-sessions", "eve@example.com"], "", "there is no user");
}

#[test]
fn sessions_end_in_the_database() {
    sessions_end_where_they_are_kept("");
}

#[test]
fn sessions_end_in_the_secondary_storage() {
    let redis = Redis::start();
    sessions_end_where_they_are_kept(&format!("[secondary_storage]\nurl = \"{}\"\n", redis.url));
}

#[test]
fn a_script_may_keep_the_session_of_one_user() {
    let folder = Folder::new();
    done(&folder, &["init"], "");
    let users = ["ada@example.com", "bob@example.com"];
    for email in users {
        done(&folder, &["user", "create", email], "correct horse 1\n");
    }
    let listed = done(&folder, &["user", "list", "ada"], "");
    let id = listed.lines().nth(1).unwrap().split('\t').next().unwrap();
    let policy = format!(
        r#"before("session.delete", |ctx| {{ if ctx.data.userId == "{id}" {{ reject(403, "KEPT", "It stays"); }} }});"#
    );
    std::fs::write(folder.path("policy.rhai"), policy).unwrap();
    folder.append("[[hooks]]\nfile = \"policy.rhai\"\n");
    let server = folder.serve("serve");
    let [ada, bob] = users.map(|email| cookie(&server, email));
    let told = folder.fail(&["user", "end-sessions", "--all"]);
    assert!(told.contains("ada@example.com stays signed in: a change was refused: 403 KEPT: It stays"), "{told}");
    assert!(told.contains("users who stay signed in: 1"), "{told}");
    assert_eq!([has_session(&server, &ada), has_session(&server, &bob)], [true, false]);
}

#[test]
fn a_mail_is_sent_at_once() {
    let folder = Folder::new();
    done(&folder, &["init"], "");
    let test = ["mail", "test", "ada@example.com"];
    assert!(folder.fail(&test).contains("write [mail]"));
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    folder.append(&format!(
        "[mail]\ntransport = \"smtp\"\nfrom = \"no-reply@example.com\"\n\
         smtp = {{ host = \"127.0.0.1\", port = {port}, tls = \"none\", helo_name = \"auth.example.com\" }}\n"
    ));
    let took = std::thread::spawn(move || [converse(&server, "250 ok"), converse(&server, "550 no such box")]);
    assert_eq!(done(&folder, &test, ""), "the mail to ada@example.com was accepted\n");
    let refused = folder.fail(&test);
    assert!(refused.contains("was not accepted") && refused.contains("no such box"), "{refused}");
    assert!(folder.fail(&["mail", "test", "ada"]).contains("is no address of mail"));
    let [taken, _] = took.join().unwrap();
    assert_eq!(taken.first().map(String::as_str), Some("EHLO auth.example.com"), "{taken:?}");
    assert!(taken.contains(&"RCPT TO:<ada@example.com>".to_owned()), "{taken:?}");
    assert!(taken.contains(&"Subject: Doorward: a test".to_owned()), "{taken:?}");
}

/// Takes one mail as a mail server does, answers recipients with `verdict`, and returns what it heard.
fn converse(server: &TcpListener, verdict: &str) -> Vec<String> {
    let (mut stream, _) = server.accept().unwrap();
    let lines = BufReader::new(stream.try_clone().unwrap()).lines();
    stream.write_all(b"220 ready\r\n").unwrap();
    let mut heard: Vec<String> = Vec::new();
    let mut is_mail = false;
    for line in lines {
        let Ok(line) = line else { break };
        let reply = match line.as_str() {
            "DATA" => "354 go on",
            "." => "250 taken",
            "QUIT" => "221 bye",
            command if command.starts_with("RCPT") => verdict,
            _ => "250 ok",
        };
        let is_over = line == "QUIT";
        let is_command = !is_mail || line == ".";
        is_mail = (is_mail || line == "DATA") && line != ".";
        heard.push(line);
        if is_command {
            stream.write_all(format!("{reply}\r\n").as_bytes()).unwrap();
        }
        if is_over {
            break;
        }
    }
    heard
}
