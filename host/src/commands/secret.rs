//! `doorward secret`: a new secret, or the key that the receiver of a webhook checks signatures with.

use serde_json::json;

use super::CommandResult;
use super::trail::{self, Deed};
use crate::config::{Config, ConfigError};
use crate::crypto::random::{ALPHANUMERIC, Random, SystemRandom};
use crate::crypto::secret::Secret;
use crate::outbox::events::receivers::secret_of;
use crate::outbox::webhook::{key_of_events, key_of_mails};

/// The name of the receiver in `[mail.webhook]`; every other receiver has the name of its script.
const MAIL: &str = "mail";

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
