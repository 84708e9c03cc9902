//! Reads the secrets from file, variables and files of their own, and refuses weak ones.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::error::rights;
use super::{Config, ConfigError, ManagementKey, ManagementKeySource, SecretSource};
use crate::crypto::seal::{Secrets, VersionedSecret};
use crate::crypto::secret::Secret;

const SHORTEST_SECRET: usize = 32;
const WELL_KNOWN_SECRETS: [&str; 3] = [
    "better-auth-secret-12345678901234567890",
    "better-auth-secret-123456789",
    "development-secret-do-not-use-in-production",
];
const OWN_VARIABLE: &str = "DOORWARD_SECRET";
/// What the reference calls it.
const REFERENCE_VARIABLE: &str = "BETTER_AUTH_SECRET";
/// `2:newest,1:older` replaces the option `secrets`.
const VARIABLE: &str = "DOORWARD_SECRETS";

/// The folder that systemd puts a service's credentials into.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Where secrets are read from, and which files were.
pub(super) struct Places<'a> {
    /// Relative paths are seen from it.
    pub(super) folder: &'a Path,
    /// The variables.
    pub(super) environment: &'a BTreeMap<String, String>,
    /// Files that were read.
    pub(super) files: BTreeSet<PathBuf>,
}

/// Why a secret was not read.
pub(super) struct Unread {
    /// What is wrong.
    pub(super) problem: String,
    /// Whether there may be one that this process does not get: a new one in its place would do harm.
    may_exist: bool,
}

impl Unread {
    /// There is none.
    fn missing(problem: String) -> Self {
        Self { problem, may_exist: false }
    }

    /// There may be one.
    fn hidden(problem: String) -> Self {
        Self { problem, may_exist: true }
    }

    /// The error for an option; `missing` makes that of a secret which there is not.
    fn refuse(self, option: &str, missing: impl FnOnce(String) -> ConfigError) -> ConfigError {
        match self.may_exist {
            true => ConfigError::HiddenSecret { option: option.to_owned(), problem: self.problem },
            false => missing(self.problem),
        }
    }
}

fn read_file(path: &Path) -> Result<Secret<String>, Unread> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let problem = format!("cannot read the secret from {}: {error}", path.display());
        match error.kind() {
            ErrorKind::NotFound => Unread::missing(problem),
            _ => Unread::hidden(problem + rights(&error, path).as_str()),
        }
    })?;
    Ok(Secret::new(text.trim().to_owned()))
}

impl SecretSource {
    /// The secret's value, or why there is none.
    pub(super) fn fetch(&self, places: &mut Places<'_>) -> Result<Secret<String>, Unread> {
        match self {
            Self::Value(text) => Ok(text.text.clone()),
            Self::Env { env } => match places.environment.get(env) {
                Some(value) => Ok(Secret::new(value.clone())),
                None => Err(Unread::missing(format!("the variable {env} is not set"))),
            },
            Self::File { file } => {
                let file = places.folder.join(file);
                let text = read_file(&file)?;
                places.files.insert(file);
                Ok(text)
            }
            Self::Credential { credential } => {
                if credential.is_empty() || credential.contains('/') || credential.starts_with('.') {
                    let problem = format!("`{credential}` cannot be the name of a credential: it is that of a file");
                    return Err(Unread::hidden(problem));
                }
                let given = places.environment.get(CREDENTIALS).ok_or_else(|| {
                    Unread::hidden(format!(
                        "there are no credentials, {CREDENTIALS} is not set: write \
                         LoadCredential={credential}:/path/of/the/secret in the unit of systemd. For a command at a terminal: \
                         systemd-run --pty --same-dir --uid doorward -p LoadCredential={credential}:/path/of/the/secret doorward …"
                    ))
                })?;
                read_file(&Path::new(given).join(credential))
            }
        }
    }

    fn read(&self, places: &mut Places<'_>) -> Result<Secret<String>, ConfigError> {
        self.fetch(places).map_err(|unread| unread.refuse("secret", ConfigError::Secret))
    }

