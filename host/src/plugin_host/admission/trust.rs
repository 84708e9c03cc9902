//! Whether a component is the one that the operator trusts: its hash, its signature, its version.
//!
//! Invariant: what is checked here is the hash of bytes in memory that are then loaded, never of a file that is read again, or
//! of what the program itself carries.

use std::path::{Path, PathBuf};

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::config::{PluginConfig, PluginTrust};
use crate::crypto::secret::Secret;
use crate::crypto::{base64, from_base64, hex, sha256};
use crate::plugin_host::error::PluginError;
use crate::plugin_host::package::version::Version;

/// What a signature says, so that a signature made for something else proves nothing here.
const PURPOSE: &str = "doorward plugin signature 1";
const LONGEST_SIGNATURE_FILE: usize = 4096;
const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";

/// What is known of where a component comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// SHA-256 of the component, in hex.
    pub sha256: String,
    /// Whether the configuration pins this hash.
    pub is_pinned: bool,
    /// The trusted publisher whose signature was verified.
    pub signed_by: Option<String>,
}

/// `<component>.sig`
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct SignatureFile {
    /// The signature of [`statement`], in base64.
    signature: String,
    /// When it ends to count, as ISO-8601.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
}

/// Where a component's signature lies.
pub fn signature_path(component: &Path) -> PathBuf {
    let mut path = component.as_os_str().to_owned();
    path.push(".sig");
    path.into()
}

/// A component as it was read.
pub(in crate::plugin_host) struct Claim<'a> {
    pub(in crate::plugin_host) file: &'a Path,
    /// In hex.
    pub(in crate::plugin_host) sha256: String,
    pub(in crate::plugin_host) version: &'a str,
}

/// Checks a component against what the operator set.
///
/// # Errors
/// `Untrusted`, with the reason and what to do.
pub(in crate::plugin_host) fn verify(
    trust: &PluginTrust,
    entry: &PluginConfig,
    claim: Claim<'_>,
    now: Timestamp,
) -> Result<Provenance, PluginError> {
    let untrusted = |reason: String| PluginError::Untrusted { plugin: entry.id.clone(), reason };
    let hash = &claim.sha256;
    let is_hash = |listed: &String| listed.eq_ignore_ascii_case(hash);
    if trust.revoked.iter().any(is_hash) {
        return Err(untrusted(format!("its hash {hash} is in `plugin_trust.revoked`")));
    }
    let is_pinned = entry.sha256.is_some();
    if let Some(pinned) = entry.sha256.as_ref().filter(|pinned| !is_hash(pinned)) {
        let reason = format!(
            "{} has the hash {hash}, and the config pins {pinned}. If you replaced it on purpose, set sha256 = \"{hash}\"",
            claim.file.display()
        );
        return Err(untrusted(reason));
    }
    refuse_downgrade(entry, claim.version).map_err(untrusted)?;
    let needs_signature = entry.signed_by.is_some() || (!trust.trusted_keys.is_empty() && !is_pinned);
    let signed_by = if needs_signature { Some(signer(trust, entry, &claim, now).map_err(untrusted)?) } else { None };
    Ok(Provenance { sha256: claim.sha256, is_pinned, signed_by })
}

fn refuse_downgrade(entry: &PluginConfig, version: &str) -> Result<(), String> {
    let Some(least) = &entry.min_version else { return Ok(()) };
    let read = |text: &str| Version::parse(text).ok_or_else(|| format!("`{text}` is no version like 1.2.3"));
    if read(version)? < read(least)? {
        return Err(format!("its version is {version}, older than min_version = \"{least}\""));
    }
    Ok(())
}

