//! The options that an operator may set while the server runs: an overlay between the file and the environment.
//!
//! A value is read by the same types and held to the same checks as one of the file.

mod table;
mod wording;

use serde_json::{Value as Json, json};
use toml::Value;

use table::{of_mail, options, provider};

use super::pages::{is_colour, picture};
use super::{Config, PluginConfig};

/// What stands in [`Config::sources`] for a value of the overlay.
pub const DATABASE: &str = "database";
/// The plugin whose providers can be set, and what their keys begin with.
const PROVIDERS: (&str, &str) = ("social", "plugins.social.providers.");

/// What a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingKind {
    /// Letters: at least, at most.
    Text(u64, u64),
    /// True or false.
    Switch,
    /// A whole number: at least, at most.
    Number(u64, u64),
    /// A time in whole seconds: at least, at most.
    Seconds(u64, u64),
    /// A colour, as `#rrggbb`.
    Colour,
    /// A text that nobody gets back.
    Secret,
    /// Languages: at most so many.
    Languages(u64),
    /// A picture, as `data:image/png;base64,…`.
    Picture,
}

/// Letters of a secret.
const LONGEST_SECRET: u64 = 4096;
/// Letters of a language's name.
const LONGEST_LANGUAGE: u64 = 64;

type Get = fn(&Config) -> Option<Json>;
type Put = fn(&mut Config, Json) -> Result<(), String>;

/// One setting.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The option's name: `session.expires_in`.
    pub key: String,
    /// What people read.
    pub title: String,
    /// What it takes.
    pub kind: SettingKind,
    access: Access,
}

#[derive(Clone, Debug)]
enum Access {
    Option {
        get: Get,
        put: Put,
    },
    /// An option of a provider: its id and the option.
    Provider(String, &'static str),
    /// Whether a plugin is on: its id.
    Switch(String),
}

/// Something that cannot be as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The setting.
    pub key: String,
    /// What is wrong, and what to write instead.
    pub text: String,
}

impl Config {
    /// All settings that this configuration has room for.
    pub fn settings(&self) -> Vec<Setting> {
        let mail = of_mail().into_iter().filter(|setting| setting.shown_of(self).is_some());
        options().into_iter().chain(mail).chain(self.provider_settings()).chain(self.switches()).collect()
    }

    /// The setting with this key, if there is one.
    pub fn setting(&self, key: &str) -> Option<Setting> {
        let known = self.settings().into_iter().find(|setting| setting.key == key);
        known.or_else(|| self.new_provider(key))
    }

    /// The key of a plugin's switch.
    pub fn switch_of(plugin: &str) -> String {
        format!("plugins.{plugin}.switched_on")
    }

    /// Whether a plugin can be switched while the server runs: it is on in the file, so that its tables are there.
    pub fn can_switch(&self, entry: &PluginConfig) -> bool {
        let is_set = || self.sources.get(&Self::switch_of(&entry.id)).is_some_and(|source| source == DATABASE);
        entry.enabled || is_set()
    }

    fn switches(&self) -> impl Iterator<Item = Setting> {
        let switched = self.plugins.iter().filter(|entry| self.can_switch(entry));
        switched.map(|entry| Setting {
            key: Self::switch_of(&entry.id),
            title: format!("Plugin {}", entry.id),
            kind: SettingKind::Switch,
            access: Access::Switch(entry.id.clone()),
        })
    }

    /// The options of every provider that is set up.
    fn provider_settings(&self) -> Vec<Setting> {
        let Some(plugin) = self.plugins.iter().find(|plugin| plugin.enabled && plugin.id == PROVIDERS.0) else {
            return Vec::new();
        };
        let listed = plugin.options.get("providers").and_then(Value::as_table).into_iter().flatten();
        listed.flat_map(|(id, _)| provider(id)).collect()
    }

