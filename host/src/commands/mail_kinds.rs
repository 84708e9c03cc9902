//! The kinds of mail that there are: who sends each, and where its words come from.

use std::collections::BTreeMap;

use super::{CommandResult, Failure};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::mail::kind::{DECOY, OF_CORE};
use crate::outbox::{built_in_kinds, read_folder};
use crate::plugin_host::package::file;

/// The sender of a kind that neither the core nor a plugin sends.
const ANYONE: &str = "whoever names it";

/// What is known of one kind.
#[derive(Debug, Default)]
struct Kind {
    sender: String,
    /// Each a place with words for it.
    templates: Vec<String>,
}

/// Prints each kind, its sender and its templates; the last one named counts.
///
/// # Errors
/// When a plugin or the folder of templates cannot be read.
pub fn print(config: &Config) -> CommandResult {
    for (name, Kind { sender, templates }) in kinds(config)? {
        let templates = if templates.is_empty() { "default".to_owned() } else { templates.join(", ") };
        tell!("{name}  {sender}  {templates}");
    }
    Ok(())
}

/// The names of all kinds.
///
/// # Errors
/// As [`print`].
pub fn names(config: &Config) -> Result<Vec<String>, Failure> {
    Ok(kinds(config)?.into_keys().collect())
}

/// The kinds that the operator's templates are named after and that nobody sends; `sent` are those that scripts send.
///
/// # Errors
/// As [`print`].
pub fn strays(config: &Config, sent: &[String]) -> Result<Vec<String>, Failure> {
    let built_in: Vec<&str> = built_in_kinds().collect();
    let strays = kinds(config)?
        .into_iter()
        .filter(|(name, kind)| kind.sender == ANYONE && !sent.contains(name) && !built_in.contains(&name.as_str()));
    Ok(strays.map(|(name, _)| name).collect())
}

fn kinds(config: &Config) -> Result<BTreeMap<String, Kind>, Failure> {
    let mut kinds: BTreeMap<String, Kind> = BTreeMap::new();
    for name in OF_CORE.iter().filter(|name| **name != DECOY) {
        kinds.entry((*name).to_owned()).or_default().sender = "core".to_owned();
    }
    for name in built_in_kinds() {
        kinds.entry(name.to_owned()).or_default().templates.push("built in".to_owned());
    }
    for entry in config.plugins.iter().filter(|entry| entry.enabled) {
        let manifest = file::read(config, entry, &SystemClock)?.manifest;
        for name in &manifest.mails {
            kinds.entry(name.clone()).or_default().sender = format!("plugin {}", manifest.id);
        }
        for template in &manifest.mail_templates {
            let language = template.language.as_ref().map(|language| format!(" {language}")).unwrap_or_default();
            let of_plugin = format!("plugin {}{language}", manifest.id);
            kinds.entry(template.kind.clone()).or_default().templates.push(of_plugin);
        }
    }
    let folder = config.mail.as_ref().and_then(|mail| mail.templates.as_ref()).map(|folder| config.resolve(folder));
    let mut files = folder.map(|folder| read_folder(&folder)).transpose()?.unwrap_or_default();
    files.sort();
    for (file, _) in files {
        let name = file.split('.').next().unwrap_or_default();
        if name != "default" {
            kinds.entry(name.to_owned()).or_default().templates.push(file.clone());
        }
    }
    for kind in kinds.values_mut().filter(|kind| kind.sender.is_empty()) {
        kind.sender = ANYONE.to_owned();
    }
    Ok(kinds)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn kinds_of_the_core_and_files_of_the_operator_are_listed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("welcome.de.txt"), "Subject: x").unwrap();
        std::fs::write(folder.path().join("verify-email.html"), "x").unwrap();
        let text = "secret = \"0123456789abcdef0123456789abcdef\"\n[mail]\ntransport = \"mailbox\"\ntemplates = \".\"";
        let config = Config::parse(text, folder.path(), &BTreeMap::new()).unwrap();
        let kinds = kinds(&config).unwrap();
        let shown = |name: &str| (kinds[name].sender.as_str(), kinds[name].templates.join(", "));
        assert_eq!(shown("verify-email"), ("core", "built in, verify-email.html".to_owned()));
        assert_eq!(shown("welcome"), ("whoever names it", "welcome.de.txt".to_owned()));
        assert_eq!(strays(&config, &[]).unwrap(), ["welcome"]);
        assert!(strays(&config, &["welcome".to_owned()]).unwrap().is_empty());
        assert!(!kinds.contains_key("nothing") && !kinds.contains_key("default"));
        assert!(
            names(
                &Config::parse("secret = \"0123456789abcdef0123456789abcdef\"", Path::new("."), &BTreeMap::new())
                    .unwrap()
            )
            .is_ok()
        );
    }
}
