//! `doorward init`: writes a configuration file to start from.

use std::io::Write;
use std::path::Path;

use super::CommandResult;
use super::secret::new_secret;

const TEMPLATE: &str = include_str!("../../templates/doorward.toml");

/// Writes the template with a new secret; never overwrites.
///
/// # Errors
/// When the file exists or cannot be written.
pub fn init(path: &Path) -> CommandResult {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let opened = options.open(path);
    let mut file = opened.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    file.write_all(TEMPLATE.replace("{{secret}}", &new_secret()).as_bytes())?;
    Ok(())
}
