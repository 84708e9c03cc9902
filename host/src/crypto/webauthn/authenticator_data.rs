//! What the authenticator says about itself and the person in front of it.
//!
//! Source: WebAuthn Level 2 §6.1, with the backup flags of Level 3.

use super::cbor::Value;
use super::{Checked, Expected, Refused, require};
use crate::crypto::sha256;

const PRESENT: u8 = 1;
const VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const ATTESTED: u8 = 1 << 6;
const EXTENSIONS: u8 = 1 << 7;

/// Longest credential id that the standard allows.
const LONGEST_ID: usize = 1023;

/// The data that is signed.
pub(super) struct AuthenticatorData<'a> {
    party_hash: &'a [u8; 32],
    flags: u8,
    pub(super) counter: u32,
    /// The new credential, in a registration.
    pub(super) attested: Option<Attested<'a>>,
}

/// A new credential.
pub(super) struct Attested<'a> {
    pub(super) aaguid: &'a [u8; 16],
    pub(super) id: &'a [u8],
    /// The COSE key as it came.
    pub(super) key: &'a [u8],
}

impl<'a> AuthenticatorData<'a> {
    /// Reads all of the bytes.
    pub(super) fn parse(bytes: &'a [u8]) -> Checked<Self> {
        Self::read(bytes).ok_or(Refused::Answer("the authenticator data is malformed"))
    }

    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (party_hash, rest) = bytes.split_first_chunk()?;
        let (flags, rest) = rest.split_first()?;
        let (counter, mut rest) = rest.split_first_chunk()?;
        let mut attested = None;
        if flags & ATTESTED != 0 {
            let (credential, behind) = Attested::read(rest)?;
            attested = Some(credential);
            rest = behind;
        }
        if flags & EXTENSIONS != 0 {
            let (Value::Map(_), behind) = Value::first(rest)? else { return None };
            rest = behind;
        }
        rest.is_empty().then(|| Self { party_hash, flags: *flags, counter: u32::from_be_bytes(*counter), attested })
    }

    /// The checks that both ceremonies share.
    pub(super) fn check(&self, expected: &Expected<'_>) -> Checked<()> {
        require(*self.party_hash == sha256(expected.party_id.as_bytes()), "it is for another relying party")?;
        require(self.has(PRESENT), "nobody was present")?;
        require(!expected.user_verification || self.user_verified(), "the person was not verified")?;
        require(!self.is_backed_up() || self.is_multi_device(), "it is backed up without being able to")
    }

    pub(super) fn user_verified(&self) -> bool {
        self.has(VERIFIED)
    }

    /// Whether the credential may live on several devices.
    pub(super) fn is_multi_device(&self) -> bool {
        self.has(BACKUP_ELIGIBLE)
    }

    pub(super) fn is_backed_up(&self) -> bool {
        self.has(BACKED_UP)
    }

    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

impl<'a> Attested<'a> {
    fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (aaguid, rest) = bytes.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (id, rest) = rest.split_at_checked(length).filter(|_| (1..=LONGEST_ID).contains(&length))?;
        let (_, behind) = Value::first(rest)?;
        let key = rest.get(..rest.len() - behind.len())?;
        Some((Self { aaguid, id, key }, behind))
    }

    /// The model of the authenticator, in the form of a UUID.
    pub(super) fn model(&self) -> String {
        let hex = crate::crypto::hex(self.aaguid);
        let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| hex.get(part).unwrap_or_default());
        parts.join("-")
    }
}
