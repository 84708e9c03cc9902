//! The chapter of all options, and their JSON Schema.

use std::fmt::Write;

use serde_json::{Map, Value as Json, json};

use super::config_source::{Choice, Kind, Section, Source};
use super::{cell, hold};

const CHAPTER: &str = "docs/operators/options.md";
/// In the book, and beside what the binary carries.
const SCHEMA: [&str; 2] = ["docs/doorward.schema.json", "host/templates/doorward.schema.json"];
const HEAD: &str = "\
# Every option

This page is made from the code (`UPDATE_BOOK=1 cargo test book`). Where an option has a name of Better Auth's, the name is
that in snake_case.

Options at the top of the file stand above the first section. A variable sets an option that is no list of tables:
`DOORWARD_SESSION__EXPIRES_IN=60` sets `session.expires_in`. Lists are written with commas. A secret is text, or
`{ env = \"NAME\" }` for the text of a variable, `{ file = \"PATH\" }` for that of a file, or `{ credential = \"NAME\" }` for
a credential of systemd. Relative paths are seen from the
folder of the configuration file.

[doorward.schema.json](../doorward.schema.json) is the same as JSON Schema. Editors with a language server for TOML
complete and check the file with it: put `#:schema PATH` into its first line.
";

#[test]
fn the_chapter_has_every_option() {
    let source = Source::read();
    let mut text = HEAD.to_owned();
    write_section(&mut text, &source, "Config", "", Header::Top);
    hold(CHAPTER, &text);
}

#[test]
fn the_schema_has_every_option() {
    let source = Source::read();
    let mut schema = object(&source, "Config");
    let about = json!({ "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Doorward" });
    let Json::Object(own) = &mut schema else { panic!("an object") };
    let whole: Map<String, Json> = about.as_object().unwrap().clone().into_iter().chain(own.clone()).collect();
    let text = serde_json::to_string_pretty(&whole).unwrap() + "\n";
    SCHEMA.iter().for_each(|path| hold(path, &text));
}

#[test]
fn the_reader_finds_what_the_server_knows() {
    let source = Source::read();
    // Whatever stands in the chapter is an option: the server takes every default as it is written there.
    let mut checked = 0;
    for option in source.section("Config").options {
        let Kind::Section(name) = &option.kind else { continue };
        let section = source.section(name);
        if section.options.iter().any(|option| option.is_required) {
            continue;
        }
        let written =
            section.options.iter().filter_map(|each| Some(format!("{} = {}\n", each.name, each.default.as_ref()?)));
        let text = format!(
            "secret = \"a-secret-for-this-test-0123456789-abcdef\"\n[{}]\n{}",
            option.name,
            written.collect::<String>()
        );
        let read =
            doorward::config::Config::parse(&text, std::path::Path::new("."), &std::collections::BTreeMap::new());
        assert!(read.is_ok(), "{text}{:?}", read.err());
        checked += 1;
    }
    assert!(checked >= 10, "only {checked} sections were found");
}

/// How a section is headed.
#[derive(Clone, Copy)]
enum Header {
    Top,
    Table,
    Tables,
}

fn write_section(text: &mut String, source: &Source, name: &str, path: &str, header: Header) {
    let section = source.section(name);
    match header {
        Header::Top => text.push_str("\n## At the top of the file\n"),
        Header::Table => write!(text, "\n## `[{path}]`\n").unwrap(),
        Header::Tables => write!(text, "\n## `[[{path}]]`\n").unwrap(),
    }
    write_about(text, &section.about, path);
    let (inner, own): (Vec<&Choice>, Vec<&Choice>) =
        section.options.iter().partition(|option| target(option).is_some());
    if !own.is_empty() {
        text.push_str("\n| option | default | meaning |\n|---|---|---|\n");
    }
    for option in own {
        writeln!(text, "| `{}` | {} | {} |", option.name, default(option), meaning(option)).unwrap();
    }
    for option in inner {
        let Some((name, suffix, header)) = target(option) else { continue };
        // `[plugins.limits]` belongs to the last of `[[plugins]]`.
        let dot = if path.is_empty() { "" } else { "." };
        write_section(text, source, &name, &format!("{path}{dot}{}{suffix}", option.name), header);
    }
    if section.is_open {
        text.push_str("\nAll other keys are the plugin's own options; its page lists them.\n");
    }
}

