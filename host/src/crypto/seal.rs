//! The server's secrets, the newest first, and what is sealed under them: XChaCha20-Poly1305 as hexadecimal text.
//!
//! Source: `storage.md` of the wire contract, "Symmetric encryption".

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};

use super::purpose::Purpose;
use super::random::Random;
use super::secret::Secret;
use super::{from_hex, hex, sha256};

const ENVELOPE: &str = "$ba$";
const NONCE_BYTES: usize = 24;
/// Digits of what is sealed of an empty text: the nonce and the tag.
const SHORTEST: usize = 2 * (NONCE_BYTES + 16);

/// One secret and the version that names it in what it sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionedSecret {
    /// Its version.
    pub version: u32,
    /// The secret itself.
    pub secret: Secret<String>,
}

/// All secrets of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secrets {
    versions: Vec<VersionedSecret>,
    unversioned: Option<Secret<String>>,
}

impl Secrets {
    /// `versions`, the current one first, and the secret from before there were versions. Without versions, that one is
    /// current.
    pub fn new(versions: Vec<VersionedSecret>, unversioned: Option<Secret<String>>) -> Self {
        Self { versions, unversioned }
    }

    /// Every secret, the current one first.
    pub fn iter(&self) -> impl Iterator<Item = &Secret<String>> {
        self.versions.iter().map(|entry| &entry.secret).chain(&self.unversioned)
    }

    /// The versions of the secrets, the current one first; none for the one without.
    pub fn versions(&self) -> impl Iterator<Item = Option<u32>> {
        let bare = self.unversioned.as_ref().map(|_| None);
        self.versions.iter().map(|entry| Some(entry.version)).chain(bare)
    }

    /// The keys of one purpose in place of the secrets, with the same versions.
    #[must_use]
    pub fn derived(&self, purpose: Purpose<'_>) -> Self {
        let derive = |secret: &Secret<String>| Secret::new(hex(purpose.key(secret).expose()));
        let version =
            |entry: &VersionedSecret| VersionedSecret { version: entry.version, secret: derive(&entry.secret) };
        Self {
            versions: self.versions.iter().map(version).collect(),
            unversioned: self.unversioned.as_ref().map(derive),
        }
    }

    /// Seals `text` under the current secret: `$ba$<version>$<hex>`, or bare hex when secrets have no versions. `None`
    /// without a secret.
    pub fn seal(&self, random: &dyn Random, text: &str) -> Option<String> {
        let mut nonce = [0; NONCE_BYTES];
        random.fill(&mut nonce);
        let sealed = seal(self.iter().next()?, nonce, text)?;
        Some(match self.versions.first() {
            Some(VersionedSecret { version, .. }) => format!("{ENVELOPE}{version}${sealed}"),
            None => sealed,
        })
    }

    /// Whether what was sealed and opens was sealed by the secret that seals now.
    pub fn is_current(&self, sealed: &str) -> bool {
        match self.versions.first() {
            Some(newest) => sealed.starts_with(&format!("{ENVELOPE}{}$", newest.version)),
            None => !sealed.starts_with(ENVELOPE),
        }
    }

    /// Reads what was sealed under any of the secrets. `None` when it was changed, is something else, or its secret is
    /// gone. What names no version was sealed before there were versions: by a secret that may have one by now.
    pub fn open(&self, sealed: &str) -> Option<String> {
        let Some(envelope) = sealed.strip_prefix(ENVELOPE) else {
            let numbered = self.versions.iter().map(|entry| &entry.secret);
            return self.unversioned.iter().chain(numbered).find_map(|secret| open(secret, sealed));
        };
        let (version, sealed) = envelope.split_once('$')?;
        let version: u32 = version.parse().ok()?;
        let named = self.versions.iter().find(|entry| entry.version == version)?;
        open(&named.secret, sealed)
    }
}

/// Whether the text has the form of something sealed.
pub fn is_sealed(text: &str) -> bool {
    let numbered = text.strip_prefix(ENVELOPE).and_then(|envelope| envelope.split_once('$'));
    let is_number = |version: &str| !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    let (sealed, is_named) = numbered.map_or((text, true), |(version, sealed)| (sealed, is_number(version)));
    let is_whole = sealed.len() >= SHORTEST && sealed.len().is_multiple_of(2);
    is_named && is_whole && sealed.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn cipher(secret: &Secret<String>) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Key::from(sha256(secret.expose().as_bytes())))
}

fn seal(secret: &Secret<String>, nonce: [u8; NONCE_BYTES], text: &str) -> Option<String> {
    let sealed = cipher(secret).encrypt(&XNonce::from(nonce), text.as_bytes()).ok()?;
    Some(format!("{}{}", hex(&nonce), hex(&sealed)))
}

