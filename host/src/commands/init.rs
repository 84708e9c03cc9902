//! `doorward init`: writes a configuration file to start from, and makes the database that it names.

use std::io::Write;
use std::path::Path;

use super::secret::new_secret;
use super::serve::missing_database;
use super::{CommandResult, migrate};
use crate::config::{Config, ConfigError};

const TEMPLATE: &str = include_str!("../../templates/doorward.toml");

/// Writes the template with a new secret and makes its database; never overwrites, and leaves a database alone that was
/// there before.
///
/// # Errors
/// When the file exists or cannot be written, or when a variable sets something wrong.
pub fn init(path: &Path, load: impl FnOnce() -> Result<Config, ConfigError>) -> CommandResult {
    write_config(path)?;
    tell!("{} is written, with a new secret", path.display());
    let config = load()?;
    if missing_database(&config).is_some() {
        migrate::migrate(&config, migrate::MigrateRequest::default())?;
        tell!("Serve with `doorward serve`, or with a mailbox for development: `doorward dev`");
    } else {
        tell!("Bring the database up to date with `doorward migrate`, then serve with `doorward serve`");
    }
    Ok(())
}

/// Writes the template with a new secret; never overwrites.
///
/// # Errors
/// When the file exists or cannot be written.
pub fn write_config(path: &Path) -> CommandResult {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let opened = options.open(path);
    let mut file = opened.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    file.write_all(TEMPLATE.replace("{{secret}}", &new_secret()).as_bytes())?;
    Ok(())
}
