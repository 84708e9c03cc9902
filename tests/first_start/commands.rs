//! Commands about the program itself: effective options, completions, manual pages, and the reference's variables.

use super::operator::Folder;

#[test]
fn options_are_shown_with_their_source_and_without_secrets() {
    let folder = Folder::new();
    folder.succeed(&["init"]);
    let text = std::fs::read_to_string(folder.path("doorward.toml")).unwrap();
    let secret = text.lines().find_map(|line| line.strip_prefix("secret = ")).unwrap().trim_matches('"').to_owned();
    folder.append(
        "[session]\nexpires_in = 60\n[mail]\ntransport = \"webhook\"\n\
         webhook = { url = \"https://hooks.example/hunter2\", secret = \"hunter2\" }\n[[plugins]]\nid = \"bearer\"\nkey = \"hunter2\"\n",
    );
    let shown = folder.succeed(&["config", "show"]);
    for line in [
        "app_name = \"Doorward\"  # file",
        "session.expires_in = 60  # file",
        "session.update_age = 86400  # default",
        "password_hashing.memory_kib = 64  # variable DOORWARD_PASSWORD_HASHING__MEMORY_KIB",
        "secret = \"…\"  # file",
        "mail.webhook.secret = \"…\"  # file",
        "mail.webhook.url = \"https://hooks.example\"  # file",
        "plugins: bearer  # file",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}\n{shown}");
    }
    assert!(!shown.contains("hunter2") && !shown.contains(&secret), "{shown}");
    let set = folder.succeed(&["config", "show", "--set"]);
    assert!(set.contains("session.expires_in") && !set.contains("# default"), "{set}");
}

#[test]
fn shells_and_manuals_know_the_commands() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(folder.succeed(&["completions", shell]).contains("set-password"), "{shell}");
    }
    assert!(folder.succeed(&["man"]).contains(".TH doorward 1"));
    std::fs::create_dir(folder.path("man")).unwrap();
    folder.succeed(&["man", "--out", "man"]);
    for page in ["doorward.1", "doorward-mail-retry.1", "doorward-user-create.1"] {
        assert!(folder.path("man").join(page).exists(), "{page}");
    }
}

#[test]
fn the_commented_lines_of_the_template_stand_where_they_work() {
    let folder = Folder::new();
    folder.succeed(&["init"]);
    let text = std::fs::read_to_string(folder.path("doorward.toml")).unwrap();
    assert!(text.contains("\n# trusted_origins = "));
    std::fs::write(folder.path("doorward.toml"), text.replace("\n# trusted_origins = ", "\ntrusted_origins = "))
        .unwrap();
    assert_eq!(folder.succeed(&["check"]), "ready to serve\n");
    assert!(
        folder.succeed(&["config", "show", "--set"]).contains("trusted_origins = [\"http://localhost:5173\"]  # file")
    );
}

#[test]
fn an_option_of_the_top_below_a_plugin_is_recognised() {
    let folder = Folder::new();
    folder.succeed(&["init"]);
    folder.install("plugins/dist");
    folder.append("[[plugins]]\nid = \"bearer\"\ntrusted_origins = [\"http://localhost:5173\"]\n");
    let line = folder.fail(&["check"]);
    assert!(line.contains("`trusted_origins` stands below `[[plugins]]`; move it above the first section"), "{line}");
}