fn open(secret: &Secret<String>, sealed: &str) -> Option<String> {
    let bytes = from_hex(sealed)?;
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>()?;
    String::from_utf8(cipher(secret).decrypt(&XNonce::from(*nonce), sealed).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::SystemRandom;

    const OLD: &str = "wire-contract-secret-0123456789-abcdefghijklmnop";
    const NEW: &str = "another-secret-0123456789-abcdefghijklmnop";
    const TEXT: &str = "JBSWY3DPEHPK3PXP – ключ";
    // What the reference sealed: under one secret, under version 2 of two, and nothing under version 1.
    const BARE: &str = "457f4afbf00ccda491510b65a1b1109fe7ed7b93a74a412a3b64909d8b2031de956bdadf855890c99476cd71563c90d79cc582f50ca6a7e1abd74c13c218b1507fdbbecdde";
    const SECOND: &str = "$ba$2$c9c95bee5e2b7f384f749cac83866067d21fa23fce62b650324fc853c401325af11a21fb01488f653719900c0a1835062616f9f9da44f77b19107ee87ec494852564e2238a";
    const EMPTY: &str = "$ba$1$ed4cbc3f78ac36712b2ef10c30a79a2590d3f6dfc9fcafb02dacb3937d95ac251e78378a5c2cf0af";

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    fn versioned() -> Secrets {
        let entry = |version, text| VersionedSecret { version, secret: secret(text) };
        Secrets::new(vec![entry(2, NEW), entry(1, OLD)], Some(secret(OLD)))
    }

    #[test]
    fn what_the_reference_sealed_opens() {
        let single = Secrets::new(Vec::new(), Some(secret(OLD)));
        assert_eq!(single.open(BARE).as_deref(), Some(TEXT));
        assert_eq!(versioned().open(BARE).as_deref(), Some(TEXT));
        assert_eq!(versioned().open(SECOND).as_deref(), Some(TEXT));
        assert_eq!(versioned().open(EMPTY).as_deref(), Some(""));
        assert_eq!(single.open(SECOND), None);
        // The secret from before has got a number.
        let entry = |version, text| VersionedSecret { version, secret: secret(text) };
        let numbered = Secrets::new(vec![entry(2, NEW), entry(1, OLD)], None);
        assert_eq!(numbered.open(BARE).as_deref(), Some(TEXT));
        assert_eq!(Secrets::new(vec![entry(2, NEW)], None).open(BARE), None);
    }

    #[test]
    fn the_same_nonce_gives_the_references_bytes() {
        for (key, sealed, text) in [(OLD, BARE, TEXT), (NEW, &SECOND[6..], TEXT), (OLD, &EMPTY[6..], "")] {
            let nonce = from_hex(&sealed[..2 * NONCE_BYTES]).unwrap().try_into().unwrap();
            assert_eq!(seal(&secret(key), nonce, text).unwrap(), sealed);
        }
    }

    #[test]
    fn the_newest_secret_seals() {
        let sealed = versioned().seal(&SystemRandom, "x").unwrap();
        assert!(sealed.starts_with("$ba$2$"), "{sealed}");
        assert_eq!(versioned().open(&sealed).as_deref(), Some("x"));
        let single = Secrets::new(Vec::new(), Some(secret(NEW)));
        assert_eq!(single.open(&single.seal(&SystemRandom, "x").unwrap()).as_deref(), Some("x"));
        assert_eq!(Secrets::default().seal(&SystemRandom, "x"), None);
    }

    #[test]
    fn what_is_sealed_is_known_by_its_form() {
        for sealed in [BARE, SECOND, EMPTY] {
            assert!(is_sealed(sealed), "{sealed}");
        }
        let other_form = BARE.to_uppercase();
        for other in ["", "$ba$", "$ba$2$", &BARE[1..], &EMPTY[..78], &other_form, "$ba$x$00", "ada@example.com"] {
            assert!(!is_sealed(other), "{other}");
        }
        assert!(versioned().is_current(SECOND) && !versioned().is_current(EMPTY) && !versioned().is_current(BARE));
        assert!(Secrets::new(Vec::new(), Some(secret(OLD))).is_current(BARE));
    }

    #[test]
    fn changed_or_foreign_text_does_not_open() {
        let secrets = versioned();
        let mut changed = SECOND.to_owned();
        changed.replace_range(60..61, if &SECOND[60..61] == "0" { "1" } else { "0" });
        let other_version = SECOND.replacen("$2$", "$1$", 1);
        for sealed in [&changed, &other_version, "", "$ba$", "$ba$9$00", "$ba$x$00", "$ba$2$", "zz", &BARE[..40], "é"]
        {
            assert_eq!(secrets.open(sealed), None, "{sealed}");
        }
    }
}