    /// As [`SecretSource::read`], for an option of another name.
    fn read_as(&self, option: &str, places: &mut Places<'_>) -> Result<Secret<String>, ConfigError> {
        let missing = |problem| ConfigError::OtherSecret { option: option.to_owned(), problem };
        self.fetch(places).map_err(|unread| unread.refuse(option, missing))
    }
}

impl Config {
    /// Reads every secret. With versions, the secret without one may be missing.
    pub(super) fn read_secrets(&mut self, places: &mut Places<'_>) -> Result<(), ConfigError> {
        let versions = self.read_versions(places)?;
        let unversioned = match self.read_unversioned(places) {
            Ok(secret) => Some(secret),
            Err(_) if !versions.is_empty() && matches!(self.secret, SecretSource::Env { .. }) => None,
            Err(error) => return Err(error),
        };
        self.all_secrets = Secrets::new(versions, unversioned);
        self.management_keys = self.read_management_keys(places)?;
        self.secret_value = self.all_secrets.iter().next().cloned().unwrap_or_default();
        Ok(())
    }

    /// The reference's variable counts where neither the file nor the own variable has a secret.
    fn read_unversioned(&self, places: &mut Places<'_>) -> Result<Secret<String>, ConfigError> {
        let read = self.secret.read(places);
        let is_default = matches!(&self.secret, SecretSource::Env { env } if env == OWN_VARIABLE);
        match places.environment.get(REFERENCE_VARIABLE) {
            Some(secret) if read.is_err() && is_default => Ok(Secret::new(secret.clone())),
            _ => read,
        }
    }

    fn read_management_keys(&self, places: &mut Places<'_>) -> Result<Vec<ManagementKey>, ConfigError> {
        let sources = self.management.iter().flat_map(|management| &management.keys);
        let read = |source: &ManagementKeySource| {
            let option = format!("management.keys, \"{}\"", source.name);
            let value = source.value.read_as(&option, places)?;
            if value.expose().len() < SHORTEST_SECRET && !self.allow_insecure_secret {
                let problem =
                    format!("the management key \"{}\" has fewer than {SHORTEST_SECRET} characters", source.name);
                return Err(ConfigError::OtherSecret { option: "management.keys".to_owned(), problem });
            }
            Ok(ManagementKey { name: source.name.clone(), value, scopes: source.scopes.clone() })
        };
        sources.map(read).collect()
    }

    fn read_versions(&self, places: &mut Places<'_>) -> Result<Vec<VersionedSecret>, ConfigError> {
        let versions = match places.environment.get(VARIABLE) {
            Some(text) => text.split(',').map(parse_entry).collect::<Result<Vec<_>, _>>()?,
            None => {
                let read = |entry: &super::VersionedSource| {
                    let option = format!("secrets, version {}", entry.version);
                    let secret = entry.value.read_as(&option, places)?;
                    Ok(VersionedSecret { version: entry.version, secret })
                };
                self.secrets.iter().map(read).collect::<Result<Vec<_>, ConfigError>>()?
            }
        };
        let mut seen = HashSet::new();
        match versions.iter().find(|entry| !seen.insert(entry.version)) {
            Some(entry) => Err(ConfigError::Invalid(format!(
                "secrets: the secret version {} is there twice. Give each secret a number of its own, or remove one",
                entry.version
            ))),
            None => Ok(versions),
        }
    }

    /// Any of them is good for forging a cookie, so none may be weak.
    pub(super) fn check_secrets(&self) -> Result<(), ConfigError> {
        if self.secret_value.expose().is_empty() {
            return Err(ConfigError::Secret("no secret is set".into()));
        }
        if self.allow_insecure_secret { Ok(()) } else { self.all_secrets.iter().try_for_each(check) }
    }
}

fn parse_entry(text: &str) -> Result<VersionedSecret, ConfigError> {
    let parsed = text.trim().split_once(':').and_then(|(version, secret)| Some((version.parse().ok()?, secret)));
    let (version, secret) =
        parsed.ok_or_else(|| ConfigError::Invalid(format!("{VARIABLE} is not of the form `2:newest,1:older`")))?;
    Ok(VersionedSecret { version, secret: Secret::new(secret.to_owned()) })
}

