//! A first start anywhere: the built binary, run as an operator would, in a folder with nothing in it.

mod commands;
mod dev;
mod import;
mod installation;
mod logs;
mod mail;
pub mod operator;
mod reload;
mod takeover;
mod telemetry;
mod tls;
mod users;

use operator::{Folder, answer, status_line};

const SIGN_UP: &str = r#"{"name":"Ada","email":"ada@example.com","password":"correct horse 1"}"#;

#[test]
fn an_empty_folder_becomes_a_server() {
    let folder = Folder::new();
    let text = folder.succeed(&["init"]);
    assert!(text.contains("doorward.toml is written") && text.contains("`doorward serve`"), "{text}");
    assert!(folder.fail(&["init"]).contains("cannot write doorward.toml"));
    assert_eq!(folder.succeed(&["check"]), "ready to serve\n");
    assert_eq!(folder.succeed(&["migrate"]), "0 changes applied\n");
    for command in ["serve", "dev"] {
        let server = folder.serve(command);
        let made = answer(&server, "POST", "/api/auth/sign-up/email", SIGN_UP);
        let expected = if command == "serve" { 200 } else { 422 };
        assert_eq!(made.status, expected, "{command}: {}", made.body);
        assert!(made.body.contains("ada@example.com") || expected == 422, "{}", made.body);
    }
}

#[test]
fn init_leaves_a_database_alone() {
    let folder = Folder::new();
    std::fs::write(folder.path("doorward.db"), "").unwrap();
    assert!(folder.succeed(&["init"]).contains("`doorward migrate`"));
    assert_eq!(std::fs::metadata(folder.path("doorward.db")).unwrap().len(), 0);
    assert!(folder.fail(&["check"]).contains("`doorward migrate`"));
}

#[test]
fn the_template_has_every_official_plugin_to_switch_on() {
    let reviewed: toml::Table = include_str!("../plugins/official.toml").parse().unwrap();
    let switched_on: Vec<String> = Folder::new().plugins_of_template().into_iter().map(|(id, _)| id).collect();
    let mut sorted = switched_on.clone();
    sorted.sort();
    assert_eq!(sorted, reviewed.keys().cloned().collect::<Vec<_>>());
}

#[test]
fn plugins_are_found_beside_the_binary() {
    for place in ["bin/plugins", "share/doorward/plugins"] {
        let folder = Folder::installed();
        folder.succeed(&["init"]);
        folder.switch_on_all();
        let missing = folder.fail(&["check"]);
        assert_eq!(missing.lines().count(), 1, "{missing}");
        for place in ["./plugins/dist/admin.wasm", "bin/plugins/admin.wasm", "share/doorward/plugins/admin.wasm"] {
            assert!(missing.contains(place), "{missing}");
        }
        folder.install(place);
        folder.succeed(&["migrate"]);
        assert_eq!(folder.succeed(&["check"]), "ready to serve\n", "{place}");
        // A folder of the operator's own is the only one.
        folder.prepend("plugin_folder = \"mine\"\n");
        assert!(folder.fail(&["check"]).contains("./mine/admin.wasm cannot be read"));
    }
}

#[test]
fn head_is_get_without_a_body() {
    let folder = Folder::new();
    folder.succeed(&["init"]);
    folder.append("[management]\naddress = \"{management}\"\nkeys = []\n");
    let server = folder.serve("serve");
    for path in ["/api/auth/ok", "/api/auth/get-session", "/api/auth/error", "/api/auth/config", "/api/auth/no-such"] {
        let (get, head) = (answer(&server, "GET", path, ""), answer(&server, "HEAD", path, ""));
        assert_eq!((head.status, head.body.as_str()), (get.status, ""), "{path}");
        assert_eq!((&head.length, &head.kind), (&get.length, &get.kind), "{path}");
    }
    for path in ["/health", "/ready", "/metrics"] {
        assert!(status_line(server.management, "HEAD", path).contains(" 200 "), "{path}");
    }
    // What only a POST may do, a HEAD may not.
    assert_eq!(answer(&server, "HEAD", "/api/auth/sign-out", "").status, 404);
}

#[test]
fn head_uses_no_link_up() {
    let folder = Folder::installed();
    let server = folder.serve("dev");
    for path in ["/api/auth/verify-email?token=x", "/api/auth/reset-password/x?callbackURL=/a"] {
        let get = answer(&server, "GET", path, "");
        assert_ne!(get.status, 200, "{path}");
        assert_eq!(answer(&server, "HEAD", path, "").status, 200, "{path}");
    }
}
