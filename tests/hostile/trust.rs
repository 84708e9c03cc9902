//! SUP-2: a server starts with the plugins that its operator trusts, or not at all.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{components, entry};
use crate::fixture::Fixture;
use crate::store::Place;

cases!(sup_2_only_signed_plugins_start, sup_2_a_file_that_is_swapped_while_it_is_loaded_is_never_served);

/// A folder with a plugin that answers 201.
struct Publisher {
    folder: tempfile::TempDir,
}

impl Publisher {
    fn new() -> Self {
        let publisher = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::write(publisher.component(), components::with_manifest(components::answers(201), "signed")).unwrap();
        publisher
    }

    fn component(&self) -> PathBuf {
        self.folder.path().join("signed.wasm")
    }

    fn run(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
        let Output { status, stdout, stderr } =
            command.arg("plugin").args(arguments).current_dir(self.folder.path()).output().unwrap();
        let text = [stdout, stderr].concat();
        (status.success(), String::from_utf8_lossy(&text).into_owned())
    }

    /// Makes a key; returns the public one.
    fn key(&self, name: &str) -> String {
        let (is_success, text) = self.run(&["keygen", name]);
        assert!(is_success, "{text}");
        text.split('"').nth(1).unwrap().to_owned()
    }

    fn sign(&self, key: &str, more: &[&str]) {
        let (is_success, text) = self.run(&[&["sign", "--key", key, "signed.wasm"], more].concat());
        assert!(is_success, "{text}");
    }
}

async fn start(place: &Place, key: &str, component: &Path, more: &str) -> Result<Fixture, String> {
    let listed = entry("signed", component, more);
    Fixture::try_start(place, &format!("plugin_trust.trusted_keys = {{ acme = \"{key}\" }}\n{listed}")).await
}

async fn sup_2_only_signed_plugins_start(place: Place) {
    let publisher = Publisher::new();
    let (own, other) = (publisher.key("own.key"), publisher.key("other.key"));
    let component = publisher.component();
    let refused = async |key: &str, more: &str, part: &str| {
        let error = start(&place, key, &component, more).await.err().unwrap();
        assert!(error.contains("plugin `signed` is not trusted") && error.contains(part), "{error}");
    };
    refused(&own, "", "it is not signed").await;
    publisher.sign("own.key", &[]);
    let server = start(&place, &own, &component, "signed_by = \"acme\"").await.unwrap();
    assert_eq!(server.get("/hostile/raw", "").await.status, 201);
    refused(&other, "", "no trusted publisher").await;
    refused(&own, "min_version = \"1.0.1\"", "no version like").await;
    publisher.sign("own.key", &["--expires", "2026-01-01"]);
    refused(&own, "", "ended at 2026-01-01").await;
    publisher.sign("other.key", &[]);
    refused(&own, "", "no trusted publisher").await;

    // The manifest is among the signed bytes: whoever adds a right to it must sign again.
    publisher.sign("own.key", &[]);
    let mut bytes = std::fs::read(&component).unwrap();
    let at = bytes.windows(15).rposition(|bytes| bytes == b"\"sdk_version\":\"").unwrap();
    bytes[at + 15] ^= 1;
    std::fs::write(&component, bytes).unwrap();
    refused(&own, "", "changed since").await;
}

async fn sup_2_a_file_that_is_swapped_while_it_is_loaded_is_never_served(place: Place) {
    let publisher = Publisher::new();
    let own = publisher.key("own.key");
    publisher.sign("own.key", &[]);
    let component = publisher.component();
    let genuine = std::fs::read(&component).unwrap();
    let evil = components::with_manifest(components::answers(222), "signed");
    let is_over = Arc::new(AtomicBool::new(false));
    let swapper = std::thread::spawn({
        let (is_over, component, genuine) = (Arc::clone(&is_over), component.clone(), genuine.clone());
        move || {
            while !is_over.load(Ordering::Relaxed) {
                for bytes in [&evil, &genuine] {
                    swap(&component, bytes);
                    std::thread::sleep(Duration::from_millis(3));
                }
            }
        }
    });
    let mut served = 0;
    for _ in 0..30 {
        if let Ok(server) = start(&place, &own, &component, "").await {
            assert_eq!(server.get("/hostile/raw", "").await.status, 201);
            served += 1;
        }
    }
    is_over.store(true, Ordering::Relaxed);
    swapper.join().unwrap();
    assert!(start(&place, &own, &component, "").await.is_ok(), "{served} of 30 starts came at a good moment");
}

fn swap(component: &Path, bytes: &[u8]) {
    let unfinished = component.with_extension("new");
    std::fs::write(&unfinished, bytes).unwrap();
    std::fs::rename(unfinished, component).unwrap();
}

#[test]
fn sup_2_a_private_key_is_private_and_never_overwritten() {
    let publisher = Publisher::new();
    publisher.key("own.key");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(publisher.folder.path().join("own.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }
    let (is_success, text) = publisher.run(&["keygen", "own.key"]);
    assert!(!is_success && text.contains("cannot write own.key"), "{text}");
    let (is_success, text) = publisher.run(&["sign", "--key", "signed.wasm", "signed.wasm"]);
    assert!(!is_success && text.contains("no Ed25519 private key"), "{text}");
}
