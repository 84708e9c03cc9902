//! W-13: random modules, components, manifests, answers and arguments: each is refused or ends its own call, and nothing
//! panics in the host. See `chance.rs` for seeds and longer runs.

use std::process::Command;
use std::sync::LazyLock;

use arbitrary::Unstructured;
use doorward::plugin_host::manifest;
use doorward::plugin_host::package::component;
use serde_json::{Value as Json, json};

use super::sandbox::{load, load_file};
use super::{code, components, entry, failed, hostile, root};
use crate::capabilities;
use crate::fixture::Fixture;
use crate::hostile::chance::{self, rounds};
use crate::store::{Place, on_both};

cases!(w_13_random_code_runs_beside_a_plugin, w_13_random_answers_end_their_call);
on_both!(w_13_random_arguments_of_host_calls_do_no_harm);

/// The files of one kind that the program in `random/` writes.
fn files(kind: &str) -> Vec<Vec<u8>> {
    static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
        let (folder, (seed, rounds)) = (tempfile::tempdir().unwrap(), chance::settings());
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["run", "--quiet", "--manifest-path"]).arg(root().join("tests/hostile/random/Cargo.toml"));
        cargo.arg("--target-dir").arg(root().join("target/random")).arg("--").arg(folder.path());
        let status = cargo.args([seed.to_string(), rounds.to_string()]).status().unwrap();
        assert!(status.success(), "{cargo:?}");
        folder
    });
    let files = std::fs::read_dir(FOLDER.path()).unwrap().map(|entry| entry.unwrap().path());
    let of_kind = format!(".{kind}.wasm");
    let mut files: Vec<_> = files.filter(|file| file.to_string_lossy().ends_with(&of_kind)).collect();
    files.sort();
    let read = |file: std::path::PathBuf| {
        chance::tell(&format!("seed {}, {}", chance::settings().0, file.display()));
        std::fs::read(file).unwrap()
    };
    files.into_iter().map(read).collect()
}

#[tokio::test]
async fn w_13_random_modules_and_components_are_refused() {
    for kind in ["any", "usual"] {
        for module in files(kind) {
            assert!(load(module.clone()).await.is_err(), "a module is no plugin");
            assert!(component::from_module(&module, &[], "random").await.is_err());
        }
    }
    for component in files("component") {
        let error = load(component).await.unwrap_err();
        assert!(error.contains("raw"), "{error}");
    }
}

async fn w_13_random_code_runs_beside_a_plugin(place: Place) {
    let mut loaded = 0;
    for module in files("usual") {
        let both = components::beside(components::answers(201), &module);
        if load(both.clone()).await.is_err() {
            continue;
        }
        loaded += 1;
        let server = super::raw(&place, "raw", both).await.unwrap();
        let answer = server.get("/hostile/raw", "").await;
        assert!(answer.status == 201 || answer.status >= 500, "{}", answer.status);
        assert_eq!(server.get("/ok", "").await.status, 200);
    }
    chance::tell(&format!("{loaded} were loaded"));
}

async fn w_13_random_answers_end_their_call(place: Place) {
    let folder = tempfile::tempdir().unwrap();
    let mut entries = String::new();
    let mut count = 0;
    for bytes in rounds() {
        let answer = components::answers_with(&answer_bytes(&mut Unstructured::new(&bytes)));
        let (id, file) = (format!("answer-{count}"), folder.path().join(format!("{count}.wasm")));
        std::fs::write(&file, components::with_route(answer, &id, "GET", &format!("/{id}"))).unwrap();
        entries += &entry(&id, &file, "");
        count += 1;
    }
    let server = Fixture::start(&place, &entries).await;
    let mut failures = 0;
    for index in 0..count {
        let answer = server.get(&format!("/answer-{index}"), "").await;
        assert!((200..600).contains(&answer.status), "{index}: {}", answer.status);
        assert!(answer.headers.get("set-cookie").is_none(), "{index}");
        failures += usize::from(code(&answer) == failed());
    }
    assert_eq!(server.get("/ok", "").await.status, 200);
    chance::tell(&format!("{failures} of {count} failed"));
}

