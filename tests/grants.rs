//! What plugins ask for and what is secret: the reviewed list is that of the components, and no secret field is forgotten.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use doorward::plugin_host::{asked_grants, manifest};
use doorward_contract::{SECRET_FIELDS, folded_name, sounds_secret};

use crate::hostile::{official, root};

/// Names that sound secret and are none, each with the reason.
const NO_SECRETS: [(&str, &str); 3] = [
    ("has_password", "of pages: whether the user has one"),
    ("emailAndPassword", "of `/config`: what a sign-in page may offer"),
    ("resetPassword", "of `/config`: whether passwords are reset by mail"),
];

#[test]
fn the_reviewed_rights_are_those_that_the_components_ask_for() {
    let out = official();
    let text = fs::read_to_string(root().join("plugins/official.toml")).unwrap();
    let reviewed: BTreeMap<String, BTreeSet<String>> = toml::from_str(&text).unwrap();
    for (id, reviewed) in reviewed {
        let component = fs::read(out.join(&id).with_extension("wasm")).unwrap();
        let asked: BTreeSet<String> = asked_grants(&manifest::read(&component, &id).unwrap()).into_iter().collect();
        assert_eq!(reviewed, asked, "{id}: review what it asks for, and list it in plugins/official.toml");
    }
}

#[test]
fn every_field_that_sounds_secret_is_declared() {
    let mut forgotten = Vec::new();
    let mut found = BTreeSet::new();
    for folder in folders() {
        let texts: Vec<String> = sources(&folder).iter().map(|file| fs::read_to_string(file).unwrap()).collect();
        let declared: BTreeSet<String> = texts.iter().flat_map(|text| arguments(text, ".secret(\"")).collect();
        let declared: BTreeSet<String> =
            declared.iter().map(String::as_str).chain(SECRET_FIELDS).map(folded_name).collect();
        for name in texts.iter().flat_map(|text| fields(text)).filter(|name| sounds_secret(name)) {
            found.insert(name.clone());
            let is_known = declared.contains(&folded_name(&name)) || NO_SECRETS.iter().any(|(none, _)| *none == name);
            if !is_known {
                forgotten.push(format!("{}: {name}", folder.display()));
            }
        }
    }
    for known in ["newPassword", "token", "idToken", "code"] {
        assert!(found.contains(known), "{known} is a field of some endpoint: {found:?}");
    }
    assert!(forgotten.is_empty(), "declare them in sdk/contract/src/secrets.rs or by `Plugin::secret`: {forgotten:#?}");
}

/// Where endpoints are: the core's, and each plugin's.
fn folders() -> Vec<PathBuf> {
    let plugins = fs::read_dir(root().join("plugins")).unwrap().map(|entry| entry.unwrap().path().join("src"));
    let samples = fs::read_dir(root().join("plugins/samples")).unwrap().map(|entry| entry.unwrap().path().join("src"));
    let plugins = plugins.chain(samples).filter(|folder| folder.is_dir());
    plugins.chain([root().join("host/src/endpoints")]).collect()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// Names of inputs, which are arguments, and of outputs, which are keys of objects.
fn fields(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let readers = ["required", "optional", "text", "email", "optional_text", "nullable", "query", "param"];
    let inputs = readers.iter().flat_map(|reader| arguments(code, &format!(".{reader}(\"")));
    let keys = code.match_indices("\":").filter_map(|(at, _)| {
        let before = code.get(..at)?;
        let name = before.rsplit('"').next()?;
        name.chars().all(|letter| letter.is_alphanumeric() || letter == '_').then(|| name.to_owned())
    });
    inputs.chain(keys).collect()
}

fn arguments(text: &str, call: &str) -> Vec<String> {
    let rests = text.match_indices(call).filter_map(|(at, _)| text.get(at + call.len()..));
    rests.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect()
}
