//! Keeps the shape of the code: layers, circles, one-sentence headers, sizes, and who may name which library.

mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use source::{Crate, Source};

/// Layer of each module of `host/src`; ARCHITECTURE.md shows the same table.
const LAYERS: [(u8, &[&str]); 9] = [
    (8, &["main", "lib", "commands", "app", "server", "routes"]),
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
            "config",
            "http",
            "error",
            "clock",
            "mail",
            "crypto",
            "email",
            "cookie",
            "memory",
            "files",
            "log",
            "telemetry",
        ],
    ),
];

/// A library and the only modules that may name it.
const OWNERS: [(&str, &[&str]); 7] = [
    ("actix_web", &["server"]),
    ("wasmtime", &["plugin_host"]),
    ("rhai", &["hooks"]),
    ("diesel", &["store"]),
    ("tokio_postgres", &["store"]),
    ("mysql_async", &["store"]),
    ("redis", &["store"]),
];

const LONGEST_FILE_LINES: usize = 400;
/// Files in one folder, above which its `mod.rs` must say why: a line that begins so.
const MOST_FILES: usize = 12;
const FLAT_BECAUSE: &str = "//! Flat: ";
const VAGUE_NAMES: [&str; 6] = ["util", "utils", "helpers", "common", "manager", "misc"];

static HOST: LazyLock<Crate> = LazyLock::new(|| Crate::read(&root().join("host/src")));

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

/// The first folder or file below `src` that a file is in.
fn room_of(source: &Source) -> &str {
    source.module.first().map_or("lib", String::as_str)
}

fn shown(source: &Source) -> String {
    source.path.strip_prefix(root()).unwrap().display().to_string()
}

fn layers() -> BTreeMap<&'static str, u8> {
    LAYERS.iter().flat_map(|(layer, names)| names.iter().map(|name| (*name, *layer))).collect()
}

/// Where each crate of this repository has its sources.
fn crates() -> Vec<PathBuf> {
    let mut found = vec![root().join("host/src"), root().join("sdk/src")];
    for folder in ["sdk", "plugins", "plugins/samples"] {
        let folders = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        found.extend(folders.filter(|path| path.join("Cargo.toml").is_file()).map(|path| path.join("src")));
    }
    found
}

