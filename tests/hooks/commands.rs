//! `doorward hooks`, and the shipped scripts: each has cases, and passes them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("hooks")
}

/// Runs `doorward hooks …` in `folder`.
fn hooks(folder: &Path, arguments: &[&str]) -> (bool, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
    let Output { status, stdout, stderr } = command.arg("hooks").args(arguments).current_dir(folder).output().unwrap();
    (status.success(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn every_shipped_script_passes_its_cases() {
    let files = std::fs::read_dir(shipped()).unwrap().map(|entry| entry.unwrap().path());
    let scripts: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|kind| kind == "rhai")).collect();
    assert!(!scripts.is_empty());
    for script in scripts {
        assert!(script.with_extension("cases.toml").exists(), "{} has no cases", script.display());
        let (is_success, printed, errors) = hooks(&shipped(), &["test", script.to_str().unwrap()]);
        assert!(is_success && printed.ends_with(" passed, 0 failed\n"), "{printed}{errors}");
        assert!(!printed.starts_with("0 passed"), "{} has no cases", script.display());
    }
}

/// A folder with a configuration and one script.
fn folder(script: &str, cases: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let config =
        "secret = \"0123456789abcdef0123456789abcdef\"\n[[hooks]]\nfile = \"policy.rhai\"\nconfig = { limit = 3 }\n";
    for (name, text) in [("doorward.toml", config), ("policy.rhai", script), ("policy.cases.toml", cases)] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn check_lists_the_places_and_warns_about_dead_ones() {
    let script = r#"
        before("POST", ["/sign-up/email", "/sign-in/**"], |ctx| { });
        after("/no-such-path", |ctx| { });
        before("PUT", "/ok", |ctx| { });
    "#;
    let (is_success, printed, errors) = hooks(folder(script, "").path(), &["check"]);
    assert!(is_success, "{errors}");
    assert_eq!(
        printed,
        "policy.rhai: before POST /sign-up/email\n\
         policy.rhai: before POST /sign-in/**\n\
         policy.rhai: after * /no-such-path\n\
         policy.rhai:3: warning: no route matches * /no-such-path: this hook never runs; did you mean `/sign-out`?\n\
         policy.rhai: before PUT /ok\n\
         policy.rhai:4: warning: no route matches PUT /ok: this hook never runs; it takes GET\n"
    );
}

#[test]
fn check_warns_of_what_cannot_be() {
    let script = r#"
        before("/sign-up/email", |ctx| {
            if ctx.status == 200 { abort(); }
            if ctx.path == "/sign-up/emial" || ctx.method == "post" { abort(); }
        });
    "#;
    let (is_success, printed, errors) = hooks(folder(script, "").path(), &["check"]);
    assert!(is_success, "{errors}");
    assert_eq!(
        printed,
        "policy.rhai: before * /sign-up/email\n\
         policy.rhai:3: warning: `ctx.status` is not there in before(path), only in after(path)\n\
         policy.rhai:4: warning: `ctx.method` is never \"post\"\n\
         policy.rhai:4: warning: no route matches \"/sign-up/emial\"\n"
    );
}

#[test]
fn check_points_at_the_error() {
    let script = "before(\"/ok\", |ctx| {\n    let x = ;\n});\n";
    let (is_success, _, errors) = hooks(folder(script, "").path(), &["check"]);
    assert!(!is_success);
    assert!(errors.contains("policy.rhai:2:13") && errors.contains("`let x = ;`"), "{errors}");
}

#[test]
fn test_tells_passed_from_failed() {
    let script = r#"
        before("/sign-up/email", |ctx| {
            if ctx.user != () && ctx.user.role == "admin" { return; }
            if ctx.body.name.len() > config.limit { reject(400, "TOO_LONG", "Too long"); }
            ctx.body.name = trimmed(ctx.body.name);
        });
        fn trimmed(text) { text.trim(); text }
        after("/sign-in/**", |ctx| { if ctx.status == 401 { set_header("x-hint", "reset"); } });
    "#;
    let cases = r#"
        [[case]]
        name = "right: too long"
        path = "/sign-up/email"
        body = { name = "Augusta" }
        expect = { reject = { status = 400, code = "TOO_LONG" } }
        [[case]]
        name = "right: an admin may"
        path = "/sign-up/email"
        user = { role = "admin" }
        body = { name = "Augusta" }
        expect = "continue"
        [[case]]
        name = "right: changed"
        path = "/sign-up/email"
        body = { name = "A " }
        expect = { changed_body = { name = "A" } }
        [[case]]
        name = "right: an error"
        path = "/sign-up/email"
        expect = { error = "policy.rhai:4:" }
        [[case]]
        name = "right: after"
        moment = "after"
        path = "/sign-in/email"
        status = 401
        response = { code = "X" }
        expect = { set_headers = { x-hint = "reset" } }
        [[case]]
        name = "wrong: not refused"
        path = "/sign-up/email"
        body = { name = "Ada" }
        expect = { reject = { status = 400, code = "TOO_LONG" } }
    "#;
    let (is_success, printed, errors) = hooks(folder(script, cases).path(), &["test"]);
    assert!(!is_success);
    assert!(printed.ends_with("5 passed, 1 failed\n"), "{printed}{errors}");
    assert!(printed.contains("wrong: not refused: expected") && !printed.contains("right:"), "{printed}");
}

#[test]
fn check_lists_every_moment() {
    let script = r#"
        gate(|ctx| { });
        claims(|ctx| { });
        before_mail(["verify-email", "*"], |ctx| { });
        before(["user.create", "/ok"], |ctx| { });
        after("*.delete", |ctx| { });
    "#;
    let (is_success, printed, errors) = hooks(folder(script, "").path(), &["check"]);
    assert!(is_success, "{errors}");
    assert_eq!(
        printed,
        "policy.rhai: gate\n\
         policy.rhai: claims\n\
         policy.rhai: before_mail verify-email\n\
         policy.rhai: before_mail *\n\
         policy.rhai:4: warning: there is no [mail] section: this hook never runs\n\
         policy.rhai: before * /ok\n\
         policy.rhai: before user.create\n\
         policy.rhai: after *.delete\n"
    );
}

#[test]
fn cases_reach_every_moment() {
    let script = r#"
        gate(|ctx| { if ctx.sessions.len() > 1 { challenge("more", #{ n: ctx.sessions.len() }); } });
        claims(|ctx| { ctx.claims.role = ctx.user.role; });
        before_mail("*", |ctx| { if ctx.to == "x@y.de" { stop(); } ctx.subject = "S"; });
        before("user.update", |ctx| { ctx.changes.name = "N"; });
        after("user.delete", |ctx| { webhook("gone", #{ id: ctx.data.id }); });
        before("/ok", |ctx| { ctx.data = 1; });
        before("/error", |ctx| { if counter("n", 60) > 2 { slow_down(5); } delete_header("x-a"); });
    "#;
    let cases = r#"
        [[case]]
        name = "gate"
        moment = "gate"
        sessions = [{}, {}]
        expect = { challenge = { name = "more", n = 2 } }
        [[case]]
        name = "claims"
        moment = "claims"
        user = { role = "r" }
        claims = { sub = "1" }
        expect = { changed_claims = { role = "r" } }
        [[case]]
        name = "mail"
        moment = "before_mail"
        mail = { kind = "verify-email", to = "a@b.de", subject = "s", text = "t", html = "h" }
        expect = { changed_mail = { subject = "S" } }
        [[case]]
        name = "stopped mail"
        moment = "before_mail"
        mail = { kind = "verify-email", to = "x@y.de" }
        expect = { stop = true }
        [[case]]
        name = "update"
        change = "user.update"
        changes = { name = "M" }
        expect = { changed_changes = { name = "N" } }
        [[case]]
        name = "delete"
        moment = "after"
        change = "user.delete"
        data = { id = "1" }
        expect = { webhooks = [{ event = "gone", data = { id = "1" } }] }
        [[case]]
        name = "another moment's part"
        path = "/ok"
        expect = { error = "policy.rhai:7:" }
        [[case]]
        name = "counters"
        path = "/error"
        counters = { n = 2 }
        [case.expect]
        delay_ms = 5
        counters = { n = 3 }
        set_headers = { }
        [[case]]
        name = "no such moment"
        moment = "during"
        expect = "continue"
    "#;
    let (is_success, printed, errors) = hooks(folder(script, cases).path(), &["test"]);
    assert!(!is_success);
    let failed: Vec<&str> = printed.lines().filter(|line| line.starts_with("FAILED")).collect();
    assert_eq!(failed.len(), 2, "{printed}{errors}");
    assert!(failed[0].contains("counters: expected") && failed[0].contains("\"x-a\":null"), "{printed}");
    assert!(failed[1].contains("no such moment: there is no moment `during`"), "{printed}");
}

#[test]
fn a_replay_tells_what_would_have_been_refused() {
    let script = r#"
        before("/sign-in/email", |ctx| { if counter(ctx.client_address, 60) > 2 { reject(429, "LOCKED", "Locked"); } });
        gate(|ctx| { if date(now()).weekday == "sunday" && ctx.user.role == () { reject(403, "SUNDAY", "No"); } });
        before("/change-password", |ctx| { if ctx.body.newPassword == () { reject(400, "SHORT", "Short"); } });
    "#;
    let event = |at: &str, event: &str, outcome: &str, path: &str| {
        format!(
            r#"{{"timestamp":"{at}","level":"INFO","fields":{{"event":"{event}","outcome":"{outcome}","path":"\"{path}\"","client":"192.0.2.1","user_agent":"\"x\"","user":"1"}},"target":"audit"}}"#
        )
    };
    let lines = [
        event("2026-01-01T12:00:00Z", "sign-in", "refused", "/sign-in/email"),
        event("2026-01-01T12:00:01Z", "sign-in", "refused", "/sign-in/email"),
        event("2026-01-01T12:00:02Z", "sign-in", "done", "/sign-in/email"),
        event("2026-01-04T12:00:00Z", "sign-in", "done", "/sign-in/email"),
        event("2026-01-04T12:00:01Z", "password-change", "done", "/change-password"),
        event("2026-01-04T12:00:02Z", "sign-out", "done", "/sign-out"),
        r#"{"timestamp":"2026-01-04T12:00:03Z","level":"INFO","fields":{"message":"listening"},"target":"doorward"}"#
            .to_owned(),
    ];
    let folder = folder(script, "");
    std::fs::write(folder.path().join("audit.jsonl"), lines.join("\n")).unwrap();
    let (is_success, printed, errors) = hooks(folder.path(), &["run", "--replay", "audit.jsonl"]);
    assert!(is_success, "{errors}");
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 4, "{printed}");
    assert!(
        lines[0].starts_with("policy.rhai: would refuse line 3: 2026-01-01T12:00:02Z POST /sign-in/email: reject "),
        "{printed}"
    );
    assert!(
        lines[0].contains("\"LOCKED\"") && lines[1].contains("line 4") && lines[1].contains("\"SUNDAY\""),
        "{printed}"
    );
    assert!(lines[2].contains("cannot tell line 5") && lines[2].contains("policy.rhai:4:"), "{printed}");
    assert!(lines[2].contains("no event holds `ctx.body`"), "{printed}");
    assert_eq!(lines[3], "policy.rhai: 7 asked, 2 would be refused, 1 cannot be told");
    std::fs::write(folder.path().join("audit.jsonl"), "{}\nno json").unwrap();
    let (is_success, _, errors) = hooks(folder.path(), &["run", "--replay", "audit.jsonl"]);
    assert!(!is_success && errors.contains("audit.jsonl:2"), "{errors}");
}

#[test]
fn a_misspelt_name_is_told_with_the_nearest() {
    let script = "before_mail(\"reset-pasword\", |ctx| { });\ngate(|ctx| {\n    if ctx.user.emial == () { reject(403, \"A\", \"b\"); }\n});";
    let (is_success, printed, errors) = hooks(folder(script, "").path(), &["check"]);
    assert!(is_success, "{errors}");
    for line in [
        "no mail is of the kind reset-pasword: this hook never runs; did you mean `reset-password`? (",
        "policy.rhai:3: warning: no user has a field `ctx.user.emial`; did you mean `email`?\n",
    ] {
        assert!(printed.contains(line), "{printed}");
    }
    let script = "before(\"/sign-up/emial\", |ctx| { });\ngate(|ctx| {\n    if ctx.user == () { rejekt(403, \"A\", \"b\"); }\n});";
    let (is_success, _, errors) = hooks(folder(script, "").path(), &["check"]);
    let expected = "policy.rhai:3: there is no function `rejekt`; did you mean `reject`?: `if ctx.user == ()";
    assert!(!is_success && errors.contains(expected), "{errors}");
    let (is_success, printed, errors) = hooks(folder(&script.replace("rejekt", "reject"), "").path(), &["check"]);
    assert!(
        is_success && printed.contains("this hook never runs; did you mean `/sign-up/email`?"),
        "{printed}{errors}"
    );
    let (is_success, _, errors) = hooks(folder("after_sign_im(|ctx| { });", "").path(), &["check"]);
    assert!(
        !is_success && errors.contains("policy.rhai:1: ") && errors.contains("did you mean `after_sign_in`?"),
        "{errors}"
    );
}

#[test]
fn a_new_script_is_right_and_its_case_passes() {
    let moments = [
        "before",
        "after",
        "user-create",
        "gate",
        "after-sign-in",
        "after-email-verification",
        "after-password-reset",
        "before-mail",
        "claims",
    ];
    for moment in moments {
        let folder = tempfile::tempdir().unwrap();
        let (is_success, printed, errors) = hooks(folder.path(), &["new", "mine", "--moment", moment]);
        assert!(is_success && printed.contains("file = \"hooks/mine.rhai\""), "{moment}: {printed}{errors}");
        let config = "secret = \"0123456789abcdef0123456789abcdef\"\n[mail]\ntransport = \"smtp\"\nfrom = \"a@example.com\"\nsmtp = { host = \"mail.example.com\" }\n[[hooks]]\nfile = \"hooks/mine.rhai\"\n";
        std::fs::write(folder.path().join("doorward.toml"), config).unwrap();
        let (is_success, printed, errors) = hooks(folder.path(), &["check"]);
        assert!(is_success && !printed.contains("warning"), "{moment}: {printed}{errors}");
        let (is_success, printed, errors) = hooks(folder.path(), &["test"]);
        assert!(is_success && printed == "1 passed, 0 failed\n", "{moment}: {printed}{errors}");
        let (is_success, _, errors) = hooks(folder.path(), &["new", "mine"]);
        assert!(!is_success && errors.contains("hooks/mine.rhai is there already"), "{errors}");
    }
    let folder = tempfile::tempdir().unwrap();
    let (is_success, _, errors) = hooks(folder.path(), &["new", "../mine"]);
    assert!(!is_success && errors.contains("`../mine` is no name"), "{errors}");
}

#[test]
fn types_are_definitions_of_all_functions() {
    let folder = tempfile::tempdir().unwrap();
    let (is_success, printed, errors) = hooks(folder.path(), &["types"]);
    assert!(is_success, "{errors}");
    assert!(
        printed.starts_with("module static;\n")
            && printed.contains("fn reject(status: int, code: String, message: String);")
    );
}

#[test]
fn a_grant_of_nothing_is_told() {
    let folder = folder("gate(|ctx| { });", "");
    let config = "secret = \"0123456789abcdef0123456789abcdef\"\nuser.additional_fields.plan = { type = \"string\" }\n\
                  [[hooks]]\nfile = \"policy.rhai\"\nsets = [\"user.plan\", \"user.plam\", \"user.email\"]\n\
                  reads = [\"invite-codes.invite\"]\nwaives = [\"two-factor\"]\n";
    std::fs::write(folder.path().join("doorward.toml"), config).unwrap();
    let (is_success, printed, errors) = hooks(folder.path(), &["check"]);
    assert!(is_success, "{errors}");
    let warnings: Vec<&str> = printed.lines().filter(|line| line.contains("warning")).collect();
    assert_eq!(
        warnings,
        [
            "policy.rhai: warning: `sets` names `user.plam`, which no script can be granted; did you mean `user.plan`?",
            "policy.rhai: warning: `sets` names `user.email`, which no script can be granted; did you mean `user.plan`?",
            "policy.rhai: warning: `reads` names `invite-codes.invite`, which no script can be granted",
            "policy.rhai: warning: `waives` names `two-factor`, which no script can be granted",
        ]
    );
}
