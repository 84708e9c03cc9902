//! `doorward plugin keygen` and `doorward plugin sign`: a publisher's key, and the signature beside a component.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::clock::Timestamp;
use crate::commands::CommandResult;
use crate::crypto::random::{Random, SystemRandom};
use crate::plugin_host::admission::trust::{SigningKey, signature_path};
use crate::plugin_host::manifest;

/// Writes a new private key to `file`, closed to others, and prints the public one as the config takes it.
///
/// # Errors
/// When the file exists or cannot be written.
pub(super) fn keygen(file: &Path) -> CommandResult {
    let mut seed = [0; 32];
    SystemRandom.fill(&mut seed);
    let key = SigningKey::from_seed(&seed)?;
    let written = new_private_file(file)
        .and_then(|mut out| out.write_all(key.to_pem().map_err(std::io::Error::other)?.expose().as_bytes()));
    written.map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    print(&format!("{} is the private key: keep it to yourself.\nOperators trust it with:\n", file.display()));
    print(&trust_line(&key));
    Ok(())
}

/// Signs a component: writes `<component>.sig`. `expires` is a day, `2027-12-31`, or a moment in ISO-8601.
///
/// # Errors
/// When the key or the component cannot be read, or the component is no plugin.
pub(super) fn sign(key: &Path, component: &Path, expires: Option<&str>) -> CommandResult {
    let read = |path: &Path| fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()));
    let key = SigningKey::from_pem(&String::from_utf8_lossy(&read(key)?))?;
    let bytes = read(component)?;
    let manifest = manifest::read(&bytes, &component.display().to_string())?;
    let expires =
        expires.map(|text| moment(text).ok_or_else(|| format!("`{text}` is no day like 2027-12-31"))).transpose()?;
    let signature = signature_path(component);
    fs::write(&signature, key.sign(&bytes, expires))?;
    print(&format!(
        "{} {} is signed in {}. Operators trust the key with:\n",
        manifest.id,
        manifest.version,
        signature.display()
    ));
    print(&trust_line(&key));
    Ok(())
}

fn trust_line(key: &SigningKey) -> String {
    format!("    [plugin_trust]\n    trusted_keys = {{ your-name = \"{}\" }}", key.public_key())
}

fn moment(text: &str) -> Option<Timestamp> {
    Timestamp::parse_iso(text).or_else(|| Timestamp::parse_iso(&format!("{text}T00:00:00Z")))
}

#[cfg(unix)]
fn new_private_file(file: &Path) -> std::io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)
}

#[cfg(not(unix))]
fn new_private_file(file: &Path) -> std::io::Result<fs::File> {
    fs::OpenOptions::new().write(true).create_new(true).open(file)
}

fn print(text: &str) {
    tell!("{text}");
}
