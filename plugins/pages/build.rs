//! Turns the message files into sorted tables, so that a page reads no file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

fn main() {
    let folder = Path::new("messages");
    println!("cargo::rerun-if-changed=messages");
    let mut tables = String::new();
    for language in ["en", "de"] {
        let text = std::fs::read_to_string(folder.join(format!("{language}.toml"))).expect("a message file");
        let file: toml::Table = text.parse().expect("TOML");
        let messages = flat(&file);
        let name = language.to_uppercase();
        writeln!(tables, "pub static {name}: &[(&str, &str)] = &{:?};", messages.iter().collect::<Vec<_>>())
            .expect("text");
    }
    let out = std::env::var("OUT_DIR").expect("a folder of cargo");
    std::fs::write(Path::new(&out).join("messages.rs"), tables).expect("a file");
}

fn flat(file: &toml::Table) -> BTreeMap<String, String> {
    let mut messages = BTreeMap::new();
    for (section, value) in file {
        match value {
            toml::Value::String(text) => _ = messages.insert(section.clone(), text.clone()),
            toml::Value::Table(texts) => messages.extend(
                texts.iter().map(|(key, text)| (format!("{section}.{key}"), text.as_str().expect("a text").to_owned())),
            ),
            _ => panic!("{section} is neither a text nor a section"),
        }
    }
    messages
}
