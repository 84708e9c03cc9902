//! Environment variables that set options: `DOORWARD_SESSION__EXPIRES_IN=60` sets `session.expires_in`.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use super::parse_error::{fields_of, in_table, nearest, option_of, unknown_field};
use super::{Config, ConfigError};

const PREFIX: &str = "DOORWARD_";
/// Read elsewhere: secrets, what is logged, and what the project's own tests set.
const OTHERS: [&str; 6] =
    ["DOORWARD_SECRET", "DOORWARD_SECRETS", "DOORWARD_LOG", "DOORWARD_BIN", "DOORWARD_URL", "DOORWARD_CHROMIUM"];
/// Kubernetes sets these for a service that is called `doorward`; `DOORWARD_TEST_` and `DOORWARD_FUZZ_` are tests'.
const OTHER_BEGINNINGS: [&str; 4] = ["DOORWARD_SERVICE_", "DOORWARD_PORT", "DOORWARD_TEST_", "DOORWARD_FUZZ_"];

/// A variable that sets an option.
struct Setting<'a> {
    name: &'a str,
    /// The sections and the option's name.
    keys: Vec<String>,
    /// What the text may mean, the likeliest first.
    meanings: Vec<Value>,
    /// Why it cannot be, from the likeliest on; true for one that only says of which kind the option is.
    refusal: Option<(bool, ConfigError)>,
}

impl Setting<'_> {
    /// Keeps the first refusal, unless a later one says more than the kind of the option.
    fn note(&mut self, error: &toml::de::Error) {
        let is_about_kind = error.message().starts_with("invalid type: ");
        let says_more = self.refusal.as_ref().is_none_or(|(was_about_kind, _)| *was_about_kind && !is_about_kind);
        if says_more {
            self.refusal = Some((is_about_kind, in_table(error)));
        }
    }
}

/// Puts the variables' values over those of the file.
///
/// # Errors
/// When a variable sets nothing, or what its option does not allow.
pub(super) fn apply(mut table: Table, environment: &BTreeMap<String, String>) -> Result<Option<Config>, ConfigError> {
    let known = Known::of(&table);
    let mut settings = Vec::new();
    for (name, text) in environment {
        if let Some(keys) = known.keys(name)? {
            settings.push(Setting { name, keys, meanings: meanings(text), refusal: None });
        }
    }
    if settings.is_empty() {
        return Ok(None);
    }
    // A text may mean a number, too; what an option takes is known from its refusal.
    loop {
        for setting in &settings {
            put(&mut table, setting)?;
        }
        let error = match Value::Table(table.clone()).try_into::<Config>() {
            Ok(config) => return Ok(Some(config)),
            Err(error) => error,
        };
        let option = option_of(&error).unwrap_or_default();
        let of_option = |setting: &&mut Setting<'_>| option == setting.keys.join(".");
        match settings.iter_mut().find(of_option) {
            Some(setting) => {
                setting.note(&error);
                setting.meanings.remove(0);
                if setting.meanings.is_empty() {
                    let (_, refusal) = setting.refusal.take().unwrap_or_else(|| (true, in_table(&error)));
                    return Err(of_variable(setting, refusal));
                }
            }
            None => return Err(from_unknown(&settings, &error)),
        }
    }
}

/// Variables that begin as ours do and set nothing.
pub(super) fn unused(table: &Table, environment: &BTreeMap<String, String>) -> Vec<String> {
    let known = Known::of(table);
    let sets_nothing = |name: &&String| {
        known.parted(name).is_some_and(|keys| !keys.first().is_some_and(|first| known.top.contains(first)))
    };
    environment.keys().filter(sets_nothing).cloned().collect()
}

/// The options that variables set, each with its variable.
pub(super) fn set(table: &Table, environment: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let known = Known::of(table);
    let option = |name: &String| Some((known.keys(name).ok()??.join("."), name.clone()));
    environment.keys().filter_map(option).collect()
}

fn of_variable(setting: &Setting<'_>, error: ConfigError) -> ConfigError {
    match error {
        ConfigError::Invalid(text) => {
            let is_section = text.ends_with("expected a section");
            let hint =
                if is_section { ". Sections and lists of them have no variable: write it into the file" } else { "" };
            ConfigError::Variable { name: setting.name.to_owned(), problem: format!("{text}{hint}") }
        }
        other => other,
    }
}

