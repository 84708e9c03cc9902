//! The chain of the audit log: each row is authenticated with the one before it, and the head says where it begins and ends.
//!
//! Invariant: who can write the database and does not know the server's secret can neither change, add, remove nor reorder a
//! row, nor cut the chain at either end, without its being found. Who puts older copies of the table and of its head back
//! leaves no trace.

use crate::config::Config;
use crate::crypto::purpose::Purpose;
use crate::crypto::secret::Secret;
use crate::crypto::{hex, hmac_sha256};
use crate::store::{Record, StoreError, Value};

/// What the rows of an empty log follow.
pub const GENESIS: &str = "";
/// The field with a row's code.
const MAC: &str = "mac";
/// Letters of a code that name its key.
const KEY_NAME: usize = 8;

/// The keys of the chain: that of the current secret, which writes, and those of the others, which are still known.
pub struct Keys(Vec<(String, Secret<Vec<u8>>)>);

/// What is wrong with a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Its secret is not among those of the configuration.
    UnknownKey,
    /// Something else was authenticated.
    Changed,
}

impl Keys {
    /// The keys of a configuration's secrets.
    pub fn of(config: &Config) -> Self {
        let named = |secret: &Secret<String>| {
            let key = Purpose::AuditChain.key(secret);
            let name = hex(&hmac_sha256(key.expose(), b"name")).chars().take(KEY_NAME).collect();
            (name, key)
        };
        Self(config.all_secrets.iter().map(named).collect())
    }

    /// The code of a row, or of the head, that follows the code `before`.
    ///
    /// # Errors
    /// `Internal` without a secret.
    pub fn authenticate(&self, before: &str, record: &Record) -> Result<String, StoreError> {
        let (name, key) = self.0.first().ok_or_else(|| StoreError::internal("the audit log has no key"))?;
        Ok(format!("{name}.{}", hex(&hmac_sha256(key.expose(), &encoded(before, record)))))
    }

    /// Whether a row's code is right.
    ///
    /// # Errors
    /// What is wrong.
    pub fn verify(&self, before: &str, record: &Record) -> Result<(), Fault> {
        let (named, code) = record.text(MAC).split_once('.').ok_or(Fault::Changed)?;
        let (_, key) = self.0.iter().find(|(name, _)| name == named).ok_or(Fault::UnknownKey)?;
        let expected = hex(&hmac_sha256(key.expose(), &encoded(before, record)));
        let is_right = crate::crypto::constant_time_eq(expected.as_bytes(), code.as_bytes());
        if is_right { Ok(()) } else { Err(Fault::Changed) }
    }
}

/// Every field but the code and the id, each with its name and with its length before it, after the code of the row before.
fn encoded(before: &str, record: &Record) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    push(&mut bytes, before.as_bytes());
    for (field, value) in record.model().fields.iter().zip(record.values()) {
        if field.name == MAC || field.name == "id" || value.is_null() {
            continue;
        }
        push(&mut bytes, field.name.as_bytes());
        match value {
            Value::Text(text) => push(&mut bytes, text.as_bytes()),
            Value::Integer(number) => push(&mut bytes, number.to_string().as_bytes()),
            Value::Timestamp(at) => push(&mut bytes, at.0.to_string().as_bytes()),
            other => push(&mut bytes, other.to_json().to_string().as_bytes()),
        }
    }
    bytes
}

fn push(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend((part.len() as u64).to_be_bytes());
    bytes.extend(part);
}
