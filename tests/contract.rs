//! The plugin contract: a change of `sdk/wit` is a new version, and every plugin folder is complete.

use std::fs;
use std::path::{Path, PathBuf};

use doorward::crypto::{hex, sha256};

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
