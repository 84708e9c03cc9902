//! `doorward backup` and `doorward restore`: a whole copy of a SQLite database, and the way back.

use std::path::{Path, PathBuf};

use super::CommandResult;
use crate::config::Config;
use crate::store::backup;

/// Writes a checked copy of the database to a new file. A server goes on meanwhile.
///
/// # Errors
/// When the database is no SQLite file, or the copy cannot be made.
pub fn back_up(config: &Config, to: &Path) -> CommandResult {
    backup::copy(&file(config, "pg_dump or mariadb-dump")?, to)?;
    tell!(
        "{} is a whole copy of the database. Keep the secret elsewhere: without it the copy opens nothing",
        to.display()
    );
    Ok(())
}

/// Puts a backup in the database's place, and keeps what was there beside it.
///
/// # Errors
/// When the backup is damaged or of something else, or a server runs.
pub fn restore(config: &Config, from: &Path) -> CommandResult {
    let at = file(config, "pg_restore or mariadb")?;
    let users = config.user.model_name.as_deref().unwrap_or("user");
    if let Some(kept) = backup::restore(from, &at, users)? {
        tell!("what was there is now {}", kept.display());
    }
    tell!("{} is restored. Run `doorward migrate`, then `doorward check`", at.display());
    Ok(())
}

fn file(config: &Config, other: &str) -> Result<PathBuf, String> {
    match config.database_url().strip_prefix("sqlite://") {
        Some(path) => Ok(PathBuf::from(path)),
        None => Err(format!(
            "this command copies SQLite databases, and database.url names another one. Use {other}, as the chapter \"Back up and restore\" says"
        )),
    }
}
