//! `doorward plugin inspect`: what a plugin declares and needs, read without running it.

use std::fmt::Write;
use std::path::Path;

use super::super::CommandResult;
use crate::crypto::{hex, sha256};
use crate::plugin_host::Manifest;

/// Prints the manifest, the size and the hash of a component.
///
/// # Errors
/// When the file cannot be read or is no plugin.
#[expect(clippy::print_stdout, reason = "the description is what was asked for")]
pub(super) fn inspect(file: &Path) -> CommandResult {
    let component = std::fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let manifest = Manifest::read(&component, &file.display().to_string())?;
    print!("{}", describe(&manifest, component.len(), &hex(&sha256(&component)))?);
    Ok(())
}

fn describe(manifest: &Manifest, size_bytes: usize, hash: &str) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    writeln!(text, "{} {} (SDK {})", manifest.id, manifest.version, manifest.sdk_version)?;
    writeln!(text, "  {} KiB, sha256 {hash}", size_bytes / 1024)?;
    list(&mut text, "capabilities", &manifest.capabilities)?;
    list(&mut text, "routes", manifest.routes.iter().map(|route| format!("{} {}", route.method, route.path)))?;
    list(&mut text, "before", manifest.before.iter().map(|hook| hook.pattern.clone()))?;
    list(&mut text, "after", manifest.after.iter().map(|hook| hook.pattern.clone()))?;
    list(&mut text, "session gate", manifest.is_gate.then_some("asked about every sign-in"))?;
    let limits =
        manifest.rate_limits.iter().map(|rule| format!("{}: {} in {} s", rule.path, rule.max, rule.window_secs));
    list(&mut text, "rate limits", limits)?;
    list(&mut text, "options", manifest.options.iter().map(|(name, default)| format!("{name} = {default}")))?;
    list(&mut text, "cookies", manifest.cookies.iter().map(|rule| rule.name.clone()))?;
    let fields = manifest.user_fields.iter().map(|field| match &field.when_option {
        Some(option) => format!("user.{} (when {option} is true)", field.name),
        None => format!("user.{}", field.name),
    });
    list(&mut text, "adds fields", fields)?;
    list(&mut text, "creates users with", &manifest.creates_user_with)?;
    list(&mut text, "changes of users", &manifest.updates_user_fields)?;
    list(&mut text, "verifications", &manifest.verification_prefixes)?;
    list(&mut text, "mails", &manifest.mails)?;
    list(&mut text, "error codes", manifest.errors.iter().map(|error| format!("{} {}", error.status, error.code)))?;
    Ok(text)
}

fn list(text: &mut String, title: &str, items: impl IntoIterator<Item = impl AsRef<str>>) -> std::fmt::Result {
    let mut items = items.into_iter().peekable();
    if items.peek().is_some() {
        writeln!(text, "  {title}")?;
    }
    items.try_for_each(|item| writeln!(text, "    {}", item.as_ref()))
}
