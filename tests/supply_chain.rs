//! Every dependency was read or is exempted by name, at the version that is locked. `tests/lint` asks cargo-vet the same.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use crate::hostile::root;

/// Name and version of a crate.
type Release = (String, String);

fn read(file: &str) -> Table {
    let text = std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    text.parse::<Table>().unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn text<'a>(entry: &'a Value, key: &str) -> &'a str {
    entry.get(key).and_then(Value::as_str).unwrap_or_else(|| panic!("no text `{key}` in {entry}"))
}

/// What the lock file names of a registry; what has no source is of this repository.
fn locked() -> BTreeSet<Release> {
    let lock = read("Cargo.lock");
    let packages = lock["package"].as_array().unwrap().iter().filter(|package| package.get("source").is_some());
    packages.map(|package| (text(package, "name").to_owned(), text(package, "version").to_owned())).collect()
}

/// The entries of one table of a file of cargo-vet, by the release that they are about.
fn entries(file: &str, table: &str) -> BTreeMap<Release, Value> {
    let mut found = BTreeMap::new();
    for (name, list) in read(file)[table].as_table().unwrap() {
        for entry in list.as_array().unwrap() {
            let release = (name.clone(), text(entry, "version").to_owned());
            assert!(found.insert(release, entry.clone()).is_none(), "{file} has {name} twice: {entry}");
        }
    }
    found
}

fn audits() -> BTreeMap<Release, Value> {
    entries("supply-chain/audits.toml", "audits")
}

#[test]
fn each_dependency_is_audited_or_exempted() {
    let (locked, audits) = (locked(), audits());
    let exemptions = entries("supply-chain/config.toml", "exemptions");
    let stale: Vec<_> = audits.keys().chain(exemptions.keys()).filter(|&release| !locked.contains(release)).collect();
    assert!(stale.is_empty(), "not in Cargo.lock at this version; `cargo vet prune` drops exemptions: {stale:?}");
    let twice: Vec<_> = audits.keys().filter(|&release| exemptions.contains_key(release)).collect();
    assert!(twice.is_empty(), "audited and exempted: {twice:?}");
    let unknown: Vec<_> =
        locked.iter().filter(|&release| !audits.contains_key(release) && !exemptions.contains_key(release)).collect();
    assert!(unknown.is_empty(), "neither audited nor exempted; CONTRIBUTING.md says what to do: {unknown:?}");
}

#[test]
fn each_audit_says_who_read_what() {
    for (release, audit) in audits() {
        assert_eq!(text(&audit, "criteria"), "safe-to-deploy", "{release:?}");
        assert!(!text(&audit, "who").is_empty(), "{release:?}");
        let notes = text(&audit, "notes");
        assert!(notes.split(". ").count() >= 2, "the notes of {release:?} say too little: {notes}");
    }
}

/// The table in docs/security.md prints those in bold that were read.
#[test]
fn the_security_model_names_what_was_read() {
    let text = std::fs::read_to_string(root().join("docs/security.md")).unwrap();
    let section = text.split("\n## ").find(|section| section.starts_with("Crates that read hostile input\n")).unwrap();
    let bold = section.split("**").skip(1).step_by(2).map(str::to_owned);
    let named: BTreeSet<String> = bold.collect();
    let read: BTreeSet<String> = audits().into_keys().map(|(name, _)| name).collect();
    assert_eq!(named, read);
}

#[test]
fn nothing_is_taken_on_the_word_of_others() {
    assert_eq!(read("supply-chain/imports.lock"), Table::new(), "docs/security.md says that no audits are imported");
    assert!(!read("supply-chain/config.toml").contains_key("imports"));
}
