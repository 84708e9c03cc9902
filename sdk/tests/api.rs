//! The public API of the SDK is the one that `API.txt` lists: what is taken away or changed breaks plugins, and is seen here.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

/// Files of what is public in a crate for its macros and the host alone.
const HIDDEN: [&str; 6] = ["bindings.rs", "guest.rs", "beside.rs", "opening.rs", "host.rs", "arena.rs"];
/// Files of the fake host whose public functions stand for the host's.
const STAND_INS: [&str; 7] = ["bodies.rs", "calls.rs", "data.rs", "people.rs", "services.rs", "slots.rs", "rows.rs"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The first lines of a file's public items, in order.
fn items(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines =
        code.lines().map(str::trim).filter(|line| line.starts_with("pub ") && !line.starts_with("pub use crate::__"));
    lines.map(|line| line.trim_end_matches(['{', ';', '(', '=', ' ']).to_owned()).collect()
}

fn api() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    sources(&root.join("contract/src"), &mut files);
    files.sort();
    let mut text = String::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let is_fake = file.parent().is_some_and(|folder| folder.ends_with("fake"));
        if HIDDEN.contains(&name.as_str()) || (is_fake && STAND_INS.contains(&name.as_str())) {
            continue;
        }
        let items = items(&fs::read_to_string(&file).unwrap());
        if !items.is_empty() {
            let shown = file.strip_prefix(root).unwrap().display().to_string();
            text.push_str(&format!(
                "{shown}\n{}",
                items.iter().map(|item| format!("    {item}\n")).collect::<String>()
            ));
        }
    }
    text
}

#[test]
fn the_public_api_is_the_listed_one() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("API.txt");
    let api = api();
    if std::env::var_os("UPDATE_BOOK").is_some() {
        fs::write(&file, &api).unwrap();
    }
    let listed = fs::read_to_string(&file).unwrap();
    let gone: Vec<&str> = listed.lines().filter(|line| !api.lines().any(|own| own == *line)).collect();
    assert!(gone.is_empty(), "this was public and is not any more, which breaks plugins: {gone:#?}");
    assert_eq!(
        listed, api,
        "run `UPDATE_BOOK=1 cargo test -p doorward-sdk --test api`, and say in CHANGELOG.md what is new"
    );
}
