//! Turns message files into sorted tables, so that a page reads no file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// Writes `messages.rs` into the folder of cargo: a table for each language, of the files in these folders.
pub fn write_tables(folders: &[&str]) {
    let mut tables = String::new();
    for language in ["en", "de"] {
        let mut messages = BTreeMap::new();
        for folder in folders {
            println!("cargo::rerun-if-changed={folder}");
            let file = Path::new(folder).join(format!("{language}.toml"));
            let text = std::fs::read_to_string(file).expect("a message file");
            add(&mut messages, &text.parse().expect("TOML"));
        }
        let name = language.to_uppercase();
        writeln!(tables, "pub static {name}: &[(&str, &str)] = &{:?};", messages.iter().collect::<Vec<_>>())
            .expect("text");
    }
    let out = std::env::var("OUT_DIR").expect("a folder of cargo");
    std::fs::write(Path::new(&out).join("messages.rs"), tables).expect("a file");
}

fn add(messages: &mut BTreeMap<String, String>, file: &toml::Table) {
    for (section, value) in file {
        match value {
            toml::Value::String(text) => _ = messages.insert(section.clone(), text.clone()),
            toml::Value::Table(texts) => messages.extend(
                texts.iter().map(|(key, text)| (format!("{section}.{key}"), text.as_str().expect("a text").to_owned())),
            ),
            _ => panic!("{section} is neither a text nor a section"),
        }
    }
}
