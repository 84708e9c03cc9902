//! Keeps the shape of the code: layers, one-sentence headers, sizes of files, and who may name which library.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Layer of each module of `host/src`; ARCHITECTURE.md shows the same table.
const LAYERS: [(u8, &[&str]); 9] = [
    (8, &["main", "lib", "commands", "app", "server", "routes", "dev_mailbox"]),
    (7, &["pipeline"]),
    (6, &["endpoints"]),
    (5, &["plugin_host", "hooks"]),
    (4, &["exchange", "input"]),
    (3, &["outbox"]),
    (2, &["auth"]),
    (1, &["store"]),
    (
        0,
        &[
            "config", "http", "error", "clock", "random", "mail", "seal", "secret", "crypto", "address", "origin",
            "email", "cookie", "jwe", "keys", "memory", "outgoing", "webauthn",
        ],
    ),
];

/// A library and the only modules that may name it.
const OWNERS: [(&str, &[&str]); 4] =
    [("actix_web", &["server"]), ("wasmtime", &["plugin_host"]), ("rhai", &["hooks"]), ("diesel", &["store"])];

const LONGEST_FILE_LINES: usize = 400;
const VAGUE_NAMES: [&str; 6] = ["util", "utils", "helpers", "common", "manager", "misc"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every Rust file below `folder`, build output left out.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let is_output = ["target", "node_modules", "dist"].contains(&name.as_str()) || name.starts_with('.');
            if path.is_dir() && !is_output {
                folders.push(path);
            } else if name.ends_with(".rs") {
                found.push(path);
            }
        }
    }
    found
}

/// The part of a file above its tests.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text)
}

/// The top-level module that a file of `host/src` belongs to.
fn module_of(path: &Path) -> String {
    let below = path.strip_prefix(root().join("host/src")).unwrap();
    let first = below.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

fn layers() -> BTreeMap<&'static str, u8> {
    LAYERS.iter().flat_map(|(layer, names)| names.iter().map(|name| (*name, *layer))).collect()
}

/// The modules that a line imports: `crate::a::b` names `a`.
fn imported(line: &str) -> impl Iterator<Item = &str> {
    line.split("crate::")
        .skip(1)
        .filter_map(|rest| rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next())
}

#[test]
fn modules_import_only_from_layers_below() {
    let layers = layers();
    let mut wrong = Vec::new();
    for path in rust_files(&root().join("host/src")) {
        let own = module_of(&path);
        let layer = layers.get(own.as_str()).unwrap_or_else(|| panic!("{own} has no layer in tests/tidy.rs"));
        let text = fs::read_to_string(&path).unwrap();
        for name in without_tests(&text).lines().flat_map(imported).filter(|name| *name != own) {
            // Plain values build on each other, and start-up puts its own parts together.
            let is_one_layer = [0, 8].contains(layer) && layers.get(name) == Some(layer);
            if !is_one_layer && layers.get(name).is_some_and(|other| other >= layer) {
                wrong.push(format!("{} imports {name}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn libraries_are_named_by_their_owners_alone() {
    let mut wrong = Vec::new();
    for path in rust_files(&root().join("host/src")) {
        let text = fs::read_to_string(&path).unwrap();
        for (library, owners) in OWNERS {
            let names_it =
                text.lines().any(|line| line.contains(&format!("{library}::")) && !line.trim_start().starts_with("//"));
            if names_it && !owners.contains(&module_of(&path).as_str()) {
                wrong.push(format!("{} names {library}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_the_session_gate_stores_sessions() {
    let mut found = Vec::new();
    for path in rust_files(&root().join("host/src")) {
        let text = fs::read_to_string(&path).unwrap();
        if without_tests(&text).contains("session::new_record(") {
            found.push(path.strip_prefix(root()).unwrap().display().to_string());
        }
    }
    assert_eq!(found, ["host/src/exchange/session_gate.rs"]);
}

#[test]
fn only_lifecycle_writes_users_sessions_accounts_and_verifications() {
    const WRITERS: [&str; 5] = [".insert(", ".update(", ".delete(", ".consume(", ".increment("];
    let mut found = Vec::new();
    for path in rust_files(&root().join("host/src")).into_iter().filter(|path| module_of(path) != "store") {
        let text = fs::read_to_string(&path).unwrap();
        let text = without_tests(&text);
        if text.contains("Models") && WRITERS.iter().any(|writer| text.contains(writer)) {
            found.push(path.strip_prefix(root()).unwrap().display().to_string());
        }
    }
    // The last one writes the tables that plugins declare, which are never these: `Rights::tables` and the schema see to it.
    found.sort();
    assert_eq!(found, ["host/src/auth/lifecycle.rs", "host/src/plugin_host/imports/models.rs"]);
}

#[test]
fn every_file_says_its_job_in_one_sentence_and_stays_short() {
    let mut wrong = Vec::new();
    for path in ["host/src", "sdk", "plugins", "tests"].iter().flat_map(|folder| rust_files(&root().join(folder))) {
        let text = fs::read_to_string(&path).unwrap();
        let shown = path.display();
        let header = text.lines().next().unwrap_or_default();
        if !header.starts_with("//! ")
            || !header.ends_with('.') && !text.lines().nth(1).unwrap_or_default().starts_with("//!")
        {
            wrong.push(format!("{shown}: line 1 is not `//! <its job, in one sentence>.`"));
        }
        let lines = without_tests(&text).lines().count();
        if lines > LONGEST_FILE_LINES {
            wrong.push(format!("{shown}: {lines} lines"));
        }
        if path.file_stem().is_some_and(|stem| VAGUE_NAMES.iter().any(|name| stem == *name)) {
            wrong.push(format!("{shown}: a vague name"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_map_shows_the_layers() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for (layer, names) in LAYERS {
        let row = map.lines().find(|line| line.starts_with(&format!("| {layer} |"))).unwrap();
        for name in names.iter().filter(|name| **name != "lib") {
            assert!(row.contains(&format!("`{name}`")), "ARCHITECTURE.md does not show `{name}` in layer {layer}");
        }
    }
}