/// The error of a section whose key no option has names the variable that brought it.
fn from_unknown(settings: &[Setting<'_>], error: &toml::de::Error) -> ConfigError {
    let unknown = unknown_field(error.message()).map(|(unknown, _)| unknown.to_owned());
    let brought = settings.iter().find(|setting| unknown.as_ref().is_some_and(|key| setting.keys.contains(key)));
    match brought {
        Some(setting) => of_variable(setting, in_table(error)),
        None => in_table(error),
    }
}

/// The text itself; the number, boolean or list that it spells; or a list of what its commas part.
fn meanings(text: &str) -> Vec<Value> {
    let parsed = format!("value = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("value"));
    let parsed = parsed.filter(|value| !value.is_datetime() && !value.is_str());
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    let list = Value::Array(items.map(|item| Value::String(item.to_owned())).collect());
    [Some(Value::String(text.to_owned())), parsed, Some(list)].into_iter().flatten().collect()
}

fn put(table: &mut Table, setting: &Setting<'_>) -> Result<(), ConfigError> {
    let (Some((last, sections)), Some(value)) = (setting.keys.split_last(), setting.meanings.first()) else {
        return Ok(());
    };
    let mut section = table;
    for key in sections {
        let entry = section.entry(key.as_str()).or_insert_with(|| Value::Table(Table::new()));
        section = entry.as_table_mut().ok_or_else(|| {
            let problem = format!("it names no option, for `{key}` is not a section");
            ConfigError::Variable { name: setting.name.to_owned(), problem }
        })?;
    }
    section.insert(last.clone(), value.clone());
    Ok(())
}

/// What a variable's name can mean.
struct Known {
    /// Options and sections at the top.
    top: BTreeSet<String>,
    /// Variables that the file itself reads: `{ env = "NAME" }`.
    read: BTreeSet<String>,
}

impl Known {
    /// The option of a section whose name has a slip.
    fn meant_section(&self, keys: &[String]) -> Option<String> {
        let (section, rest) = keys.split_first().filter(|(_, rest)| !rest.is_empty())?;
        meant_within(nearest(section, self.top.iter().map(String::as_str))?, rest)
    }

    fn of(table: &Table) -> Self {
        let mut read = BTreeSet::new();
        table.values().for_each(|value| collect_read(value, &mut read));
        let top = fields_of(&[]).into_iter().collect();
        Self { top, read }
    }

    /// The sections and the option that a variable names; `None` for a variable that is not one of ours.
    fn parted(&self, name: &str) -> Option<Vec<String>> {
        let key = name.strip_prefix(PREFIX)?;
        let is_other = OTHERS.contains(&name) || OTHER_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning));
        let parted = || key.to_ascii_lowercase().split("__").map(str::to_owned).collect();
        (!is_other && !self.read.contains(name)).then(parted)
    }

    /// The keys of the option that a variable sets; `None` for a variable that is not one of ours.
    fn keys(&self, name: &str) -> Result<Option<Vec<String>>, ConfigError> {
        let Some(keys) = self.parted(name) else { return Ok(None) };
        match keys.first() {
            Some(first) if self.top.contains(first) => match fields_of(&keys).first() {
                Some(option) => Err(ConfigError::Invalid(format!(
                    "the variable {name} names a section; {name}__{} sets an option of it",
                    option.to_ascii_uppercase()
                ))),
                None => Ok(Some(keys)),
            },
            _ => match self.meant(&keys) {
                Some(meant) => {
                    let meant = meant.to_ascii_uppercase();
                    let text = format!("the variable {name} sets nothing; did you mean {PREFIX}{meant}?");
                    Err(ConfigError::Invalid(text))
                }
                // It looks like no option at all: other programs may read it.
                None => Ok(None),
            },
        }
    }

    /// The option that was meant: with one underscore where there should be two, with a slip in a section's name, or as
    /// another word.
    fn meant(&self, keys: &[String]) -> Option<String> {
        let key = &keys.join("_");
        let parted = self.top.iter().find_map(|top| {
            let option = key.strip_prefix(top.as_str())?.strip_prefix('_')?;
            let fields = fields_of(std::slice::from_ref(top));
            let nearest = nearest(option, fields.iter().map(String::as_str))?;
            Some(format!("{top}__{nearest}"))
        });
        parted
            .or_else(|| self.meant_section(keys))
            .or_else(|| nearest(key, self.top.iter().map(String::as_str)).map(str::to_owned))
    }
}

/// What the option of a section is called when each part is the nearest name that there is.
fn meant_within(section: &str, rest: &[String]) -> Option<String> {
    let mut path = vec![section.to_owned()];
    for key in rest {
        let fields = fields_of(&path);
        path.push(nearest(key, fields.iter().map(String::as_str))?.to_owned());
    }
    Some(path.join("__"))
}

fn collect_read(value: &Value, read: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect_read(item, read)),
        Value::Table(table) => {
            if let (1, Some(Value::String(name))) = (table.len(), table.get("env")) {
                read.insert(name.clone());
            }
            table.values().for_each(|value| collect_read(value, read));
        }
        _ => {}
    }
}
