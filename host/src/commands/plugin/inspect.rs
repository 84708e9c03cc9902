//! `doorward plugin inspect`: what a plugin declares and needs, read without running it.

use std::fmt::Write;
use std::path::Path;

use doorward_contract::{JobRule, Step};

use crate::clock::SystemClock;
use crate::commands::CommandResult;
use crate::config::{Config, ConfigError};
use crate::crypto::{hex, sha256};
use crate::plugin_host::PluginError;
use crate::plugin_host::package::file::{self, PluginFile};
use crate::plugin_host::package::manifest::{
    self, Condition, ContributionRule, CookieRule, EmitRule, EventRule, FieldRule, Hook, Manifest, PageRule, Table,
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Prints the manifest, the size and the hash of a component, which is named by its file or by its id.
///
/// # Errors
/// When the file cannot be read or is no plugin.
pub(super) fn inspect(plugin: &Path, load: impl FnOnce() -> Result<Config, ConfigError>) -> CommandResult {
    let id = plugin.to_str().filter(|id| !plugin.exists() && is_id(id));
    let (component, manifest) = match id {
        Some(id) => of_id(id, load)?,
        None => {
            let component = std::fs::read(plugin);
            let component = component.map_err(|error| format!("cannot read {}: {error}", plugin.display()))?;
            let manifest = manifest::read(&component, &plugin.display().to_string())?;
            (component, manifest)
        }
    };
    tell!("{}", describe(&manifest, component.len(), &hex(&sha256(&component)))?.trim_end());
    Ok(())
}

fn is_id(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// The component that a server with this configuration would load; without a configuration, the one beside the binary.
fn of_id(id: &str, load: impl FnOnce() -> Result<Config, ConfigError>) -> Result<(Vec<u8>, Manifest), Failure> {
    let config = load().unwrap_or_default();
    let listed = config.plugins.iter().find(|entry| entry.id == id).cloned();
    let entry = listed.map_or_else(|| toml::from_str(&format!("id = \"{id}\"")), Ok)?;
    match file::read(&config, &entry, &SystemClock) {
        Ok(PluginFile { component, manifest, .. }) => Ok((component.bytes()?.into_owned(), manifest)),
        Err(PluginError::Missing { meant, places, .. }) => {
            Err(format!("there is neither a file `{id}` nor a plugin of this id{meant}; it was looked for as {places}")
                .into())
        }
        Err(error) => Err(error.into()),
    }
}

fn describe(manifest: &Manifest, size_bytes: usize, hash: &str) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    writeln!(text, "{} {} (SDK {})", manifest.id, manifest.version, manifest.sdk_version)?;
    writeln!(text, "  {} KiB, sha256 {hash}", size_bytes / 1024)?;
    list(&mut text, "capabilities", &manifest.capabilities)?;
    list(&mut text, "asks that it", super::check::meanings(manifest))?;
    list(&mut text, "routes", manifest.routes.iter().map(|route| format!("{} {}", route.method, route.path)))?;
    list(&mut text, "pages", manifest.pages.iter().map(page))?;
    let slots = manifest.slots.iter().map(|slot| format!("{slot}: other plugins add sections there"));
    list(&mut text, "slots", slots)?;
    let sections = manifest.contributions.iter();
    let section = |rule: &ContributionRule| format!("\"{}\" in {}, at place {}", rule.title, rule.slot, rule.order);
    list(&mut text, "sections", sections.map(section))?;
    list(&mut text, "assets", &manifest.assets)?;
    list(&mut text, "options that everyone sees", &manifest.public_options)?;
    list(&mut text, "before", manifest.before.iter().map(hook))?;
    list(&mut text, "after", manifest.after.iter().map(hook))?;
    list(&mut text, "session gate", manifest.is_gate.then_some("asked about every sign-in"))?;
    list(&mut text, "events", manifest.events.iter().map(event))?;
    list(&mut text, "jobs", manifest.jobs.iter().map(job))?;
    list(&mut text, "tells other plugins", manifest.emits.iter().map(emission))?;
    let told = |fields: &[FieldRule]| fields.iter().map(|field| field.name.clone()).collect::<Vec<_>>().join(", ");
    let heard = manifest.listens.iter().map(|rule| format!("{} ({})", rule.event, told(&rule.fields)));
    list(&mut text, "hears of", heard)?;
    list(&mut text, "token claims", manifest.claims.then_some("adds to the claims of tokens"))?;
    let decides = manifest.decides_permissions.then_some("decides what users may do");
    list(&mut text, "permissions", decides)?;
    list(&mut text, "functions of the backend", manifest.functions.iter().map(|function| function.name.clone()))?;
    let of_options = manifest.http_host_options.iter().map(|option| format!("the one in the option {option}"));
    list(&mut text, "hosts", manifest.http_hosts.iter().cloned().chain(of_options))?;
    let limits =
        manifest.rate_limits.iter().map(|rule| format!("{}: {} in {} s", rule.path, rule.max, rule.window_secs));
    list(&mut text, "rate limits", limits)?;
    list(&mut text, "options", manifest.options.iter().map(|(name, default)| format!("{name} = {default}")))?;
    let cookie = |rule: &CookieRule| format!("{}{}", rule.name, if rule.is_prefix { "*" } else { "" });
    list(&mut text, "cookies", manifest.cookies.iter().map(cookie))?;
    list(&mut text, "tables", manifest.tables.iter().map(table))?;
    let step = |step: &Step<String>| format!("{}: {step}", step.name);
    list(&mut text, "what becomes of old rows", manifest.steps.iter().map(step))?;
    let user_fields = manifest.user_fields.iter().map(|rule| field("user", rule));
    let session_fields = manifest.session_fields.iter().map(|rule| field("session", rule));
    list(&mut text, "adds fields", user_fields.chain(session_fields))?;
    list(&mut text, "reads of users", &manifest.reads_user_fields)?;
    list(&mut text, "writes of sessions", &manifest.writes_session_fields)?;
    list(&mut text, "creates users with", &manifest.creates_user_with)?;
    list(&mut text, "changes of users", &manifest.updates_user_fields)?;
    list(&mut text, "secret fields", &manifest.secrets)?;
    list(&mut text, "verifications", &manifest.verification_prefixes)?;
    list(&mut text, "mails", &manifest.mails)?;
    list(&mut text, "error codes", manifest.errors.iter().map(|error| format!("{} {}", error.status, error.code)))?;
    Ok(text)
}

fn page(page: &PageRule) -> String {
    let who = match (page.signs_in, page.needs_session) {
        (true, _) => "where people sign in",
        (false, true) => "for who is signed in",
        (false, false) => "for anyone",
    };
    format!("{}: {who}", page.path)
}

fn hook(hook: &Hook) -> String {
    let conditions: Vec<String> = hook.conditions.iter().map(condition).collect();
    let when = if conditions.is_empty() { String::new() } else { format!(" (when {})", conditions.join(" and ")) };
    let ahead = if hook.ahead_of_scripts { ", ahead of scripts" } else { "" };
    format!("{}{when}{ahead}", hook.pattern)
}

fn condition(condition: &Condition) -> String {
    match condition {
        Condition::Header(name) => format!("the request has the header {name}"),
        Condition::Methods(methods) => format!("the method is {}", methods.join(" or ")),
        Condition::SignedIn => "someone is signed in".to_owned(),
        Condition::SessionCookieWritten => "the answer sets or deletes the session cookie".to_owned(),
        Condition::SessionCookieSet => "the answer sets the session cookie".to_owned(),
        Condition::Session(field) => format!("the session has {field}"),
        Condition::Option(name) => format!("{name} is true"),
        Condition::NotOption(name) => format!("{name} is not true"),
    }
}

fn event(event: &EventRule) -> String {
    format!("{:?} {:?} of a {}", event.moment, event.action, event.model).to_lowercase()
}

fn job(job: &JobRule<String>) -> String {
    match &job.every {
        Some(every) => format!("{}, every {every}", job.name),
        None => job.name.clone(),
    }
}

fn emission(event: &EmitRule) -> String {
    let field = |field: &FieldRule| match event.secrets.contains(&field.name) {
        true => format!("{}, a secret", field.name),
        false => field.name.clone(),
    };
    format!("{} ({})", event.name, event.fields.iter().map(field).collect::<Vec<_>>().join("; "))
}

fn table(table: &Table) -> String {
    let fields: Vec<&str> = table.fields.iter().map(|field| field.name.as_str()).collect();
    let mark = if table.is_credential { ", a way to sign in" } else { "" };
    let over = table.expires_at.as_ref().map(|field| format!(", rows are removed after {field}"));
    format!("{} ({}){mark}{}", table.name, fields.join(", "), over.unwrap_or_default())
}

fn field(model: &str, field: &FieldRule) -> String {
    match &field.when_option {
        Some(option) => format!("{model}.{} (when {option} is true)", field.name),
        None => format!("{model}.{}", field.name),
    }
}

/// A title with its items below; nothing when there are none.
pub(super) fn list(
    text: &mut String,
    title: &str,
    items: impl IntoIterator<Item = impl AsRef<str>>,
) -> std::fmt::Result {
    let mut items = items.into_iter().peekable();
    if items.peek().is_some() {
        writeln!(text, "  {title}")?;
    }
    items.try_for_each(|item| writeln!(text, "    {}", item.as_ref()))
}