fn check(secret: &Secret<String>) -> Result<(), ConfigError> {
    let secret = secret.expose();
    if WELL_KNOWN_SECRETS.contains(&secret.as_str()) {
        return Err(ConfigError::Secret("the secret is a well-known default".into()));
    }
    if secret.len() < SHORTEST_SECRET {
        let message = format!("the secret has {} characters, fewer than {SHORTEST_SECRET}", secret.len());
        return Err(ConfigError::Secret(message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: &str = "new-secret-0123456789-0123456789";
    const OLD: &str = "old-secret-0123456789-0123456789";

    fn parse(text: &str, variables: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let config = Config::parse(text, Path::new("."), &environment).map_err(|error| error.to_string())?;
        assert!(!format!("{config:?}").contains("-secret-0123456789"));
        Ok(config.all_secrets.iter().map(|secret| secret.expose().clone()).collect())
    }

    #[test]
    fn the_first_of_several_is_current() {
        let both =
            format!("secrets = [{{ version = 2, value = \"{NEW}\" }}, {{ version = 1, value = {{ env = \"O\" }} }}]");
        assert_eq!(parse(&both, &[("O", OLD)]).unwrap(), [NEW, OLD]);
        assert_eq!(parse(&format!("secret = \"{OLD}\"\n{both}"), &[("O", NEW)]).unwrap(), [NEW, NEW, OLD]);
        let listed = format!("2:{NEW},1:{OLD}");
        assert_eq!(parse("", &[("DOORWARD_SECRETS", &listed)]).unwrap(), [NEW, OLD]);
        assert_eq!(parse("", &[("DOORWARD_SECRETS", &listed), ("DOORWARD_SECRET", OLD)]).unwrap(), [NEW, OLD, OLD]);
    }

    #[test]
    fn management_keys_are_read_and_never_short() {
        let text = |key: &str| {
            format!(
                "secret = \"{NEW}\"\n[management]\naddress = \"127.0.0.1:0\"\nkeys = [{{ name = \"b\", value = \"{key}\", scopes = [\"*\"] }}]"
            )
        };
        assert!(parse(&text(OLD), &[]).is_ok());
        assert!(parse(&text("short"), &[]).unwrap_err().contains("the management key \"b\" has fewer than 32"));
        assert!(parse(&text(""), &[]).is_err());
    }

    #[test]
    fn a_credential_of_systemd_is_read() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("auth"), format!("{NEW}\n")).unwrap();
        let given = folder.path().display().to_string();
        let text = |name: &str| format!("secret = {{ credential = \"{name}\" }}");
        assert_eq!(parse(&text("auth"), &[("CREDENTIALS_DIRECTORY", &given)]).unwrap(), [NEW]);
        let refused = |name: &str, variables: &[(&str, &str)]| parse(&text(name), variables).unwrap_err();
        assert!(refused("auth", &[]).contains("LoadCredential=auth:"));
        assert!(refused("other", &[("CREDENTIALS_DIRECTORY", &given)]).contains("cannot read the secret from"));
        for name in ["../auth", "", ".x"] {
            assert!(refused(name, &[("CREDENTIALS_DIRECTORY", &given)]).contains("cannot be the name"), "{name}");
        }
    }

    #[test]
    fn doubtful_lists_are_refused() {
        for (list, part) in [
            (format!("1:{NEW},1:{OLD}"), "the secret version 1 is there twice"),
            (format!("2:{NEW},1:short"), "fewer than 32"),
            (NEW.to_owned(), "not of the form"),
            (format!("x:{NEW}"), "not of the form"),
            (String::new(), "not of the form"),
        ] {
            let error = parse("", &[("DOORWARD_SECRETS", &list)]).unwrap_err();
            assert!(error.contains(part) && !error.contains("secret-0123456789"), "{error}");
        }
        let missing = "secret = { file = \"/no/such/file\" }\n";
        assert!(parse(missing, &[("DOORWARD_SECRETS", &format!("1:{NEW}"))]).unwrap_err().contains("cannot read"));
    }
}
