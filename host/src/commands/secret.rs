//! `doorward secret`: a new secret, what an older one has sealed, or the key that the receiver of a webhook checks signatures
//! with.

use clap::Subcommand;
use serde_json::json;

use super::CommandResult;
use super::serve::refuse_missing;
use super::trail::{self, Deed};
use crate::app::open_migrated;
use crate::auth::seals::{self, Tallies};
use crate::config::{Config, ConfigError};
use crate::crypto::random::{ALPHANUMERIC, Random, SystemRandom};
use crate::crypto::secret::Secret;
use crate::outbox::events::receivers::secret_of;
use crate::outbox::webhook::{key_of_events, key_of_mails};

/// The name of the receiver in `[mail.webhook]`; every other receiver has the name of its script.
const MAIL: &str = "mail";

/// What can be done with secrets.
#[derive(Subcommand)]
pub enum SecretCommand {
    /// Seal what is stored under the first secret of `secrets`, so that the older ones can be removed. Servers may go on.
    Reseal {
        /// Tell what is sealed, and change nothing.
        #[arg(long)]
        plan: bool,
    },
}

/// Runs the command.
///
/// # Errors
/// When the database cannot be used.
pub fn run(command: &SecretCommand, config: &Config) -> CommandResult {
    let SecretCommand::Reseal { plan } = command;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        refuse_missing(config)?;
        let store = open_migrated(config).await?;
        if *plan {
            tell_of(&seals::tally(&store, config, &SystemRandom, None).await?, "would be sealed anew");
            return Ok(());
        }
        let tallies = seals::renew(&store, config, &SystemRandom).await?;
        let renewed: u64 = tallies.values().map(|tally| tally.older).sum();
        if renewed > 0 {
            trail::note(&store, config, &Deed::new("secrets-resealed").with(json!({ "values": renewed }))).await?;
        }
        tell_of(&tallies, "are sealed anew");
        Ok(())
    })
}

/// A line for each field in which something is sealed.
fn tell_of(tallies: &Tallies, renewed: &str) {
    if tallies.is_empty() {
        tell!("nothing is sealed in the database");
    }
    for (place, tally) in tallies {
        tell!(
            "{place}: {} are sealed under the current secret, {} of an older one {renewed}",
            tally.current,
            tally.older
        );
        if tally.lost > 0 {
            tell!("{place}: {} open with no secret of the configuration, and stay as they are", tally.lost);
        }
    }
}

/// Prints a new secret, or the key for `receiver`.
///
/// # Errors
/// When the configuration cannot be read, or has no such receiver.
pub fn secret(receiver: Option<&str>, load: impl FnOnce() -> Result<Config, ConfigError>) -> CommandResult {
    match receiver {
        None => tell!("{}", new_secret()),
        Some(receiver) => {
            let config = load()?;
            let key = key_for(&config, receiver)?;
            trail::note_if_possible(&config, &Deed::new("secret-shown").with(json!({ "receiver": receiver })));
            tell!("{}", key.expose());
        }
    }
    Ok(())
}

/// A secret that nobody can guess.
pub fn new_secret() -> String {
    SystemRandom.string(ALPHANUMERIC, 48)
}

fn key_for(config: &Config, receiver: &str) -> Result<Secret<String>, String> {
    let of_mail = config.mail.as_ref().and_then(|mail| mail.webhook.as_ref()).filter(|_| receiver == MAIL);
    let mut hooks = config.hooks.iter().filter(|hook| hook.file == receiver);
    let of_hook = hooks.find_map(|hook| Some((hook, hook.webhook.as_ref()?)));
    let key = match (of_mail, of_hook) {
        (Some(options), _) => key_of_mails(options, &config.secret_value),
        (None, Some((hook, options))) => key_of_events(hook, options, &config.secret_value),
        (None, None) => {
            let hook = config.all_webhooks().into_iter().find(|hook| hook.name == receiver);
            return hook.and_then(|hook| secret_of(config, &hook)).ok_or_else(|| {
                format!(
                    "`{receiver}` has no webhook: name `{MAIL}` for [mail.webhook], a script as `file` in [[hooks]] does, or one of [[webhooks]]"
                )
            });
        }
    };
    Ok(Secret::new(String::from_utf8_lossy(key.expose()).into_owned()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_receiver_has_a_key_of_its_own() {
        let text = "secret = \"command-test-secret-0123456789-abcdefghij\"\n\
             mail = { transport = \"webhook\", webhook = { url = \"https://a.example\" } }\n\
             [[hooks]]\nfile = \"a.rhai\"\nwebhook = { url = \"https://a.example\" }\n\
             [[hooks]]\nfile = \"b.rhai\"\nwebhook = { url = \"https://a.example\" }\n\
             [[hooks]]\nfile = \"own.rhai\"\nwebhook = { url = \"https://a.example\", secret = \"own key\" }\n\
             [[hooks]]\nfile = \"none.rhai\"\n";
        let config = Config::parse(text, Path::new("."), &BTreeMap::new()).unwrap();
        let key = |receiver| key_for(&config, receiver).map(|key| key.expose().clone());
        let keys = ["mail", "a.rhai", "b.rhai"].map(|receiver| key(receiver).unwrap());
        assert!(keys.iter().all(|key| key.len() == 64 && !config.secret_value.expose().contains(key)));
        assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2]);
        assert_eq!(key("own.rhai").unwrap(), "own key");
        assert!(key("none.rhai").unwrap_err().contains("no webhook") && key("x").is_err());
    }
}
