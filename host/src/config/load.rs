//! Reads the configuration: file, environment, secret, and the checks that need no other part.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::secret_source::SecretText;
use super::{Config, MailConfig, SecretSource};
use crate::http::origin;

/// Why a configuration is refused; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}. Make one with `doorward init`")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file or a variable is not what the options allow.
    #[error("{0}")]
    Invalid(String),
    /// No usable secret.
    #[error("{0}. Make one with `doorward secret` and set it as `secret`, or in the variable DOORWARD_SECRET")]
    Secret(String),
}

impl Config {
    /// Reads `path`, applies `DOORWARD_…` variables from `environment`, and reads the secret.
    ///
    /// # Errors
    /// When the file is missing, has an unknown key or a wrong value, or when there is no safe secret.
    pub fn load(path: &Path, environment: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Self::parse(&text, folder, environment).map_err(|error| match error {
            ConfigError::Invalid(message) => ConfigError::Invalid(format!("{}: {message}", path.display())),
            other => other,
        })
    }

    /// As [`Config::load`], from text; relative paths are seen from `folder`.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str, folder: &Path, environment: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let from_file: Config = toml::from_str(text).map_err(|error| invalid(&error))?;
        let mut table: Table = text.parse().map_err(|error| invalid(&error))?;
        let mut config = if override_from(&mut table, environment)? {
            Value::Table(table).try_into().map_err(|error| invalid(&error))?
        } else {
            from_file
        };
        config.folder = folder.to_owned();
        config.read_secrets(environment)?;
        if let Some(mail) = &mut config.mail {
            read_mail_secrets(mail, folder, environment)?;
        }
        for hook in &mut config.hooks {
            let key = hook.webhook.as_mut().and_then(|webhook| webhook.secret.as_mut());
            put_value("hooks.webhook.secret", key, folder, environment)?;
        }
        for plugin in &mut config.plugins {
            for (name, value) in &mut plugin.options {
                read_option_secrets(&format!("{}: {name}", plugin.id), value, folder, environment)?;
            }
        }
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let url = url::Url::parse(&self.base_url)
            .map_err(|error| ConfigError::Invalid(format!("base_url \"{}\" is not a URL: {error}", self.base_url)))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(ConfigError::Invalid(format!("base_url \"{}\" must be http or https", self.base_url)));
        }
        if !self.base_path.starts_with('/') || self.base_path.ends_with('/') {
            return Err(ConfigError::Invalid("base_path must start with `/` and must not end with one".into()));
        }
        let origins = self.trusted_origins.iter().map(|pattern| ("trusted_origins", pattern));
        let of_cors = self.cors.origins.iter().flatten().map(|pattern| ("cors.origins", pattern));
        for (option, pattern) in origins.chain(of_cors) {
            if let Some(problem) = origin::problem(pattern) {
                return Err(ConfigError::Invalid(format!("{option}: \"{pattern}\" {problem}")));
            }
        }
        if self.user.delete_user.send_delete_account_verification && self.mail.is_none() {
            let message = "user.delete_user.send_delete_account_verification needs a [mail] section";
            return Err(ConfigError::Invalid(message.into()));
        }
        self.check_secrets()
    }
}

/// `DOORWARD_SESSION__EXPIRES_IN=60` sets `session.expires_in`; a name without `__` counts only when it is an option.
/// Returns whether anything was set.
fn override_from(table: &mut Table, environment: &BTreeMap<String, String>) -> Result<bool, ConfigError> {
    const TOP_LEVEL: [&str; 6] =
        ["app_name", "base_url", "base_path", "secret", "allow_insecure_secret", "plugin_folder"];
    let mut changed = false;
    for (name, text) in environment {
        let Some(key) = name.strip_prefix("DOORWARD_").map(str::to_ascii_lowercase) else { continue };
        let mut parts: Vec<&str> = key.split("__").collect();
        if parts.len() == 1 && !TOP_LEVEL.contains(&key.as_str()) {
            continue;
        }
        let last = parts.pop().unwrap_or_default();
        let mut section = &mut *table;
        for part in parts {
            let entry = section.entry(part).or_insert_with(|| Value::Table(Table::new()));
            section = entry.as_table_mut().ok_or_else(|| {
                ConfigError::Invalid(format!("the variable {name} names no option: `{part}` is not a section"))
            })?;
        }
        section.insert(last.to_owned(), scalar(text));
        changed = true;
    }
    Ok(changed)
}

