//! `doorward init`: writes a configuration file to start from, and makes the database that it names.

use std::io::Write;
use std::path::Path;

use super::secret::new_secret;
use super::serve::missing_database;
use super::{CommandResult, migrate};
use crate::config::{Config, ConfigError};

const TEMPLATE: &str = include_str!("../../templates/doorward.toml");
/// How an entry of a plugin begins that is not switched on.
const ENTRY: &str = "# [[plugins]]\n";
/// What people may do to their own account in the plugin of this id.
const OWN_ACCOUNT: (&str, &str) =
    ("pages", "# [user]\n# change_email = { enabled = true }\n# delete_user = { enabled = true }\n");

/// Writes the template with a new secret and makes its database; never overwrites, and leaves a database alone that was
/// there before.
///
/// # Errors
/// When the file exists or cannot be written, or when a variable sets something wrong.
pub fn init(path: &Path, load: impl FnOnce() -> Result<Config, ConfigError>) -> CommandResult {
    write_config(path, &template())?;
    tell!("{} is written, with a new secret", path.display());
    let config = load()?;
    if missing_database(&config).is_some() {
        migrate::migrate(config, false)?;
        tell!("Serve with `doorward serve`, or with a mailbox for development: `doorward dev`");
    } else {
        tell!("Bring the database up to date with `doorward migrate`, then serve with `doorward serve`");
    }
    Ok(())
}

/// The text of a new configuration, with a secret of its own.
pub fn template() -> String {
    TEMPLATE.replace("{{secret}}", &new_secret())
}

/// The same text with the plugins switched on that are wanted, by their ids, and with what the pages of an account offer.
pub fn with_plugins(template: &str, is_wanted: impl Fn(&str) -> bool) -> String {
    let (pages, options) = OWN_ACCOUNT;
    let template = if is_wanted(pages) { template.replace(options, &unmarked(options)) } else { template.to_owned() };
    let mut entries = template.split(ENTRY);
    let mut text = entries.next().unwrap_or_default().to_owned();
    for entry in entries {
        let is_on = entry.split('"').nth(1).is_some_and(&is_wanted);
        let entry = format!("{ENTRY}{entry}");
        text.push_str(&if is_on { unmarked(&entry) } else { entry });
    }
    text
}

/// The lines without their marks.
fn unmarked(text: &str) -> String {
    text.split_inclusive('\n').map(|line| line.strip_prefix("# ").unwrap_or(line)).collect()
}

/// Writes a new configuration; never overwrites.
///
/// # Errors
/// When the file exists or cannot be written.
pub fn write_config(path: &Path, text: &str) -> CommandResult {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let opened = options.open(path);
    let mut file = opened.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    file.write_all(text.as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_wanted_plugins_are_switched_on_with_all_their_lines() {
        let wanted = with_plugins(&template(), |id| ["admin", "social"].contains(&id));
        let table: toml::Table = wanted.parse().unwrap();
        let plugins = table["plugins"].as_array().unwrap();
        let ids: Vec<&str> = plugins.iter().map(|plugin| plugin["id"].as_str().unwrap()).collect();
        assert_eq!(ids, ["admin", "social"]);
        assert!(plugins[1]["providers"]["github"]["client_id"].is_str());
        assert!(!table.contains_key("user"));
        assert_eq!(TEMPLATE, with_plugins(TEMPLATE, |_| false));
        let table: toml::Table = with_plugins(&template(), |id| id == "pages").parse().unwrap();
        assert_eq!(table["user"]["delete_user"]["enabled"].as_bool(), Some(true));
    }
}