/// The comment of a struct: nothing where it is only the section's name, and without that name where it begins so.
fn write_about(text: &mut String, about: &str, path: &str) {
    let about = match about.strip_prefix("`[") {
        Some(named) => named.split_once("`:").map_or("", |(_, rest)| rest.trim()),
        None => about,
    };
    let mut letters = about.chars();
    if let Some(first) = letters.next().filter(|_| !path.is_empty()) {
        let end = if about.ends_with('.') { "" } else { "." };
        write!(text, "\n{}{}{end}\n", first.to_uppercase(), letters.as_str()).unwrap();
    }
}

/// The struct behind an option that is a section or several.
fn target(option: &Choice) -> Option<(String, &'static str, Header)> {
    match &option.kind {
        Kind::Section(name) => Some((name.clone(), "", Header::Table)),
        Kind::List(each) => match each.as_ref() {
            Kind::Section(name) => Some((name.clone(), "", Header::Tables)),
            _ => None,
        },
        Kind::Map(each) => match each.as_ref() {
            Kind::Section(name) => Some((name.clone(), ".NAME", Header::Table)),
            _ => None,
        },
        _ => None,
    }
}

fn takes(kind: &Kind) -> String {
    match kind {
        Kind::Switch => "`true` or `false`".into(),
        Kind::Number => "number".into(),
        Kind::Text => "text".into(),
        Kind::Secret => "secret".into(),
        Kind::Any => "any".into(),
        Kind::Choice(_) => "one of these".into(),
        Kind::List(each) => format!("list of {}", takes(each)),
        Kind::Map(each) => format!("table of {}", takes(each)),
        Kind::Section(_) => "section".into(),
        Kind::Special(shown, _) => (*shown).to_owned(),
    }
}

/// The default; where there is none, what the option takes.
fn default(option: &Choice) -> String {
    match &option.default {
        Some(value) => format!("`{value}`"),
        None if option.is_required => format!("required: {}", takes(&option.kind)),
        None => format!("none: {}", takes(&option.kind)),
    }
}

fn meaning(option: &Choice) -> String {
    let mut text = option.about.clone();
    if let Kind::Choice(values) = &option.kind {
        for (value, about) in values.iter().filter(|(_, about)| !about.is_empty()) {
            write!(text, " `\"{value}\"`: {about}").unwrap();
        }
    }
    cell(&text)
}

fn object(source: &Source, name: &str) -> Json {
    let Section { options, is_open, .. } = source.section(name);
    let required: Vec<&str> = options.iter().filter(|each| each.is_required).map(|each| each.name.as_str()).collect();
    let mut properties = Map::new();
    for option in &options {
        for name in [Some(&option.name), option.alias.as_ref()].into_iter().flatten() {
            properties.insert(name.clone(), property(source, option));
        }
    }
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": is_open });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn property(source: &Source, option: &Choice) -> Json {
    let mut schema = of_kind(source, &option.kind);
    schema["description"] = json!(option.about);
    let default = option.default.as_ref().and_then(|value| format!("value = {value}").parse::<toml::Table>().ok());
    if let Some(value) = default.and_then(|mut table| table.remove("value")) {
        schema["default"] = serde_json::to_value(value).unwrap();
    }
    schema
}

fn of_kind(source: &Source, kind: &Kind) -> Json {
    match kind {
        Kind::Switch => json!({ "type": "boolean" }),
        Kind::Number => json!({ "type": "integer" }),
        Kind::Text => json!({ "type": "string" }),
        Kind::Any => json!({}),
        Kind::Secret => {
            let from = |name: &str| {
                json!({ "type": "object", "properties": { name: { "type": "string" } }, "required": [name],
                        "additionalProperties": false })
            };
            json!({ "oneOf": [{ "type": "string" }, from("env"), from("file"), from("credential")] })
        }
        Kind::Choice(values) => json!({ "enum": values.iter().map(|(value, _)| value).collect::<Vec<_>>() }),
        Kind::Section(name) => object(source, name),
        Kind::List(each) => json!({ "type": "array", "items": of_kind(source, each) }),
        Kind::Map(each) => json!({ "type": "object", "additionalProperties": of_kind(source, each) }),
        Kind::Special(_, schema) => serde_json::from_str(schema).unwrap(),
    }
}
