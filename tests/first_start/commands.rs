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
         webhook = { url = \"https://ada:hunter2@hooks.example/mails?key=hunter2\", secret = \"hunter2\" }\n[[plugins]]\nid = \"bearer\"\nkey = \"hunter2\"\n",
    );
    let shown = folder.succeed(&["config", "show"]);
    for line in [
        "app_name = \"Doorward\"  # file",
        "session.expires_in = 60  # file",
        "session.update_age = 86400  # default",
        "password_hashing.memory_kib = 64  # variable DOORWARD_PASSWORD_HASHING__MEMORY_KIB",
        "secret = \"…\"  # file",
        "mail.webhook.secret = \"…\"  # file",
        "mail.webhook.url = \"https://…@hooks.example/mails?…\"  # file",
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
    folder.succeed(&["man", "--out", "share/man"]);
    for page in ["doorward.1", "doorward-mail-retry.1", "doorward-user-create.1"] {
        assert!(folder.path("share/man").join(page).exists(), "{page}");
    }
    std::fs::write(folder.path("file"), "").unwrap();
    assert!(folder.fail(&["man", "--out", "file/man"]).contains("cannot write the manual into file/man"));
}

#[test]
fn a_secret_of_a_file_of_its_own_is_shown_by_its_file() {
    let folder = Folder::new();
    folder.succeed(&["init"]);
    std::fs::write(folder.path("smtp-password"), "hunter2\n").unwrap();
    folder.append(
        "[mail]\ntransport = \"smtp\"\nfrom = \"a@b.c\"\n\
         smtp = { host = \"h\", username = \"u\", password = { file = \"smtp-password\" } }\n\
         [[webhooks]]\nname = \"crm\"\nurl = \"https://crm.example/hooks?token=hunter2\"\nevents = [\"*\"]\n",
    );
    let set = folder.succeed(&["config", "show", "--set"]);
    assert!(set.contains("mail.smtp.password.file = \"smtp-password\"  # file\n"), "{set}");
    assert!(set.contains("\"url\":\"https://crm.example/hooks?…\"") && !set.contains("hunter2"), "{set}");
}

#[test]
fn a_plan_of_nothing_says_so() {
    let folder = Folder::new();
    folder.succeed(&["init"]);
    assert_eq!(folder.succeed(&["migrate", "--plan"]), "the database is up to date\n");
}

#[test]
fn a_new_script_lies_beside_the_configuration() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("etc")).unwrap();
    folder.succeed(&["--config", "etc/doorward.toml", "init"]);
    let told = folder.succeed(&["--config", "etc/doorward.toml", "hooks", "new", "rule"]);
    assert!(told.contains("wrote etc/hooks/rule.rhai") && told.contains("Add it to etc/doorward.toml"), "{told}");
    assert!(folder.path("etc/hooks/rule.cases.toml").exists() && !folder.path("hooks").exists());
    let again = folder.fail(&["--config", "etc/doorward.toml", "hooks", "new", "rule"]);
    assert!(again.contains("etc/hooks/rule.rhai is there already"), "{again}");
}

#[test]
fn a_plugin_is_looked_at_by_its_id() {
    let folder = Folder::installed();
    folder.install("bin/plugins");
    let told = folder.succeed(&["plugin", "inspect", "bearer"]);
    assert!(told.starts_with("bearer "), "{told}");
    assert_eq!(folder.succeed(&["plugin", "inspect", "bin/plugins/bearer.wasm"]), told);
    let unknown = folder.fail(&["plugin", "inspect", "baerer"]);
    assert!(unknown.contains("nor a plugin of this id (did you mean `bearer`?)"), "{unknown}");
    assert!(folder.fail(&["plugin", "inspect", "no/such.wasm"]).contains("cannot read no/such.wasm"));
}

#[test]
fn pages_without_what_they_call_are_told_of() {
    let folder = Folder::installed();
    folder.install("bin/plugins");
    folder.succeed(&["init"]);
    folder.append("[[plugins]]\nid = \"admin-pages\"\n");
    let (_, _, told) = folder.run(&["check"], "");
    assert!(
        told.contains("a plugin calls endpoints that there are not") && told.contains("/admin/list-users"),
        "{told}"
    );
    folder.append("[[plugins]]\nid = \"admin\"\n[[plugins]]\nid = \"pages\"\n");
    folder.succeed(&["migrate"]);
    let (succeeded, _, told) = folder.run(&["check"], "");
    assert!(succeeded && !told.contains("a plugin calls"), "{told}");
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
