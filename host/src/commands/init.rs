//! `doorward init`: writes a configuration file to start from, and makes the database that it names.

use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;

use clap::Args;

use super::secret::new_secret;
use super::serve::missing_database;
use super::terminal::shown;
use super::{CommandResult, migrate};
use crate::config::{Config, ConfigError, nearest};

const TEMPLATE: &str = include_str!("../../templates/doorward.toml");
/// How an entry of a plugin begins that is not switched on.
const ENTRY: &str = "# [[plugins]]\n";
/// What people may do to their own account in the plugin of this id.
const OWN_ACCOUNT: (&str, &str) =
    ("pages", "# [user]\n# change_email = { enabled = true }\n# delete_user = { enabled = true }\n");

/// Plugins that do nothing without others.
const NEEDED: [(&str, [&str; 2]); 1] = [("admin-pages", ["admin", "pages"])];

/// What the file is to say. What is left out is asked for at a terminal.
#[derive(Args, Default)]
pub struct Wishes {
    /// Name of the application.
    #[arg(long)]
    name: Option<String>,
    /// Public origin: `https://auth.example.com`.
    #[arg(long)]
    base_url: Option<String>,
    /// Plugins, separated by commas.
    #[arg(long, value_delimiter = ',')]
    plugins: Option<Vec<String>>,
    /// The database: `sqlite://doorward.db`, `postgres://…` or `mysql://…`.
    #[arg(long)]
    database: Option<String>,
    /// Ask nothing.
    #[arg(long)]
    yes: bool,
}

