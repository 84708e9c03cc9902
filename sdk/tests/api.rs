//! The public API of the SDK is the one that `API.txt` lists: what is taken away or changed breaks plugins, and is seen here.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

/// Files of what is public in a crate for its macros and the host alone.
const HIDDEN: [&str; 6] = ["bindings.rs", "guest.rs", "beside.rs", "opening.rs", "host.rs", "arena.rs"];
/// Files of the fake host whose public functions stand for the host's.
const STAND_INS: [&str; 7] = ["upload.rs", "calls.rs", "data.rs", "people.rs", "services.rs", "slots.rs", "rows.rs"];

/// What begins an item that authors look up.
const ITEMS: [&str; 7] =
    ["pub fn ", "pub struct ", "pub enum ", "pub trait ", "pub const ", "pub type ", "macro_rules! "];

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

/// The first lines of a file's public items, in order; each name of a `pub use` is a line of its own.
fn items(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines: Vec<&str> = code.lines().map(str::trim).collect();
    let mut items = Vec::new();
    for (place, line) in lines.iter().enumerate() {
        if line.starts_with("pub use ") && line.contains("::") {
            let path = line.rsplit_once("::").map_or("", |(path, _)| path);
            items.extend(names_used(&lines, place).iter().map(|name| format!("{path}::{name}")));
        } else if line.starts_with("pub ") {
            items.push(line.trim_end_matches(['{', ';', '(', '=', ' ']).to_owned());
        }
    }
    items.retain(|item| !item.starts_with("pub use crate::__"));
    items
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

/// The files of what is public for authors, with their texts.
fn public_files(folder: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    sources(folder, &mut files);
    files.sort();
    let named = files.iter().map(|file| (file.file_name().unwrap().to_string_lossy(), file));
    let shown = named.filter(|(name, _)| !HIDDEN.contains(&name.as_ref()));
    shown.map(|(_, file)| (file.display().to_string(), fs::read_to_string(file).unwrap())).collect()
}

/// Whether the docs and attributes above a line have `part` at the beginning of one.
fn above(lines: &[&str], place: usize, part: &str) -> bool {
    let is_above = |line: &&&str| {
        let line = line.trim_start();
        line.starts_with("///") || !(line.is_empty() || line.ends_with(';') || line.starts_with('}'))
    };
    lines[..place].iter().rev().take_while(is_above).any(|line| line.trim_start().starts_with(part))
}

/// Whether the item in this line has an example, or is none that authors see.
fn has_example(lines: &[&str], place: usize) -> bool {
    let is_private = lines[place].starts_with("macro_rules!") && !above(lines, place, "#[macro_export]");
    is_private || above(lines, place, "#[doc(hidden)]") || above(lines, place, "/// ```")
}

/// The names that a `pub use` which begins in this line gives.
fn names_used(lines: &[&str], place: usize) -> Vec<String> {
    let mut statement = String::new();
    for line in &lines[place..] {
        statement.push_str(line);
        if line.ends_with(';') {
            break;
        }
    }
    let names = statement.rsplit("::").next().unwrap_or_default();
    names
        .split(',')
        .map(|name| name.trim_matches([' ', '{', '}', ';']).to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn every_public_item_has_an_example() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let contract = public_files(&root.join("contract/src"));
    let is_shown_there = |name: &String| {
        contract.iter().any(|(_, text)| {
            let lines: Vec<&str> = text.lines().collect();
            let defines = |line: &str| {
                let defined = ITEMS.iter().find_map(|item| line.strip_prefix(item));
                defined.is_some_and(|rest| rest.split(['(', '<', ' ', ':']).next() == Some(name))
            };
            (0..lines.len()).any(|place| defines(lines[place]) && has_example(&lines, place))
        })
    };
    let mut bare = Vec::new();
    for (file, text) in public_files(&root.join("src")) {
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let lines: Vec<&str> = code.lines().collect();
        for (place, line) in lines.iter().enumerate() {
            let is_item = ITEMS.iter().any(|item| line.starts_with(item));
            let is_generated = line.starts_with("pub use crate::bindings::");
            if (is_item || is_generated) && !has_example(&lines, place) {
                bare.push(format!("{file}:{}: {line}", place + 1));
            }
            let is_of_contract = line.trim_start().starts_with("pub use doorward_contract::");
            if is_of_contract && !has_example(&lines, place) {
                let names = names_used(&lines, place);
                bare.extend(names.into_iter().filter(|name| !is_shown_there(name)));
            }
        }
    }
    assert!(bare.is_empty(), "an author would like to see how these are used; give them an example: {bare:#?}");
}
