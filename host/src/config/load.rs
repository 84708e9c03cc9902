//! Reads the configuration: file, environment, secret, and the checks that need no other part.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use toml::{Table, Value};

use super::parse_error::in_text;
use super::secret_source::SecretText;
use super::secrets::Places;
use super::{Config, ConfigError, MailConfig, SecretSource, variables};

/// The reference's variable, which counts where nothing else sets `base_url`.
const REFERENCE_URL: &str = "BETTER_AUTH_URL";

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
        let from_file: Config = toml::from_str(text).map_err(|error| in_text(&error, text))?;
        let table: Table = text.parse().map_err(|error| in_text(&error, text))?;
        let unused_variables = variables::unused(&table, environment);
        let sources = sources(&table, environment);
        let mut config = variables::apply(table, environment)?.unwrap_or(from_file);
        config.unused_variables = unused_variables;
        config.sources = sources;
        config.fill_stateless();
        if let Some(url) = environment.get(REFERENCE_URL).filter(|_| !config.sources.contains_key("base_url")) {
            config.base_url.clone_from(url);
            config.sources.insert("base_url".to_owned(), format!("variable {REFERENCE_URL}"));
        }
        config.folder = folder.to_owned();
        config.telemetry.read_variables(environment);
        let mut places = Places { folder, environment, files: BTreeSet::new() };
        config.read_secrets(&mut places)?;
        read_all_others(&mut config, &mut places)?;
        config.secret_files = places.files;
        config.check()?;
        Ok(config)
    }
}

/// Where each option was set that was set at all: "file", or the variable that wins over it.
fn sources(table: &Table, environment: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut sources = BTreeMap::new();
    collect_set("", table, &mut sources);
    let variables = variables::set(table, environment).into_iter();
    sources.extend(variables.map(|(option, name)| (option, format!("variable {name}"))));
    sources
}

fn collect_set(section: &str, table: &Table, sources: &mut BTreeMap<String, String>) {
    for (name, value) in table {
        let option = if section.is_empty() { name.clone() } else { format!("{section}.{name}") };
        match value {
            Value::Table(table) => collect_set(&option, table, sources),
            _ => _ = sources.insert(option, "file".to_owned()),
        }
    }
}

/// Puts the values of all secrets but the server's own and the management API's in place of where they come from.
fn read_all_others(config: &mut Config, places: &mut Places<'_>) -> Result<(), ConfigError> {
    if let Some(mail) = &mut config.mail {
        read_mail_secrets(mail, places)?;
    }
    for (name, value) in &mut config.telemetry.headers {
        put_value(&format!("telemetry.headers.{name}"), Some(value), places)?;
    }
    for hook in &mut config.hooks {
        let key = hook.webhook.as_mut().and_then(|webhook| webhook.secret.as_mut());
        put_value(&format!("hooks.webhook.secret of {}", hook.file), key, places)?;
    }
    read_webhook_secrets(config, places)?;
    config.put_passwords(places)?;
    for plugin in &mut config.plugins {
        for (name, value) in &mut plugin.options {
            read_option_secrets(&format!("{}: {name}", plugin.id), value, places)?;
        }
    }
    Ok(())
}

/// Puts the values of the mail server's and the webhook's secrets in place of where they come from.
fn read_mail_secrets(mail: &mut MailConfig, places: &mut Places<'_>) -> Result<(), ConfigError> {
    let password = mail.smtp.as_mut().and_then(|smtp| smtp.password.as_mut());
    let key = mail.webhook.as_mut().and_then(|webhook| webhook.secret.as_mut());
    for (name, source) in [("mail.smtp.password", password), ("mail.webhook.secret", key)] {
        put_value(name, source, places)?;
    }
    Ok(())
}

/// Puts the values of the secrets of receivers of events in place of where they come from.
fn read_webhook_secrets(config: &mut Config, places: &mut Places<'_>) -> Result<(), ConfigError> {
    for hook in &mut config.webhooks {
        let name = format!("webhooks.secret of {}", hook.name);
        put_value(&name, hook.secret.as_mut(), places)?;
        put_value(&name.replace("secret", "previous_secret"), hook.previous_secret.as_mut(), places)?;
    }
    if let Some(hook) = &mut config.audit.webhook {
        put_value("audit.webhook.secret", hook.secret.as_mut(), places)?;
        put_value("audit.webhook.previous_secret", hook.previous_secret.as_mut(), places)?;
    }
    for stream in config.ssf.iter_mut().flat_map(|ssf| &mut ssf.streams) {
        let name = format!("ssf.streams.authorization of {}", stream.name);
        put_value(&name, stream.authorization.as_mut(), places)?;
    }
    Ok(())
}