    /// An option of a provider that is not set up yet.
    fn new_provider(&self, key: &str) -> Option<Setting> {
        self.plugins.iter().find(|plugin| plugin.enabled && plugin.id == PROVIDERS.0)?;
        let (id, _) = key.strip_prefix(PROVIDERS.1)?.split_once('.')?;
        let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_id = !id.is_empty() && id.len() <= 64 && id.bytes().all(is_letter);
        provider(id).into_iter().find(|setting| is_id && setting.key == key)
    }

    /// The variable that sets an option, and that nothing else wins over.
    pub fn variable_of(&self, key: &str) -> Option<&str> {
        self.sources.get(key)?.strip_prefix("variable ")
    }

    /// This configuration with the values of an overlay. What an environment variable sets stays. A value that cannot be is
    /// left out, and named: the rest counts.
    pub fn with_settings(&self, overlay: &[(String, Json)]) -> (Self, Vec<Fault>) {
        let mut all = self.clone();
        let mut faults: Vec<Fault> =
            overlay.iter().filter_map(|(key, value)| all.put_setting(key, value.clone()).err()).collect();
        if all.check_settings().is_ok() {
            return (all, faults);
        }
        // One of them does not go with the rest: those that do are put in one by one.
        let mut sound = self.clone();
        for (key, value) in overlay {
            let mut next = sound.clone();
            if next.put_setting(key, value.clone()).is_err() {
                continue;
            }
            match next.check_settings() {
                Ok(()) => sound = next,
                Err(text) => faults.push(Fault { key: key.clone(), text }),
            }
        }
        (sound, faults)
    }

    fn put_setting(&mut self, key: &str, value: Json) -> Result<(), Fault> {
        let fault = |text: String| Fault { key: key.to_owned(), text };
        let setting = self.setting(key).ok_or_else(|| fault("there is no such setting".to_owned()))?;
        if self.variable_of(key).is_some() {
            return Ok(());
        }
        setting.check(&value).and_then(|()| setting.put(self, value)).map_err(fault)?;
        self.sources.insert(key.to_owned(), DATABASE.to_owned());
        Ok(())
    }

    /// What no single value shows: the checks of the file, and that limits go together.
    ///
    /// # Errors
    /// What does not fit, and what to write instead.
    pub fn check_settings(&self) -> Result<(), String> {
        self.check().map_err(|error| error.to_string())?;
        self.check_mail().map_err(|error| error.to_string())
    }
}

impl Setting {
    /// The value that counts in a configuration; for a secret, whether there is one. `None` where there is no room for it.
    pub fn shown_of(&self, config: &Config) -> Option<Json> {
        let value = match &self.access {
            Access::Option { get, .. } => get(config)?,
            Access::Switch(id) => json!(config.plugins.iter().find(|entry| entry.id == *id)?.enabled),
            Access::Provider(id, option) => provider_options(config, id)
                .and_then(|options| options.get(*option))
                .and_then(|value| serde_json::to_value(value).ok())
                // A provider is offered unless somebody says otherwise.
                .unwrap_or_else(|| if *option == "enabled" { json!(true) } else { Json::Null }),
        };
        let is_set = !value.is_null() && value != json!("");
        Some(if self.kind == SettingKind::Secret { if is_set { json!("set") } else { Json::Null } } else { value })
    }

    /// Whether a value is of the setting's kind and within its limits.
    ///
    /// # Errors
    /// What to write instead.
    pub fn check(&self, value: &Json) -> Result<(), String> {
        let is_sound = match (self.kind, value) {
            (SettingKind::Switch, value) => value.is_boolean(),
            (SettingKind::Number(least, most) | SettingKind::Seconds(least, most), value) => {
                value.as_u64().is_some_and(|number| (least..=most).contains(&number))
            }
            (SettingKind::Text(least, most), Json::String(text)) => (least..=most).contains(&length(text)),
            (SettingKind::Secret, Json::String(text)) => (1..=LONGEST_SECRET).contains(&length(text)),
            (SettingKind::Colour, Json::String(text)) => is_colour(text),
            (SettingKind::Languages(most), Json::Array(items)) => {
                let is_name = |item: &Json| item.as_str().is_some_and(|text| length(text) <= LONGEST_LANGUAGE);
                items.len() as u64 <= most && items.iter().all(is_name)
            }
            // Not a path: whoever sets it here has no right to the server's files.
            (SettingKind::Picture, Json::String(text)) => picture(text).is_some(),
            _ => false,
        };
        if is_sound { Ok(()) } else { Err(self.kind.asked(value)) }
    }

