//! Components that were built with released versions of the contract: each must load and do what it did.

use std::path::PathBuf;

use doorward::plugin_host::manifest;
use serde_json::json;

use crate::fixture::{Answer, Fixture};
use crate::store::{Place, on_both};

on_both!(every_released_component_serves);

/// Every kept component, by the version of its contract.
fn kept() -> Vec<PathBuf> {
    let folder = crate::hostile::root().join("tests/compat");
    let versions = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = versions.map(|version| version.join("compat.wasm")).filter(|file| file.is_file());
    let mut files: Vec<PathBuf> = files.collect();
    files.sort();
    files
}

#[test]
fn the_present_contract_has_a_kept_component() {
    let wit = std::fs::read_to_string(crate::hostile::root().join("sdk/wit/world.wit")).unwrap();
    let version = wit.lines().next().unwrap().split('@').nth(1).unwrap().trim_end_matches(';').to_owned();
    let folders: Vec<String> =
        kept().iter().map(|file| file.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert!(folders.contains(&version), "build tests/compat/plugin into tests/compat/{version}/compat.wasm");
}

async fn sign_up(server: &Fixture, name: &str, round: usize) -> Answer {
    let email = format!("{}.{round}@example.com", name.to_lowercase());
    server.post("/sign-up/email", &json!({ "name": name, "email": email, "password": "correct horse 1" })).await
}

fn code(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["code"].as_str().unwrap_or_default().to_owned())
}

async fn every_released_component_serves(place: Place) {
    for (round, file) in kept().iter().enumerate() {
        let manifest = manifest::read(&std::fs::read(file).unwrap(), "compat").unwrap();
        let rights = ["session-gate", "reads-request:/sign-up/email", "changes-answer:/sign-up/email"];
        let capabilities = manifest.capabilities.iter().map(String::as_str);
        let grants: Vec<&str> = capabilities.clone().chain(rights).collect();
        let lacking = format!("[[plugins]]\nid = \"compat\"\npath = \"{}\"\ngrants = []\n", file.display());
        let error = Fixture::try_start(&place, &lacking).await.err().unwrap();
        assert!(error.contains("\"session-gate\", \"observes:/sign-up/email\"]"), "the line to add: {error}");
        let entry = format!(
            "[[plugins]]\nid = \"compat\"\npath = \"{}\"\ngrants = {}\ngreeting = \"Hi\"\n",
            file.display(),
            json!(grants)
        );
        let server = Fixture::start(&place, &entry).await;

        let hello = server.get("/compat/Ada", "").await;
        assert_eq!(hello.json(), json!({ "greeting": "Hi", "name": "Ada", "signedIn": false }), "{}", file.display());
        assert!(hello.headers.get("set-cookie").unwrap().starts_with("better-auth.compat=Ada;"));

        let text = format!("note {round}");
        let noted = server.post("/compat/note", &json!({ "text": text })).await;
        assert_eq!(noted.json(), json!({ "text": text, "count": round + 1, "redeemed": text }));
        assert!(server.post("/compat/note", &json!({ "text": text })).await.status >= 400);
        assert_eq!(server.rows("compatNote").await, round as u64 + 1);

        let before = server.counts().await;
        for name in ["Before", "Event"] {
            assert_eq!(code(&sign_up(&server, name, round).await), (400, "COMPAT_REFUSED".to_owned()), "{name}");
        }
        assert_eq!(server.counts().await, before);
        assert_eq!(code(&sign_up(&server, "Gate", round).await), (403, "COMPAT_GATE".to_owned()));
        assert_eq!(server.rows("session").await, before[2]);
        let signed_up = sign_up(&server, "Ada", round).await;
        assert_eq!((signed_up.status, signed_up.headers.get("x-compat")), (200, Some("200")));
        assert!(server.get("/compat/Ada", &signed_up.cookies()).await.json()["signedIn"].as_bool().unwrap());
    }
}
