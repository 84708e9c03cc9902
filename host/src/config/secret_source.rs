//! Where the configuration finds a secret.

use std::path::PathBuf;

use serde::{Deserialize, Serialize, Serializer};

use crate::crypto::secret::Secret;

/// A secret in the file itself, in an environment variable, in a file of its own, or among the credentials that systemd
/// hands to the service.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged, expecting = "expected text, { env = \"NAME\" }, { file = \"PATH\" } or { credential = \"NAME\" }")]
pub enum SecretSource {
    /// `{ env = "NAME" }`
    Env {
        /// Name of the variable.
        env: String,
    },
    /// `{ file = "PATH" }`
    File {
        /// Path, seen from the configuration file; surrounding white space is cut.
        file: PathBuf,
    },
    /// `{ credential = "NAME" }`: `LoadCredential=` or `SetCredentialEncrypted=` of the unit.
    Credential {
        /// Name of the credential.
        credential: String,
    },
    /// The value itself.
    Value(SecretText),
}

impl SecretSource {
    /// The secret itself; empty before the configuration was loaded.
    pub fn value(&self) -> &str {
        match self {
            Self::Value(text) => text.text.expose(),
            Self::Env { .. } | Self::File { .. } | Self::Credential { .. } => "",
        }
    }
}

impl Default for SecretSource {
    fn default() -> Self {
        Self::Env { env: "DOORWARD_SECRET".into() }
    }
}

/// Text that does not print itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "String")]
pub struct SecretText {
    /// The text.
    pub text: Secret<String>,
    /// Where it was read from, when it does not stand in the file itself.
    pub from: Option<Box<SecretSource>>,
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self { text: Secret::new(text), from: None }
    }
}

/// Shows where it comes from, or that there is one.
impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.from {
            Some(source) => source.serialize(serializer),
            None => serializer.serialize_str("…"),
        }
    }
}
