//! `doorward dev` in an empty folder: what it makes, switches on and says.

use std::fs::File;
use std::process::Stdio;

use super::operator::{Folder, Running, answer};
use super::{SIGN_UP, operator::status_line};

/// Starts `dev`, and returns the server with a way to read what it has said so far.
fn dev(folder: &Folder) -> (Running, impl Fn() -> String) {
    let said = folder.path("said.txt");
    let server = folder.serve_saying_to("dev", File::create(&said).unwrap().into(), Stdio::null());
    (server, move || std::fs::read_to_string(&said).unwrap())
}

/// What it says, once it has said all of it.
fn greeting(said: impl Fn() -> String) -> String {
    for _ in 0..400 {
        if said().contains("await auth.signUp.email") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(25));
    }
    said()
}

fn ids(folder: &Folder) -> Vec<String> {
    let table: toml::Table = std::fs::read_to_string(folder.path("doorward.toml")).unwrap().parse().unwrap();
    let plugins = table.get("plugins").and_then(toml::Value::as_array).cloned().unwrap_or_default();
    plugins.iter().map(|plugin| plugin["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn it_makes_whatever_is_missing() {
    let folder = Folder::installed();
    let (server, said) = dev(&folder);
    assert_eq!(answer(&server, "POST", "/api/auth/sign-up/email", SIGN_UP).status, 200);
    assert!(answer(&server, "GET", "/dev/mailbox", "").body.contains("<html"));
    let greeting = greeting(said);
    assert!(!greeting.contains("Sign in at") && !greeting.contains("administrator"), "{greeting}");
    assert_eq!(ids(&folder), Vec::<String>::new());
}

#[test]
fn it_opens_on_a_sign_in_page_with_what_is_at_hand() {
    let folder = Folder::installed();
    folder.install("bin/plugins");
    std::fs::remove_file(folder.path("bin/plugins/jwt.wasm")).unwrap();
    let (server, said) = dev(&folder);
    let first = greeting(said);
    let origin = format!("http://{}", server.public);
    assert_eq!(first.trim_start().lines().next(), Some(format!("Sign in at       {origin}/sign-in").as_str()));
    let offer = "No administrator yet. Make one:";
    assert!(first.contains(offer) && first.contains("doorward user create you@example.com --admin\n"), "{first}");
    assert!(answer(&server, "GET", "/sign-in", "").body.contains("Sign in to Doorward"));
    assert!(status_line(server.public, "GET", "/account").contains(" 302 "));

    let mut expected: Vec<String> = folder.plugins_of_template().into_iter().map(|(id, _)| id).collect();
    expected.retain(|id| !["jwt", "social"].contains(&id.as_str()));
    assert_eq!(ids(&folder), expected, "all but what is not there and what needs credentials");

    let (made, said, wrong) = folder.run(&["user", "create", "you@example.com", "--admin"], "correct horse 1\n");
    assert!(made, "{said}{wrong}");
    assert!(folder.succeed(&["user", "list"]).contains("\tadmin\t"));
    assert!(folder.succeed(&["config", "show", "--set"]).contains("user.delete_user.enabled = true  # file"));
    server.stop();
    // `serve` is the same server, and there is nothing left to offer.
    assert!(answer(&folder.serve("serve"), "GET", "/sign-in", "").body.contains("Sign in to Doorward"));
    let (_server, said) = dev(&folder);
    assert!(!greeting(said).contains(offer));
}

#[test]
fn a_start_that_fails_leaves_no_configuration_that_lacks_plugins() {
    let folder = Folder::installed();
    std::fs::create_dir(folder.path("plugins")).unwrap();
    std::fs::write(folder.path("plugins/Cargo.toml"), "no workspace").unwrap();
    let said = folder.fail_to_serve("dev");
    assert!(said.contains("the first time takes a few minutes"), "{said}");
    assert!(said.trim().lines().last().unwrap().contains("Cargo.toml cannot be read"), "{said}");
    assert!(!folder.path("doorward.toml").exists() && !folder.path("doorward.db").exists());
}
