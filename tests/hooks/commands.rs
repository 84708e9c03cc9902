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
         \x20 warning: no route matches * /no-such-path: this hook never runs\n\
         policy.rhai: before PUT /ok\n\
         \x20 warning: no route matches PUT /ok: this hook never runs\n"
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
