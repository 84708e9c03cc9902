//! Encrypted JWTs under one symmetric key: `dir` with `A256CBC-HS512`.
//!
//! Source: RFC 7516 §5 and §7.1, RFC 7518 §5.2; how the key is derived: `cookies.md` of the wire contract.

use aws_lc_rs::cipher::{
    AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::hmac;
use serde_json::{Map, Value as Json};

use super::random::Random;
use super::secret::Secret;
use super::{base64_url, constant_time_eq, from_base64_url, sha256};
use crate::clock::Timestamp;

const KEY_BYTES: usize = 64;
const HALF: usize = KEY_BYTES / 2;
const TAG_BYTES: usize = 32;
const INFO: &[u8] = b"BetterAuth.js Generated Encryption Key";

/// Length of an initialization vector, in bytes.
const IV_BYTES: usize = 16;

/// How far the clock of another server that made a token may be behind, in seconds.
const TOLERANCE_SECS: i64 = 15;

/// A key that encrypts and authenticates, and its name in the header.
#[derive(Clone, Debug)]
pub struct JweKey {
    bytes: Secret<[u8; KEY_BYTES]>,
    id: String,
    header: String,
}

impl JweKey {
    /// The key for the purpose `salt`, derived from the server's secret. `None` only when the library fails.
    pub fn derive(secret: &[u8], salt: &str) -> Option<Self> {
        let mut bytes = [0; KEY_BYTES];
        let extracted = Salt::new(HKDF_SHA256, salt.as_bytes()).extract(secret);
        extracted.expand(&[INFO], WholeKey).ok()?.fill(&mut bytes).ok()?;
        let id = thumbprint(&bytes);
        let header = base64_url(format!(r#"{{"alg":"dir","enc":"A256CBC-HS512","kid":"{id}"}}"#).as_bytes());
        Some(Self { bytes: Secret::new(bytes), id, header })
    }

    /// The compact form of `plaintext`. The vector must be fresh randomness. `None` only when the library fails.
    fn seal(&self, plaintext: &[u8], iv: [u8; IV_BYTES]) -> Option<String> {
        let (sealed, tag) = encrypt(self.bytes.expose(), &iv, self.header.as_bytes(), plaintext)?;
        Some(format!("{}..{}.{}.{}", self.header, base64_url(&iv), base64_url(&sealed), base64_url(&tag)))
    }

    /// The plaintext of a compact form, when it was sealed under this key and not changed since.
    fn open(&self, token: &str) -> Option<Vec<u8>> {
        let mut parts = token.split('.');
        let mut part = || parts.next();
        let (header, wrapped_key, iv, sealed, tag) = (part()?, part()?, part()?, part()?, part()?);
        if part().is_some() || !wrapped_key.is_empty() || !self.is_ours(header) {
            return None;
        }
        let (iv, sealed, tag) = (from_base64_url(iv)?, from_base64_url(sealed)?, from_base64_url(tag)?);
        decrypt(self.bytes.expose(), &iv.try_into().ok()?, header.as_bytes(), sealed, &tag)
    }

    /// A token of these claims, which say when it ends, and of a `jti`. `None` only when the library fails.
    pub fn seal_claims(&self, mut claims: Map<String, Json>, random: &dyn Random) -> Option<String> {
        claims.insert("jti".into(), random.uuid().into());
        let mut iv = [0; IV_BYTES];
        random.fill(&mut iv);
        self.seal(Json::from(claims).to_string().as_bytes(), iv)
    }

    /// The claims of a token that was made with this key and is not over.
    pub fn open_claims(&self, token: &str, now: Timestamp) -> Option<Map<String, Json>> {
        let claims: Map<String, Json> = serde_json::from_slice(&self.open(token)?).ok()?;
        let until_secs = claims.get("exp").and_then(Json::as_i64)?;
        (until_secs > now.as_secs() - TOLERANCE_SECS).then_some(claims)
    }

    /// The header decides nothing: one algorithm and one key are accepted, and no extension.
    fn is_ours(&self, header: &str) -> bool {
        if header == self.header {
            return true;
        }
        let bytes = from_base64_url(header).unwrap_or_default();
        let Ok(fields) = serde_json::from_slice::<Map<String, Json>>(&bytes) else { return false };
        let is = |name: &str, expected: &str| fields.get(name).and_then(Json::as_str) == Some(expected);
        let has_right_key = is("kid", &self.id) || !fields.contains_key("kid");
        let is_plain = !fields.contains_key("zip") && !fields.contains_key("crit");
        is("alg", "dir") && is("enc", "A256CBC-HS512") && has_right_key && is_plain
    }
}

struct WholeKey;

impl KeyType for WholeKey {
    fn len(&self) -> usize {
        KEY_BYTES
    }
}

/// Source: RFC 7638, for an octet sequence.
fn thumbprint(key: &[u8]) -> String {
    base64_url(&sha256(format!(r#"{{"k":"{}","kty":"oct"}}"#, base64_url(key)).as_bytes()))
}

/// Source: RFC 7518 §5.2.2.1: the first half of the key authenticates, the second encrypts.
fn encrypt(key: &[u8; KEY_BYTES], iv: &[u8; IV_BYTES], header: &[u8], plaintext: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (mac_key, cipher_key) = key.split_at(HALF);
    let cipher = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, cipher_key).ok()?).ok()?;
    let mut sealed = plaintext.to_vec();
    cipher.less_safe_encrypt(&mut sealed, EncryptionContext::Iv128(iv.into())).ok()?;
    let tag = authenticate(mac_key, header, iv, &sealed);
    Some((sealed, tag))
}

/// The tag is checked before anything is decrypted, so that padding tells nothing.
fn decrypt(
    key: &[u8; KEY_BYTES],
    iv: &[u8; IV_BYTES],
    header: &[u8],
    mut sealed: Vec<u8>,
    tag: &[u8],
) -> Option<Vec<u8>> {
    let (mac_key, cipher_key) = key.split_at(HALF);
    if !constant_time_eq(&authenticate(mac_key, header, iv, &sealed), tag) {
        return None;
    }
    let cipher = PaddedBlockDecryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, cipher_key).ok()?).ok()?;
    Some(cipher.decrypt(&mut sealed, DecryptionContext::Iv128(iv.into())).ok()?.to_vec())
}

fn authenticate(mac_key: &[u8], header: &[u8], iv: &[u8], sealed: &[u8]) -> Vec<u8> {
    let mut mac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA512, mac_key));
    mac.update(header);
    mac.update(iv);
    mac.update(sealed);
    mac.update(&(header.len() as u64 * 8).to_be_bytes());
    mac.sign().as_ref().iter().copied().take(TAG_BYTES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::hex;

    /// Source: RFC 7518, appendix B.3.
    #[test]
    fn the_standards_example() {
        let key: [u8; KEY_BYTES] = std::array::from_fn(|index| u8::try_from(index).unwrap());
        let iv = 0x1af3_8c2d_c2b9_6ffd_d866_9409_2341_bc04_u128.to_be_bytes();
        let header = b"The second principle of Auguste Kerckhoffs";
        let text = b"A cipher system must not be required to be secret, and it must be able to fall into the hands of \
                     the enemy without inconvenience";
        let (sealed, tag) = encrypt(&key, &iv, header, text).unwrap();
        assert_eq!(hex(&sealed[..16]), "4affaaadb78c31c5da4b1b590d10ffbd");
        assert_eq!(hex(&tag), "4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5");
        assert_eq!(decrypt(&key, &iv, header, sealed, &tag).unwrap(), text);
    }

    #[test]
    fn what_was_changed_does_not_open() {
        let key = JweKey::derive(b"a secret of the server", "better-auth-session").unwrap();
        let token = key.seal(b"{}", [7; IV_BYTES]).unwrap();
        assert_eq!(key.open(&token).unwrap(), b"{}");
        for other in
            [JweKey::derive(b"another secret", "better-auth-session"), JweKey::derive(b"a secret of the server", "x")]
        {
            assert!(other.unwrap().open(&token).is_none());
        }
        let parts: Vec<&str> = token.split('.').collect();
        let joined = |parts: [&str; 5]| parts.join(".");
        let header = |text: &str| base64_url(text.as_bytes());
        let gcm = header(r#"{"alg":"dir","enc":"A256GCM"}"#);
        for bad in [
            String::new(),
            "....".into(),
            token.replacen('A', "B", 1),
            format!("{token}.x"),
            joined([parts[0], "AAAA", parts[2], parts[3], parts[4]]),
            joined([&gcm, "", parts[2], parts[3], parts[4]]),
            joined([parts[0], "", "AAAAAAAAAAAAAAAAAAAAAA", parts[3], parts[4]]),
            joined([parts[0], "", parts[2], "AAAAAAAAAAAAAAAAAAAAAA", parts[4]]),
            joined([parts[0], "", parts[2], parts[3], &parts[4][..22]]),
            joined([parts[0], "", parts[2], parts[3], ""]),
            joined([parts[0], "", "AA", parts[3], parts[4]]),
        ] {
            assert!(key.open(&bad).is_none(), "{bad}");
        }
    }
}
