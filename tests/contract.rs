//! The plugin contract: a change of `sdk/wit` is a new version, and every plugin folder is complete.

use std::fs;
use std::path::{Path, PathBuf};

use doorward::crypto::{hex, sha256};
use doorward::plugin_host::manifest;
use doorward_contract::MANIFEST_SECTION;
use serde_json::Value as Json;
use wasmparser::{Parser, Payload};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[test]
fn the_readme_names_the_version_and_the_hash_of_the_contract() {
    let files = sorted(&root().join("sdk/wit"));
    let texts: Vec<String> = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let version = texts[0].lines().next().unwrap().trim_start_matches("package ").trim_end_matches(';').to_owned();
    assert!(texts.iter().all(|text| text.starts_with(&format!("package {version};\n"))), "one package, one version");
    let row = format!("| `{version}` | `{}` |", hex(&sha256(texts.concat().as_bytes())));
    let readme = fs::read_to_string(root().join("sdk/README.md")).unwrap();
    assert!(readme.contains(&row), "sdk/wit has changed: raise its version where the change needs it, then add\n{row}");
}

/// The manifest of a component as it stands there.
fn manifest_text(component: &[u8]) -> Json {
    let sections = Parser::new(0).parse_all(component).filter_map(|payload| match payload.unwrap() {
        Payload::CustomSection(section) if section.name() == MANIFEST_SECTION => Some(section.data()),
        _ => None,
    });
    serde_json::from_slice(sections.last().unwrap()).unwrap()
}

#[test]
fn every_name_in_a_kept_manifest_is_known() {
    for folder in sorted(&root().join("tests/compat")).iter().filter(|path| path.join("compat.wasm").is_file()) {
        let component = fs::read(folder.join("compat.wasm")).unwrap();
        let read = manifest::read(&component, "compat").unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), manifest_text(&component), "{}", folder.display());
    }
}

#[test]
fn every_plugin_has_a_readme_and_tests() {
    for folder in sorted(&root().join("plugins")).into_iter().filter(|path| path.join("Cargo.toml").is_file()) {
        assert!(folder.join("README.md").is_file(), "{}: no README.md", folder.display());
        assert!(has_tests(&folder.join("src")), "{}: no tests", folder.display());
    }
}

fn has_tests(folder: &Path) -> bool {
    sorted(folder).iter().any(|path| match path.is_dir() {
        true => has_tests(path),
        false => fs::read_to_string(path).unwrap().contains("#[test]"),
    })
}