#[test]
fn modules_import_only_from_layers_below() {
    let layers = layers();
    let mut wrong = BTreeSet::new();
    for source in HOST.files.values() {
        let own = room_of(source);
        let layer = layers.get(own).unwrap_or_else(|| panic!("{own} has no layer in tests/tidy"));
        for name in source.named.iter().filter_map(|path| path.first()).filter(|name| *name != own) {
            // Plain values build on each other, and start-up puts its own parts together.
            let is_one_layer = [0, 8].contains(layer) && layers.get(name.as_str()) == Some(layer);
            if !is_one_layer && layers.get(name.as_str()).is_some_and(|other| other >= layer) {
                wrong.insert(format!("{} imports {name}", shown(source)));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_files_import_in_a_circle() {
    let mut wrong = Vec::new();
    for folder in crates() {
        let circles = Crate::read(&folder).circles().into_iter();
        wrong.extend(circles.map(|circle| format!("{}: {}", folder.display(), circle.join(", "))));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_circle_made_on_purpose_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let circles = || Crate::read(folder.path()).circles();
    write("lib.rs", "mod a; mod b; mod room;");
    write("a.rs", "use crate::{b::B, room::Inner}; pub struct A(B, Inner);");
    write("b.rs", "pub struct B;");
    // A room and what is inside it may look at each other, and a re-export stands for what it names.
    write("room/mod.rs", "mod inner; pub use inner::Inner; pub struct Outer(Inner);");
    write("room/inner.rs", "pub struct Inner; fn f(_: super::Outer) {}");
    assert!(circles().is_empty(), "{:?}", circles());
    // A test may use what uses it.
    write("b.rs", "pub struct B; #[cfg(test)] mod tests { use crate::a::A; }");
    assert!(circles().is_empty(), "{:?}", circles());
    write("b.rs", "pub struct B; fn f() { println!(\"{:?}\", crate::a::A) }");
    assert_eq!(circles(), [["a", "b"]]);
    write("b.rs", "pub struct B;");
    write("room/inner.rs", "pub struct Inner; fn f(_: crate::a::A) {}");
    assert_eq!(circles(), [["a", "room::inner"]]);
}

#[test]
fn libraries_are_named_by_their_owners_alone() {
    let mut wrong = BTreeSet::new();
    for source in HOST.files.values() {
        for (library, owners) in OWNERS {
            let names_it = source.foreign.iter().any(|path| path[0] == library);
            if names_it && !owners.contains(&room_of(source)) {
                wrong.insert(format!("{} names {library}", shown(source)));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_the_session_gate_stores_sessions() {
    let makes = |source: &&Source| {
        let mut paths = source.named.iter().chain(&source.foreign);
        paths.any(|path| path.ends_with(&["session".to_owned(), "new_record".to_owned()]))
    };
    let found: Vec<_> = HOST.files.values().filter(makes).map(shown).collect();
    assert_eq!(found, ["host/src/exchange/session_gate.rs"]);
}

#[test]
fn only_lifecycle_writes_users_sessions_accounts_and_verifications() {
    const WRITERS: [&str; 5] = ["insert", "update", "delete", "consume", "increment"];
    let writes = |source: &&Source| {
        room_of(source) != "store"
            && source.named.iter().any(|path| path.last().is_some_and(|name| name == "Models"))
            && WRITERS.iter().any(|writer| source.methods.contains(*writer))
    };
    let found: Vec<_> = HOST.files.values().filter(writes).map(shown).collect();
    // Sealing anew changes no row's meaning, so nobody is to see it. The others write tables that plugins declare, which are
    // never these: signing keys, and what `Rights::tables` names.
    let (seals, keys) = ("host/src/auth/seals.rs", "host/src/endpoints/operate_keys.rs");
    assert_eq!(found, ["host/src/auth/lifecycle/rows.rs", seals, keys, "host/src/plugin_host/imports/models.rs"]);
}

#[test]
fn what_may_be_in_a_transaction_asks_its_scope() {
    // Where a transaction may be open, a statement of the store's own waits for it, or for a connection that it holds.
    const ROOMS: [&str; 5] = ["auth", "exchange", "endpoints", "hooks", "plugin_host"];
    const ALLOWED: [(&str, &str); 2] = [
        ("host/src/auth/lifecycle/scope.rs", "begins transactions, where none is open"),
        ("host/src/exchange/mod.rs", "gives a request's scope the store, where no transaction encloses it"),
    ];
    let names_store = |source: &&Source| ROOMS.contains(&room_of(source)) && source.fields.contains("auth.store");
    let found: Vec<_> = HOST.files.values().filter(names_store).map(shown).collect();
    assert_eq!(found, ALLOWED.map(|(file, _reason)| file));
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
fn a_folder_of_many_files_says_why() {
    let mut counts: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for path in crates().iter().flat_map(|folder| rust_files(folder)) {
        *counts.entry(path.parent().unwrap().to_owned()).or_default() += 1;
    }
    let mut wrong = Vec::new();
    for (folder, _) in counts.into_iter().filter(|(_, count)| *count > MOST_FILES) {
        let door = ["mod.rs", "lib.rs"].into_iter().map(|name| folder.join(name)).find(|door| door.is_file());
        let text = door.map(|door| fs::read_to_string(door).unwrap()).unwrap_or_default();
        if !text.lines().any(|line| line.starts_with(FLAT_BECAUSE)) {
            wrong.push(format!("{}: more than {MOST_FILES} files, and no line `{FLAT_BECAUSE}…`", folder.display()));
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

#[test]
fn the_map_tells_the_stages_in_their_order() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let told: Vec<&str> = map.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit())).collect();
    let stages = doorward::pipeline::stages::REQUEST.into_iter().flatten().enumerate();
    let walked: Vec<String> = stages.map(|(index, stage)| format!("{}. {}", index + 1, stage.story())).collect();
    assert_eq!(told, walked);
}