    fn put(&self, config: &mut Config, value: Json) -> Result<(), String> {
        let (id, option) = match &self.access {
            Access::Option { put, .. } => return put(config, value),
            Access::Provider(id, option) => (id, *option),
            Access::Switch(id) => {
                let entry = config.plugins.iter_mut().find(|entry| entry.id == *id).ok_or("there is no such plugin")?;
                entry.enabled = value == Json::Bool(true);
                return Ok(());
            }
        };
        let plugin = config.plugins.iter_mut().find(|plugin| plugin.enabled && plugin.id == PROVIDERS.0);
        let plugin = plugin.ok_or("the plugin `social` is off")?;
        let value: Value = serde_json::from_value(value).map_err(|error| error.to_string())?;
        let empty = || Value::Table(toml::Table::new());
        let providers = plugin.options.entry("providers".to_owned()).or_insert_with(empty);
        let providers = providers.as_table_mut().ok_or("`providers` is no table")?;
        let own = providers.entry(id.clone()).or_insert_with(empty);
        own.as_table_mut().ok_or("the provider's options are no table")?.insert(option.to_owned(), value);
        Ok(())
    }

    /// As JSON for whoever sets it. `base` is the configuration without the overlay.
    pub fn to_json(&self, effective: &Config, base: &Config) -> Json {
        let source = effective.sources.get(&self.key).map(String::as_str);
        let is_in_file = matches!(self.access, Access::Provider(..)) && source != Some(DATABASE);
        let source = match source {
            Some(DATABASE) => DATABASE,
            Some(source) if source.starts_with("variable ") => "environment",
            Some(_) => "file",
            None if is_in_file => "file",
            None => "default",
        };
        let (kind, least, most) = match self.kind {
            SettingKind::Text(least, most) => ("text", Some(least), Some(most)),
            SettingKind::Number(least, most) | SettingKind::Seconds(least, most) => ("number", Some(least), Some(most)),
            SettingKind::Colour => ("text", Some(7), Some(7)),
            SettingKind::Languages(most) => ("texts", None, Some(most)),
            SettingKind::Switch => ("switch", None, None),
            SettingKind::Secret => ("secret", None, None),
            SettingKind::Picture => ("picture", None, None),
        };
        let usual = Config::default();
        let default = if self.kind == SettingKind::Secret { None } else { self.shown_of(&usual) };
        json!({
            "key": self.key,
            "title": self.title,
            "type": kind,
            // What is more exact than the type: what people would call it.
            "format": match self.kind {
                SettingKind::Seconds(..) => Some("seconds"),
                SettingKind::Colour => Some("color"),
                SettingKind::Languages(_) => Some("languages"),
                _ => None,
            },
            "value": self.shown_of(effective),
            "default": default,
            // What counts again when the value of the database is removed.
            "inherited": self.shown_of(base),
            "source": source,
            "locked": effective.variable_of(&self.key),
            "min": least,
            "max": most,
        })
    }
}

fn length(text: &str) -> u64 {
    text.chars().count() as u64
}

fn provider_options<'a>(config: &'a Config, id: &str) -> Option<&'a toml::Table> {
    let plugin = config.plugins.iter().find(|plugin| plugin.enabled && plugin.id == PROVIDERS.0)?;
    plugin.options.get("providers")?.get(id)?.as_table()
}