/// Writes the file with a new secret and makes its database; never overwrites, and leaves a database alone that was there
/// before.
///
/// # Errors
/// When the file exists or cannot be written, a wish cannot be, or a variable sets something wrong.
pub fn init(path: &Path, wishes: Wishes, load: impl FnOnce() -> Result<Config, ConfigError>) -> CommandResult {
    refuse_present(path)?;
    let wishes = if wishes.yes || !std::io::stdin().is_terminal() { wishes } else { ask(wishes)? };
    write_config(path, &text(&wishes)?)?;
    tell!("{} is written, with a new secret", path.display());
    let config = load().map_err(|error| {
        format!("what is written cannot be used yet: {error}. Mend that, then run `doorward migrate`")
    })?;
    if missing_database(&config).is_some() {
        migrate::migrate(&config, migrate::MigrateRequest::default())?;
        tell!("Serve with `doorward serve`, or with a mailbox for development: `doorward dev`");
    } else {
        tell!("Bring the database up to date with `doorward migrate`, then serve with `doorward serve`");
    }
    tell!("`doorward doctor` says what is wrong with an installation");
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

fn refuse_present(path: &Path) -> CommandResult {
    match path.exists() {
        true => Err(format!("cannot write {}: it is there already. Remove it, or edit it", path.display()).into()),
        false => Ok(()),
    }
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

/// Asks for what is left out; an empty answer leaves it as the template has it.
fn ask(wishes: Wishes) -> std::io::Result<Wishes> {
    let mut lines = std::io::stdin().lock().lines();
    let mut answer = |question: &str| -> std::io::Result<Option<String>> {
        remark!("{question}");
        Ok(lines.next().transpose()?.map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()))
    };
    let Wishes { name, base_url, plugins, database, yes } = wishes;
    let name = if name.is_some() { name } else { answer("Name of the application [Doorward]")? };
    let base_url = if base_url.is_some() { base_url } else { answer("Public address [http://localhost:3000]")? };
    let database = if database.is_some() { database } else { answer("Database [sqlite://doorward.db]")? };
    let plugins = match plugins {
        Some(plugins) => Some(plugins),
        None => answer(&format!("Plugins, with commas, of {} [none]", known_plugins().join(", ")))?
            .map(|line| line.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()),
    };
    Ok(Wishes { name, base_url, plugins, database, yes })
}

/// The template with the wishes in it.
fn text(wishes: &Wishes) -> Result<String, String> {
    let mut text = template();
    let wanted = [
        ("app_name = \"Doorward\"", "app_name", &wishes.name),
        ("base_url = \"http://localhost:3000\"", "base_url", &wishes.base_url),
        ("url = \"sqlite://doorward.db\"", "url", &wishes.database),
    ];
    for (line, option, value) in wanted {
        if let Some(value) = value {
            text = text.replacen(line, &format!("{option} = {}", toml::Value::String(value.clone())), 1);
        }
    }
    if let Some(url) = &wishes.base_url {
        let parsed = url::Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if parsed.is_none() {
            let url = shown(url);
            return Err(format!("--base-url \"{url}\" is no address: write one like https://auth.example.com"));
        }
    }
    if let Some(url) = &wishes.database {
        refuse_unusable(url)?;
    }
    let wanted: Vec<&str> = wishes.plugins.iter().flatten().map(|plugin| plugin.trim()).collect();
    wanted.iter().try_for_each(|plugin| refuse_unknown(plugin))?;
    let is_needed = |id: &str| NEEDED.iter().any(|(plugin, needed)| wanted.contains(plugin) && needed.contains(&id));
    Ok(with_plugins(&text, |id| wanted.contains(&id) || is_needed(id)))
}

/// Refuses what no database is named by, before a file is written that nothing could use.
fn refuse_unusable(database: &str) -> Result<(), String> {
    let url = toml::Value::String(database.to_owned());
    let text = format!("secret = \"{}\"\n[database]\nurl = {url}\n", new_secret());
    Config::parse(&text, Path::new("."), &BTreeMap::new()).map(drop).map_err(|error| format!("--database: {error}"))
}

fn refuse_unknown(plugin: &str) -> Result<(), String> {
    let known = known_plugins();
    if known.contains(&plugin) {
        return Ok(());
    }
    let meant = nearest(plugin, known.iter().copied()).map(|known| format!("; did you mean `{known}`?"));
    let (plugin, meant, all) = (shown(plugin), meant.unwrap_or_default(), known.join(", "));
    Err(format!("--plugins: there is no plugin `{plugin}`{meant}. There are {all}"))
}

/// The plugins that the template names.
fn known_plugins() -> Vec<&'static str> {
    TEMPLATE.split(ENTRY).skip(1).filter_map(|entry| entry.split('"').nth(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(wishes: &Wishes) -> Config {
        Config::parse(&text(wishes).unwrap(), Path::new("."), &BTreeMap::new()).unwrap()
    }

    #[test]
    fn wishes_stand_in_the_file() {
        let plain = config(&Wishes::default());
        assert_eq!((plain.app_name.as_str(), plain.plugins.len()), ("Doorward", 0));
        let text = |text: &str| Some(text.to_owned());
        let wishes = Wishes {
            name: text("Ada's \"Shop\""),
            base_url: text("https://id.example.com"),
            plugins: Some(known_plugins().into_iter().filter(|id| *id != "social").map(str::to_owned).collect()),
            database: text("postgres://a@b/c"),
            yes: true,
        };
        let made = config(&wishes);
        assert_eq!((made.app_name.as_str(), made.base_url.as_str()), ("Ada's \"Shop\"", "https://id.example.com"));
        assert_eq!(made.database.url, "postgres://a@b/c");
        assert_eq!(made.plugins.len(), known_plugins().len() - 1);
        assert!(made.plugins.len() > 9);
    }

    #[test]
    fn what_a_plugin_needs_is_switched_on_with_it() {
        let plugins = Some(vec!["admin-pages".to_owned(), " two-factor".to_owned()]);
        let made = config(&Wishes { plugins, ..Wishes::default() });
        let ids: Vec<&str> = made.plugins.iter().map(|plugin| plugin.id.as_str()).collect();
        assert_eq!(ids, ["admin", "admin-pages", "pages", "two-factor"]);
    }

    #[test]
    fn wishes_that_cannot_be_are_refused() {
        let refused = |wishes: Wishes| text(&wishes).unwrap_err();
        let plugins = |id: &str| Wishes { plugins: Some(vec![id.to_owned()]), ..Wishes::default() };
        assert!(refused(plugins("passkeys")).contains("did you mean `passkey`?"));
        assert!(refused(plugins("x\"]")).contains("there is no plugin"));
        let database = Wishes { database: Some("mongodb://x".to_owned()), ..Wishes::default() };
        assert!(refused(database).starts_with("--database: database.url starts with none of"));
        let base_url = |url: &str| Wishes { base_url: Some(url.to_owned()), ..Wishes::default() };
        for url in ["auth.example.com", "ftp://a.b", ""] {
            assert!(refused(base_url(url)).contains("is no address"), "{url}");
        }
    }

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