/// The publisher who signed it.
fn signer(trust: &PluginTrust, entry: &PluginConfig, claim: &Claim<'_>, now: Timestamp) -> Result<String, String> {
    let wanted = |name: &&String| entry.signed_by.as_ref().is_none_or(|signed_by| signed_by == *name);
    if let Some(name) = entry.signed_by.as_ref().filter(|name| !trust.trusted_keys.contains_key(*name)) {
        return Err(format!("signed_by = \"{name}\", and `plugin_trust.trusted_keys` has no such publisher"));
    }
    let path = signature_path(claim.file);
    let text = std::fs::read(&path).map_err(|error| {
        let shown = path.display();
        format!(
            "it is not signed: {shown}: {error}. Sign it with `doorward plugin sign`, or pin its hash with `sha256`"
        )
    })?;
    let text = text.get(..LONGEST_SIGNATURE_FILE).unwrap_or(&text);
    let file: SignatureFile =
        serde_json::from_slice(text).map_err(|error| format!("{} is no signature: {error}", path.display()))?;
    let signature = from_base64(&file.signature).unwrap_or_default();
    let message = statement(&claim.sha256, file.expires.as_deref());
    let names = trust.trusted_keys.iter().filter(|(name, _)| wanted(name));
    let found = names.into_iter().find(|(_, key)| {
        from_base64(key).is_some_and(|key| UnparsedPublicKey::new(&ED25519, key).verify(&message, &signature).is_ok())
    });
    let Some((name, _)) = found else {
        let whom =
            entry.signed_by.as_ref().map_or_else(|| "no trusted publisher".to_owned(), |name| format!("not `{name}`"));
        return Err(format!("{} was made by {whom}, or the component was changed since", path.display()));
    };
    match file.expires.as_deref().map(|text| (text, Timestamp::parse_iso(text))) {
        Some((text, expires)) if expires.is_none_or(|expires| expires <= now) => {
            Err(format!("its signature by `{name}` ended at {text}"))
        }
        _ => Ok(name.clone()),
    }
}

fn statement(sha256: &str, expires: Option<&str>) -> Vec<u8> {
    format!("{PURPOSE}\n{sha256}\n{}\n", expires.unwrap_or("never")).into_bytes()
}

/// A publisher's private key.
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// The key that `seed` makes.
    ///
    /// # Errors
    /// When the library refuses it.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, PluginError> {
        Ed25519KeyPair::from_seed_unchecked(seed).map(Self).map_err(|error| unusable(&error))
    }

    /// Reads a key in PEM: PKCS#8, as [`SigningKey::to_pem`] and other tools write it.
    ///
    /// # Errors
    /// When it is no Ed25519 key.
    pub fn from_pem(pem: &str) -> Result<Self, PluginError> {
        let body = pem.trim().strip_prefix(PEM_BEGIN).and_then(|rest| rest.strip_suffix(PEM_END)).unwrap_or_default();
        let body: String = body.split_whitespace().collect();
        let der = Secret::new(from_base64(&body).unwrap_or_default());
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.expose()).map(Self).map_err(|error| unusable(&error))
    }

    /// The private key in PEM. Keep it to yourself.
    ///
    /// # Errors
    /// When the library cannot write it.
    pub fn to_pem(&self) -> Result<Secret<String>, PluginError> {
        let der = self.0.to_pkcs8v1().map_err(|error| unusable(&error))?;
        Ok(Secret::new(format!("{PEM_BEGIN}\n{}\n{PEM_END}\n", base64(der.as_ref()))))
    }

    /// The public key as `plugin_trust.trusted_keys` takes it.
    pub fn public_key(&self) -> String {
        base64(self.0.public_key().as_ref())
    }

    /// The text of a component's `.sig` file.
    pub fn sign(&self, component: &[u8], expires: Option<Timestamp>) -> String {
        let expires = expires.map(Timestamp::to_iso);
        let signature = self.0.sign(&statement(&hex(&sha256(component)), expires.as_deref()));
        let file = SignatureFile { signature: base64(signature.as_ref()), expires };
        serde_json::to_string(&file).unwrap_or_default() + "\n"
    }
}

