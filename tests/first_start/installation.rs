//! What an operator does first: a file by wishes, a look at the whole installation, and descriptions for other tools.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value as Json;

use super::operator::Folder;

#[test]
fn a_file_is_written_by_wishes() {
    let folder = Folder::new();
    let wishes = ["--name", "Acme", "--base-url", "https://id.example.com", "--database", "sqlite://own.db", "--yes"];
    folder.succeed(&[&["init"], &wishes[..]].concat());
    let shown = folder.succeed(&["config", "show", "--set"]);
    for line in ["app_name = \"Acme\"  # file", "base_url = \"https://id.example.com\"  # file"] {
        assert!(shown.lines().any(|shown| shown == line), "{line}\n{shown}");
    }
    assert!(folder.path("own.db").exists());
    let again = folder.fail(&["init", "--yes"]);
    assert!(again.contains("doorward.toml: it is there already"), "{again}");
}

#[test]
fn a_wish_that_cannot_be_leaves_no_file() {
    let folder = Folder::new();
    let plugin = folder.fail(&["init", "--plugins", "username,two-factr", "--yes"]);
    assert!(plugin.contains("there is no plugin `two-factr`; did you mean `two-factor`?"), "{plugin}");
    let url = folder.fail(&["init", "--base-url", "id.example.com", "--yes"]);
    assert!(url.contains("https://auth.example.com"), "{url}");
    assert!(!folder.path("doorward.toml").exists());
}

#[test]
fn a_doctor_says_what_mends() {
    let folder = Folder::new();
    let ill = |part: &str| {
        let (succeeded, out, _) = folder.run(&["doctor"], "");
        assert!(!succeeded && out.contains(part), "{part}: {out}");
    };
    ill("Make one with `doorward init`");
    folder.succeed(&["init", "--yes"]);
    let well = folder.succeed(&["doctor"]);
    for line in ["ok     configuration: ", "ok     plugins: 0 load", "ok     database, scripts: ", "look   mail: none"]
    {
        assert!(well.contains(line), "{line}\n{well}");
    }
    let readable = std::fs::Permissions::from_mode(0o644);
    std::fs::write(folder.path("smtp-password"), "hunter2").unwrap();
    std::fs::set_permissions(folder.path("smtp-password"), readable).unwrap();
    folder.append("[mail]\ntransport = \"smtp\"\nsmtp = { host = \"127.0.0.1\", port = 9, tls = \"none\", username = \"a\", password = { file = \"smtp-password\" } }\n");
    ill("smtp-password. Run: chmod o= ");
    std::fs::remove_file(folder.path("doorward.db")).unwrap();
    ill("Run: doorward migrate");
    assert!(!folder.path("doorward.db").exists(), "nothing is repaired");
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(folder.path("doorward.toml"), open).unwrap();
    folder.append("[[plugins]]\nid = \"absent\"\n");
    ill("Run: chmod o= ");
    ill("WRONG  plugins: plugin `absent`");
}

#[test]
fn a_schema_and_a_description_need_no_server() {
    let folder = Folder::new();
    // No configuration is needed for the one, and no database for the other.
    let schema: Json = serde_json::from_str(&folder.succeed(&["config", "schema"])).unwrap();
    assert_eq!(schema["properties"]["app_name"]["default"], "Doorward");
    std::fs::write(folder.path("doorward.toml"), "secret = \"0123456789abcdef0123456789abcdef\"\n").unwrap();
    folder.succeed(&["openapi", "--output", "api.json"]);
    let document = std::fs::read_to_string(folder.path("api.json")).unwrap();
    let document: Json = serde_json::from_str(&document).unwrap();
    assert_eq!(document["paths"]["/sign-in/email"]["post"]["operationId"], "signInEmail");
    assert!(folder.fail(&["openapi", "--management"]).contains("write management.address"));
    assert!(!folder.path("doorward.db").exists());
}