/// A number, a boolean or an array where the text is one; otherwise the text itself.
fn scalar(text: &str) -> Value {
    let parsed = format!("value = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("value"));
    parsed.filter(|value| !value.is_datetime()).unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Puts the values of the mail server's and the webhook's secrets in place of where they come from.
fn read_mail_secrets(
    mail: &mut MailConfig,
    folder: &Path,
    environment: &BTreeMap<String, String>,
) -> Result<(), ConfigError> {
    let password = mail.smtp.as_mut().and_then(|smtp| smtp.password.as_mut());
    let key = mail.webhook.as_mut().and_then(|webhook| webhook.secret.as_mut());
    for (name, source) in [("mail.smtp.password", password), ("mail.webhook.secret", key)] {
        put_value(name, source, folder, environment)?;
    }
    Ok(())
}

/// Puts the text of a variable or a file in place of every `{ env = "NAME" }` and `{ file = "PATH" }` in a plugin's option.
fn read_option_secrets(
    name: &str,
    option: &mut Value,
    folder: &Path,
    environment: &BTreeMap<String, String>,
) -> Result<(), ConfigError> {
    let parts: Vec<(String, &mut Value)> = match option {
        Value::Array(items) => items.iter_mut().map(|item| (name.to_owned(), item)).collect(),
        Value::Table(table) => {
            let source = (table.len() == 1).then(|| Value::Table(table.clone()).try_into::<SecretSource>().ok());
            if let Some(Some(source)) = source {
                let text = source.fetch(folder, environment);
                let text = text.map_err(|problem| ConfigError::Invalid(format!("{name}: {problem}")))?;
                *option = Value::String(text.expose().clone());
                return Ok(());
            }
            table.iter_mut().map(|(key, part)| (format!("{name}.{key}"), part)).collect()
        }
        _ => return Ok(()),
    };
    parts.into_iter().try_for_each(|(name, part)| read_option_secrets(&name, part, folder, environment))
}

fn put_value(
    name: &str,
    source: Option<&mut SecretSource>,
    folder: &Path,
    environment: &BTreeMap<String, String>,
) -> Result<(), ConfigError> {
    let Some(source) = source else { return Ok(()) };
    let value = source.fetch(folder, environment);
    let value = value.map_err(|problem| ConfigError::Invalid(format!("{name}: {problem}")))?;
    *source = SecretSource::Value(SecretText(value));
    Ok(())
}

/// The parser's message, with the nearest known key where one is unknown.
fn invalid(error: &toml::de::Error) -> ConfigError {
    // The parser shows the line that is wrong; one with a secret stays unseen.
    let shown = error.to_string();
    let may_show = !["secret", "key", "password", "://"].iter().any(|word| shown.to_ascii_lowercase().contains(word));
    let message = if may_show { shown } else { error.message().to_owned() };
    let message = message.trim_end();
    ConfigError::Invalid(match nearest_key(error.message()) {
        Some(key) => format!("{message}\ndid you mean `{key}`?"),
        None => message.to_owned(),
    })
}

/// From "unknown field `x`, expected one of `a`, `b`" the name that looks most like `x`.
fn nearest_key(message: &str) -> Option<&str> {
    let mut names = message.strip_prefix("unknown field ")?.split('`').skip(1).step_by(2);
    let unknown = names.next()?;
    let (key, likeness) =
        names.map(|name| (name, strsim::jaro_winkler(unknown, name))).max_by(|(_, a), (_, b)| a.total_cmp(b))?;
    (likeness > 0.7).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "secret = \"0123456789abcdef0123456789abcdef\"\n";

    fn parse(text: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Config::parse(text, Path::new("."), &environment)
    }

    #[test]
    fn variables_override_the_file() {
        let text = format!("{SECRET}[session]\nexpires_in = 60\n");
        let variables = [
            ("DOORWARD_SESSION__EXPIRES_IN", "120"),
            ("DOORWARD_APP_NAME", "Acme"),
            ("DOORWARD_TRUSTED", "ignored"),
            ("DOORWARD_EMAIL_AND_PASSWORD__ENABLED", "true"),
        ];
        let config = parse(&text, &variables).unwrap();
        assert_eq!(config.session.expires_in, 120);
        assert_eq!(config.app_name, "Acme");
        assert!(config.email_and_password.enabled);
    }

    #[test]
    fn a_plugins_secret_comes_from_a_variable_or_a_file() {
        let text = |source: &str| {
            format!("{SECRET}[[plugins]]\nid = \"p\"\n[plugins.of.github]\nkey = {source}\nlist = [{{ a = {source} }}]")
        };
        let config = parse(&text("{ env = \"GITHUB_KEY\" }"), &[("GITHUB_KEY", "hush")]).unwrap();
        let of = config.plugins[0].options["of"]["github"].clone();
        assert_eq!((of["key"].as_str(), of["list"][0]["a"].as_str()), (Some("hush"), Some("hush")));
        assert!(!format!("{config:?}").contains("hush"));
        let error = parse(&text("{ file = \"/no/such\" }"), &[]).unwrap_err().to_string();
        assert!(error.contains("p: of.github.key: cannot read the secret"), "{error}");
        let plain = parse(&text("{ env = 1, file = 2 }"), &[]).unwrap();
        assert!(plain.plugins[0].options["of"]["github"]["key"].is_table());
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        let error = parse(&format!("{SECRET}[session]\nexpire_in = 60\n"), &[]).unwrap_err().to_string();
        assert!(error.contains("did you mean `expires_in`?"), "{error}");
        let error = parse(SECRET, &[("DOORWARD_SESSION__EXPIRE_IN", "1")]).unwrap_err().to_string();
        assert!(error.contains("did you mean `expires_in`?"), "{error}");
    }

    #[test]
    fn an_unsafe_secret_is_refused() {
        for (text, part) in [
            ("", "DOORWARD_SECRET is not set"),
            ("secret = \"short\"", "fewer than 32"),
            ("secret = \"better-auth-secret-12345678901234567890\"", "well-known"),
            ("secret = { file = \"/no/such/file\" }", "cannot read the secret"),
        ] {
            let error = parse(text, &[]).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
            assert!(error.contains("doorward secret"), "{error}");
        }
        assert!(parse("secret = \"short\"\nallow_insecure_secret = true", &[]).is_ok());
        assert!(parse("", &[("DOORWARD_SECRET", "0123456789abcdef0123456789abcdef")]).is_ok());
    }

    #[test]
    fn the_secret_never_prints() {
        let config = parse(SECRET, &[]).unwrap();
        assert!(!format!("{config:?}").contains("0123456789abcdef"));
    }
}