/// The bytes of an answer: words that are flags, lengths, pointers or anything.
fn answer_bytes(chance: &mut Unstructured<'_>) -> Vec<u8> {
    let mut word = || {
        let of_kind = match chance.int_in_range(0..=4) {
            Ok(0) => chance.int_in_range(0..=1),
            Ok(1) => chance.int_in_range(0..=64),
            Ok(2) => chance.int_in_range(2048..=2200),
            Ok(3) => chance.int_in_range(200..=599),
            _ => chance.arbitrary(),
        };
        of_kind.unwrap_or_default()
    };
    let mut words: Vec<u32> = (0..24).map(|_| word()).collect();
    // Whether it is an answer, its status, and whether it has a body: others end before they are looked into.
    for (place, likely) in [(0, 0), (1, 200), (4, 1)] {
        if chance.ratio(3, 4).unwrap_or(true) {
            words[place] = likely;
        }
    }
    words.into_iter().flat_map(u32::to_le_bytes).collect()
}

#[tokio::test]
async fn w_13_random_manifests_are_read_or_refused() {
    const WORDS: [&str; 16] = [
        "id",
        "name",
        "type",
        "user",
        "session",
        "string",
        "boolean",
        "date",
        "/hostile/*",
        "/**",
        "GET",
        "user.create",
        "hostile:",
        "pattern",
        "default",
        "references",
    ];
    let genuine = manifest::read(&std::fs::read(hostile()).unwrap(), "hostile").unwrap();
    let genuine = serde_json::to_value(&genuine).unwrap();
    let (mut read, mut count) = (0, 0);
    for bytes in rounds() {
        let mut chance = Unstructured::new(&bytes);
        while !chance.is_empty() && count < 100_000 {
            count += 1;
            let mut damaged = genuine.clone();
            for _ in 0..chance.int_in_range(1..=3).unwrap_or(1) {
                _ = chance::damage(&mut chance, &mut damaged, &WORDS);
            }
            let text = serde_json::to_vec(&damaged).unwrap();
            if manifest::parse(&text, "damaged").is_ok() {
                read += 1;
                if read % 16 == 0 {
                    _ = load_file(components::with_section(components::answers(200), &text)).await;
                }
            }
        }
    }
    assert!(read < count, "some damage is seen");
}

async fn w_13_random_arguments_of_host_calls_do_no_harm(place: Place) {
    const STEPS: [&str; 34] = [
        "find",
        "count",
        "insert",
        "update",
        "delete",
        "consume",
        "increment",
        "hit",
        "peek",
        "reset",
        "user",
        "user-by-own",
        "create-user",
        "update-user",
        "has-password",
        "session",
        "open",
        "update-session",
        "find-sessions",
        "resume",
        "end-sessions",
        "present",
        "account",
        "accounts",
        "link",
        "update-account",
        "directory",
        "directory-count",
        "sessions-of",
        "end-session-of",
        "set-cookie",
        "put",
        "replace",
        "mail",
    ];
    const WORDS: [&str; 24] = [
        "probeRow",
        "probeKey",
        "user",
        "id",
        "userId",
        "name",
        "count",
        "large",
        "flag",
        "data",
        "createdAt",
        "email",
        "nick",
        "rank",
        "mark",
        "eq",
        "ne",
        "lt",
        "in",
        "contains",
        "starts",
        "probe:x",
        "probe",
        "providerId",
    ];
    let server = capabilities::server(&place).await;
    for bytes in rounds() {
        let mut chance = Unstructured::new(&bytes);
        let mut steps = Vec::new();
        while let (true, Ok(name)) = (steps.len() < 20 && !chance.is_empty(), chance.choose(&STEPS)) {
            let mut step = vec![json!(name)];
            while let (true, Ok(argument)) = (step.len() < 5, chance::json(&mut chance, &WORDS, 3)) {
                step.push(argument);
            }
            steps.push(Json::from(step));
        }
        for step in steps {
            // No body brings a NUL to a plugin; this plugin makes one of this sign.
            let text = json!({ "do": [step] }).to_string().replace("\\u0000", "\u{e000}");
            let answer = server.post("/probe", &serde_json::from_str(&text).unwrap()).await;
            assert_eq!(answer.status, 200, "{step}: {}", answer.text);
            let text = &answer.text;
            assert!(!text.contains("Failed"), "the host failed at {step}: {text}");
        }
    }
    assert_eq!(server.get("/ok", "").await.status, 200);
}
