//! One key for each purpose, derived from a secret of the server: a key of one purpose tells nothing about another.
//!
//! Source: RFC 5869 (HKDF-SHA256).

use super::hmac_sha256;
use super::secret::Secret;

/// Keeps these keys apart from everything else that is ever derived from the secret.
const SALT: &[u8] = b"doorward keys 1";

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose<'a> {
    /// Keyed hashes and sealing of the capability `crypto`, for one plugin.
    Plugin(&'a str),
    /// The signature of a plugin's cookie: the plugin's id, and the cookie's name as the plugin uses it.
    PluginCookie(&'a str, &'a str),
    /// The capability `sealing`, for one plugin.
    PluginSealing(&'a str),
    /// The function `sign` of one script.
    Script(&'a str),
    /// Where old passwords of a user lie.
    OldPasswords,
    /// The version of a user's credentials.
    CredentialsVersion,
    /// The mark of a device on which a user has signed in.
    KnownDevice,
    /// Keyed hashes in tables and logs: of sessions, of accounts.
    Tag(&'a str),
    /// The cache of compiled components.
    CompiledComponents,
    /// What a mail that waits in the outbox is filled with.
    OutboxData,
    /// The chain of the audit log.
    AuditChain,
    /// Secrets among what operators set while the server runs.
    Settings,
    /// The signature of mails to a webhook without a secret of its own.
    MailWebhook,
    /// The signature of a script's events to a webhook without a secret of its own: the script as the configuration
    /// names it.
    EventWebhook(&'a str),
    /// The signature of events to a receiver without a secret of its own: its name in the configuration.
    Webhook(&'a str),
    /// What seals the keys that sign security event tokens.
    EventKeys,
}

impl Purpose<'_> {
    /// The key of this purpose: 32 bytes.
    pub fn key(self, secret: &Secret<String>) -> Secret<Vec<u8>> {
        let extracted = hmac_sha256(SALT, secret.expose().as_bytes());
        let mut info = self.label();
        info.push(1);
        Secret::new(hmac_sha256(&extracted, &info).to_vec())
    }

    /// Each part with its length before it, so that no two purposes share a label.
    fn label(self) -> Vec<u8> {
        let parts = match self {
            Self::Plugin(id) => ["plugin", id, ""],
            Self::PluginCookie(id, name) => ["plugin cookie", id, name],
            Self::PluginSealing(id) => ["plugin sealing", id, ""],
            Self::Script(name) => ["script", name, ""],
            Self::OldPasswords => ["old passwords", "", ""],
            Self::CredentialsVersion => ["credentials version", "", ""],
            Self::AuditChain => ["audit chain", "", ""],
            Self::Settings => ["settings", "", ""],
            Self::KnownDevice => ["known device", "", ""],
            Self::Tag(what) => ["tag", what, ""],
            Self::CompiledComponents => ["compiled components", "", ""],
            Self::OutboxData => ["outbox data", "", ""],
            Self::MailWebhook => ["mail webhook", "", ""],
            Self::EventWebhook(script) => ["event webhook", script, ""],
            Self::Webhook(name) => ["webhook", name, ""],
            Self::EventKeys => ["event keys", "", ""],
        };
        let with_length = |part: &str| [&(part.len() as u64).to_be_bytes(), part.as_bytes()].concat();
        parts.into_iter().flat_map(with_length).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};

    use super::*;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[test]
    fn keys_are_those_of_the_standard() {
        let key = Purpose::Plugin("jwt").key(&secret("a secret"));
        let mut expected = [0; 32];
        let extracted = Salt::new(HKDF_SHA256, SALT).extract(b"a secret");
        let label = Purpose::Plugin("jwt").label();
        extracted.expand(&[&label], HKDF_SHA256).unwrap().fill(&mut expected).unwrap();
        assert_eq!(key.expose().as_slice(), expected);
    }

    #[test]
    fn no_two_purposes_have_one_key() {
        let purposes = [
            Purpose::Plugin("a"),
            Purpose::Plugin("b"),
            Purpose::PluginCookie("a", "bc"),
            Purpose::PluginCookie("ab", "c"),
            Purpose::PluginCookie("abc", ""),
            Purpose::PluginSealing("a"),
            Purpose::Script("a"),
            Purpose::OldPasswords,
            Purpose::CredentialsVersion,
            Purpose::KnownDevice,
            Purpose::Tag("a"),
            Purpose::CompiledComponents,
            Purpose::OutboxData,
            Purpose::AuditChain,
            Purpose::Settings,
            Purpose::MailWebhook,
            Purpose::EventWebhook("a"),
            Purpose::Webhook("a"),
            Purpose::EventKeys,
        ];
        let secrets = [secret("one"), secret("two")];
        let keys = secrets.iter().flat_map(|secret| purposes.map(|purpose| purpose.key(secret).expose().clone()));
        let keys: HashSet<Vec<u8>> = keys.collect();
        assert_eq!(keys.len(), 2 * purposes.len());
    }
}