/// Puts the text in place of every `{ env = "NAME" }`, `{ file = "PATH" }` and `{ credential = "NAME" }` in a plugin's
/// option.
fn read_option_secrets(name: &str, option: &mut Value, places: &mut Places<'_>) -> Result<(), ConfigError> {
    let parts: Vec<(String, &mut Value)> = match option {
        Value::Array(items) => items.iter_mut().map(|item| (name.to_owned(), item)).collect(),
        Value::Table(table) => {
            let source = (table.len() == 1).then(|| Value::Table(table.clone()).try_into::<SecretSource>().ok());
            if let Some(Some(source)) = source {
                let text = source.fetch(places);
                let text = text.map_err(|unread| ConfigError::Invalid(format!("{name}: {}", unread.problem)))?;
                *option = Value::String(text.expose().clone());
                return Ok(());
            }
            table.iter_mut().map(|(key, part)| (format!("{name}.{key}"), part)).collect()
        }
        _ => return Ok(()),
    };
    parts.into_iter().try_for_each(|(name, part)| read_option_secrets(&name, part, places))
}

/// Puts the value in place of where it comes from, which is kept beside it.
pub(super) fn put_value(
    name: &str,
    source: Option<&mut SecretSource>,
    places: &mut Places<'_>,
) -> Result<(), ConfigError> {
    let Some(source) = source.filter(|source| !matches!(source, SecretSource::Value(_))) else { return Ok(()) };
    let text = source.fetch(places).map_err(|unread| ConfigError::Invalid(format!("{name}: {}", unread.problem)))?;
    let from = Some(Box::new(source.clone()));
    *source = SecretSource::Value(SecretText { text, from });
    Ok(())
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
            ("DOORWARD_PORT_3000_TCP", "set by an orchestrator"),
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
    fn a_secret_shows_where_it_comes_from_and_its_file_is_known() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["mail", "plugin", "own"] {
            std::fs::write(folder.path().join(name), "hush-0123456789-0123456789-0123456789\n").unwrap();
        }
        let text = "secret = { file = \"own\" }\n[mail]\ntransport = \"smtp\"\nfrom = \"a@b.c\"\n\
                    smtp = { host = \"h\", username = \"u\", password = { file = \"mail\" } }\n\
                    [[hooks]]\nfile = \"a.rhai\"\n[[plugins]]\nid = \"p\"\n[plugins.of]\nkey = { file = \"plugin\" }\n";
        let config = Config::parse(text, folder.path(), &BTreeMap::new()).unwrap();
        let shown = serde_json::to_value(&config).unwrap();
        assert_eq!(shown["mail"]["smtp"]["password"], serde_json::json!({ "file": "mail" }));
        assert!(!shown.to_string().contains("hush"));
        assert_eq!(
            config.mail.unwrap().smtp.unwrap().password.unwrap().value(),
            "hush-0123456789-0123456789-0123456789"
        );
        let files = ["mail", "own", "plugin"].map(|name| folder.path().join(name));
        assert_eq!(config.secret_files.into_iter().collect::<Vec<_>>(), files);
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
    fn the_references_variables_count_where_nothing_else_is_set() {
        let secret = "a-secret-of-the-reference-0123456789";
        let both = [("BETTER_AUTH_SECRET", secret), ("BETTER_AUTH_URL", "https://auth.example.com")];
        let config = parse("", &both).unwrap();
        assert_eq!(
            (config.secret_value.expose().as_str(), config.base_url.as_str()),
            (secret, "https://auth.example.com")
        );
        let config = parse(&format!("{SECRET}base_url = \"https://own.example.com\""), &both).unwrap();
        assert_ne!(config.secret_value.expose(), secret);
        assert_eq!(config.base_url, "https://own.example.com");
        let own = [
            both[0],
            both[1],
            ("DOORWARD_SECRET", "0123456789abcdef0123456789abcdef"),
            ("DOORWARD_BASE_URL", "http://a"),
        ];
        let config = parse("", &own).unwrap();
        assert_eq!((config.secret_value.expose().as_str(), config.base_url.as_str()), (own[2].1, "http://a"));
        // A variable that the file asks for is not replaced by another.
        assert!(parse("secret = { env = \"MINE\" }", &both).unwrap_err().to_string().contains("MINE is not set"));
    }

    #[test]
    fn the_secret_never_prints() {
        let config = parse(SECRET, &[]).unwrap();
        assert!(!format!("{config:?}").contains("0123456789abcdef"));
    }
}