fn unusable(error: &dyn std::fmt::Display) -> PluginError {
    PluginError::Key(format!("it is no Ed25519 private key in PEM ({error}). Make one with `doorward plugin keygen`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPONENT: &[u8] = b"a component";

    struct Case {
        folder: tempfile::TempDir,
        trust: PluginTrust,
    }

    impl Case {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let trusted_keys =
                [("acme", 1), ("other", 2)].map(|(name, seed)| (name.to_owned(), key(seed).public_key()));
            Self { folder, trust: PluginTrust { trusted_keys: trusted_keys.into(), revoked: Vec::new() } }
        }

        fn signed(self, text: &str) -> Self {
            std::fs::write(signature_path(&self.file()), text).unwrap();
            self
        }

        fn file(&self) -> PathBuf {
            self.folder.path().join("x.wasm")
        }

        fn verify(&self, entry: &str, component: &[u8]) -> Result<Option<String>, String> {
            let entry = toml::from_str(&format!("id = \"x\"\n{entry}")).unwrap();
            let claim = Claim { file: &self.file(), sha256: hex(&sha256(component)), version: "1.4.0" };
            let verified = verify(&self.trust, &entry, claim, Timestamp(1_000_000));
            verified.map(|provenance| provenance.signed_by).map_err(|error| error.to_string())
        }
    }

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(&[seed; 32]).unwrap()
    }

    fn refused(case: &Case, entry: &str, component: &[u8], part: &str) {
        let error = case.verify(entry, component).unwrap_err();
        assert!(error.contains(part) && error.contains("plugin `x`"), "{error}");
    }

    #[test]
    fn sup_2_a_component_that_nobody_trusted_signed_is_refused() {
        let acme = || Case::new().signed(&key(1).sign(COMPONENT, None));
        assert_eq!(acme().verify("", COMPONENT), Ok(Some("acme".to_owned())));
        assert_eq!(acme().verify("signed_by = \"acme\"", COMPONENT), Ok(Some("acme".to_owned())));
        refused(&Case::new(), "", COMPONENT, "it is not signed");
        refused(&acme(), "", b"another component", "changed since");
        refused(&acme(), "signed_by = \"other\"", COMPONENT, "not `other`");
        refused(&acme(), "signed_by = \"nobody\"", COMPONENT, "no such publisher");
        refused(&Case::new().signed(&key(3).sign(COMPONENT, None)), "", COMPONENT, "no trusted publisher");
        refused(&Case::new().signed("{}"), "", COMPONENT, "is no signature");
        refused(&Case::new().signed(&"x".repeat(10_000)), "", COMPONENT, "is no signature");
    }

    #[test]
    fn sup_2_a_signature_ends_when_it_says_so() {
        let until = |millis| key(1).sign(COMPONENT, Some(Timestamp(millis)));
        assert!(Case::new().signed(&until(1_000_001)).verify("", COMPONENT).is_ok());
        refused(&Case::new().signed(&until(1_000_000)), "", COMPONENT, "ended at");
        let longer = until(1_000_000).replace("1970", "2970");
        refused(&Case::new().signed(&longer), "", COMPONENT, "changed since");
        let for_ever = key(1).sign(COMPONENT, Some(Timestamp(5))).replace("\"expires\"", "\"expiry\"");
        refused(&Case::new().signed(&for_ever), "", COMPONENT, "is no signature");
    }

    #[test]
    fn sup_2_hashes_are_pinned_and_revoked_and_versions_do_not_go_back() {
        let hash = hex(&sha256(COMPONENT));
        let mut case = Case::new();
        assert_eq!(
            case.verify(&format!("sha256 = \"{}\"", hash.to_uppercase()), COMPONENT),
            Ok(None),
            "instead of a signature"
        );
        refused(&case, &format!("sha256 = \"{hash}\""), b"swapped", &hash);
        let pinned = |more: &str| format!("sha256 = \"{hash}\"\n{more}");
        assert!(case.verify(&pinned("min_version = \"1.4.0\""), COMPONENT).is_ok());
        refused(&case, &pinned("min_version = \"1.10.0\""), COMPONENT, "older than");
        refused(&case, &pinned("min_version = \"new\""), COMPONENT, "no version like");
        refused(&case, &pinned("signed_by = \"acme\""), COMPONENT, "it is not signed");
        case.trust.revoked.push(hash.clone());
        refused(&case, &pinned(""), COMPONENT, "revoked");
    }

    #[test]
    fn a_key_is_read_as_it_was_written() {
        let pem = key(7).to_pem().unwrap();
        assert_eq!(SigningKey::from_pem(pem.expose()).unwrap().public_key(), key(7).public_key());
        for text in ["", "secret", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"] {
            assert!(SigningKey::from_pem(text).err().unwrap().to_string().contains("keygen"));
        }
    }
}
