//! Hashes that other servers made: bcrypt, argon2, scrypt, Firebase's scrypt, PBKDF2, SHA-crypt. They are compared, never made.
//!
//! A stored hash says how much work it is. Bounds keep one of them from holding a hashing thread for minutes.

use std::num::NonZeroU32;
use std::str::FromStr;

use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::pbkdf2;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha_crypt::{PasswordHashRef, PasswordVerifier, ShaCrypt};

use crate::crypto::constant_time_eq;

/// Highest cost of bcrypt; 2^14 rounds take about a second.
const MOST_BCRYPT: u32 = 14;
/// Most memory of argon2 and scrypt, in bytes.
const MOST_MEMORY: u64 = 256 << 20;
/// Most passes of argon2.
const MOST_PASSES: u32 = 32;
/// Most iterations of PBKDF2.
const MOST_ITERATIONS: u32 = 5_000_000;
/// Most rounds of SHA-crypt.
const MOST_ROUNDS: u32 = 1_000_000;
/// Longest hash, in bytes.
const LONGEST: usize = 128;

/// A hash of another server.
#[derive(Clone)]
pub struct Foreign {
    work: Work,
    salt: Vec<u8>,
    /// Of bcrypt and SHA-crypt, the whole text.
    hash: Vec<u8>,
}

/// What computing one takes: equal works take equally long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    Bcrypt { cost: u32 },
    Argon2 { algorithm: Algorithm, version: Version, params: Params },
    Scrypt { log_n: u8, r: u32, p: u32 },
    Firebase { log_n: u8, r: u32, separator: Vec<u8>, signer: Vec<u8> },
    Pbkdf2 { digest: Digest, iterations: NonZeroU32 },
    ShaCrypt { is_512: bool, rounds: u32 },
}

/// A digest under PBKDF2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digest {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Foreign {
    /// Reads a stored hash; `None` for one of no form that is known, or of a cost beyond the bounds.
    pub fn parse(text: &str) -> Option<Self> {
        let id = text.strip_prefix('$').map_or_else(|| text.split('$').next(), |rest| rest.split('$').next())?;
        match id {
            "2a" | "2b" | "2y" => bcrypt_hash(text),
            "argon2i" | "argon2d" | "argon2id" => argon2_hash(text),
            "scrypt" => scrypt_hash(text),
            "firebase-scrypt" => firebase_hash(text),
            "5" | "6" => sha_crypt_hash(text),
            _ => pbkdf2_hash(text),
        }
    }

    /// What computing it takes.
    pub fn work(&self) -> &Work {
        &self.work
    }

    /// Is this its password? Other servers hash passwords as they were typed.
    ///
    /// # Errors
    /// When the work cannot be done.
    pub fn is_of(&self, password: &str) -> Result<bool, String> {
        match self.work {
            Work::ShaCrypt { .. } => Ok(is_sha_crypt_of(&self.hash, password)),
            Work::Bcrypt { .. } => Ok(is_bcrypt_of(&self.hash, password)),
            ref work => Ok(constant_time_eq(&work.derive(password, &self.salt, self.hash.len())?, &self.hash)),
        }
    }
}

impl Work {
    /// Takes as long as a comparison, and finds nothing.
    ///
    /// # Errors
    /// When the work cannot be done.
    pub fn spend(&self, password: &str) -> Result<(), String> {
        match self {
            Self::ShaCrypt { is_512, rounds } => {
                let params = sha_crypt::Params::new(*rounds).map_err(|error| error.to_string())?;
                match is_512 {
                    true => _ = sha_crypt::sha512_crypt(password.as_bytes(), &[0; 16], params),
                    false => _ = sha_crypt::sha256_crypt(password.as_bytes(), &[0; 16], params),
                }
                Ok(())
            }
            other => other.derive(password, &[0; 16], 32).map(drop),
        }
    }

    fn derive(&self, password: &str, salt: &[u8], length: usize) -> Result<Vec<u8>, String> {
        let mut out = vec![0u8; length];
        match self {
            Self::Bcrypt { cost } => out = bcrypt::bcrypt(*cost, [0; 16], password.as_bytes()).to_vec(),
            Self::Argon2 { algorithm, version, params } => {
                Argon2::new(*algorithm, *version, params.clone())
                    .hash_password_into(password.as_bytes(), salt, &mut out)
                    .map_err(|error| format!("argon2: {error}"))?;
            }
            Self::Scrypt { log_n, r, p } => scrypt_into(password, salt, (*log_n, *r, *p), &mut out)?,
            Self::Firebase { log_n, r, separator, signer } => {
                let mut key = [0u8; 32];
                scrypt_into(password, &[salt, separator].concat(), (*log_n, *r, 1), &mut key)?;
                let failed = |_| "AES".to_owned();
                let key = EncryptingKey::ctr(UnboundCipherKey::new(&AES_256, &key).map_err(failed)?).map_err(failed)?;
                out.clone_from(signer);
                let start = EncryptionContext::Iv128(FixedLength::from([0; 16]));
                key.less_safe_encrypt(&mut out, start).map_err(failed)?;
            }
            Self::Pbkdf2 { digest, iterations } => {
                pbkdf2::derive(digest.algorithm(), *iterations, salt, password.as_bytes(), &mut out);
            }
            Self::ShaCrypt { .. } => return Err("SHA-crypt is compared as a text".to_owned()),
        }
        Ok(out)
    }
}

impl Digest {
    fn of(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().replace(['-', '_'], "").as_str() {
            "" | "sha1" => Self::Sha1,
            "sha256" => Self::Sha256,
            "sha384" => Self::Sha384,
            "sha512" => Self::Sha512,
            _ => return None,
        })
    }

    fn algorithm(self) -> pbkdf2::Algorithm {
        match self {
            Self::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
            Self::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Self::Sha384 => pbkdf2::PBKDF2_HMAC_SHA384,
            Self::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        }
    }
}

/// Base64 with or without padding, of either alphabet, or with `.` in the place of `+`.
pub fn base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=').replace('-', "+").replace('_', "/").replace('.', "+");
    STANDARD_NO_PAD.decode(text).ok()
}

/// `$firebase-scrypt$ln=14,r=8$SEPARATOR$SIGNER$SALT$HASH`: what the console of a Firebase project says of all its hashes, and
/// what its export says of this one.
pub fn firebase_text(
    (mem_cost, rounds): (u8, u32),
    separator: &[u8],
    signer: &[u8],
    salt: &[u8],
    hash: &[u8],
) -> String {
    let [separator, signer, salt, hash] = [separator, signer, salt, hash].map(|bytes| STANDARD.encode(bytes));
    format!("$firebase-scrypt$ln={mem_cost},r={rounds}${separator}${signer}${salt}${hash}")
}

fn bcrypt_hash(text: &str) -> Option<Foreign> {
    let parts = bcrypt::HashParts::from_str(text).ok()?;
    let cost = parts.get_cost();
    let is_whole = text.len() == 60 && (4..=MOST_BCRYPT).contains(&cost);
    is_whole.then(|| Foreign { work: Work::Bcrypt { cost }, salt: Vec::new(), hash: text.as_bytes().to_vec() })
}

fn argon2_hash(text: &str) -> Option<Foreign> {
    let parsed = PasswordHash::new(text).ok()?;
    let params = Params::try_from(&parsed).ok()?;
    let algorithm = Algorithm::try_from(parsed.algorithm.as_str()).ok()?;
    let version = parsed.version.map_or(Some(Version::V0x13), |version| Version::try_from(version).ok())?;
    let (salt, hash) = (parsed.salt?, parsed.hash?);
    let is_bounded = u64::from(params.m_cost()) << 10 <= MOST_MEMORY && params.t_cost() <= MOST_PASSES;
    let work = Work::Argon2 { algorithm, version, params };
    is_bounded.then(|| Foreign { work, salt: salt.as_ref().to_vec(), hash: hash.as_bytes().to_vec() })
}

/// `$scrypt$ln=16,r=8,p=1$SALT$HASH`
fn scrypt_hash(text: &str) -> Option<Foreign> {
    let [_, _, params, salt, hash] = text.split('$').collect::<Vec<_>>().try_into().ok()?;
    let (log_n, r, p) = scrypt_params(params)?;
    Foreign { work: Work::Scrypt { log_n, r, p }, salt: base64(salt)?, hash: base64(hash)? }.bounded()
}

fn firebase_hash(text: &str) -> Option<Foreign> {
    let [_, _, params, separator, signer, salt, hash] = text.split('$').collect::<Vec<_>>().try_into().ok()?;
    let (log_n, r, _) = scrypt_params(params)?;
    let work = Work::Firebase { log_n, r, separator: base64(separator)?, signer: base64(signer)? };
    Foreign { work, salt: base64(salt)?, hash: base64(hash)? }.bounded()
}

fn scrypt_params(text: &str) -> Option<(u8, u32, u32)> {
    let get =
        |name: &str| text.split(',').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse::<u32>().ok());
    let (log_n, r, p) = (get("ln")?, get("r")?, get("p").unwrap_or(1));
    let memory = 128u64.checked_mul(r.into())?.checked_shl(log_n).filter(|_| log_n < 32)?;
    (memory <= MOST_MEMORY && (1..=16).contains(&p)).then_some((u8::try_from(log_n).ok()?, r, p))
}

/// `$pbkdf2-sha256$i=27500$SALT$HASH`, `$pbkdf2-sha512$25000$SALT$HASH`, or `pbkdf2_sha256$600000$SALT$HASH` with a salt that is
/// taken as the text that it is.
fn pbkdf2_hash(text: &str) -> Option<Foreign> {
    let is_plain = !text.starts_with('$');
    let [id, params, salt, hash] = text.trim_start_matches('$').split('$').collect::<Vec<_>>().try_into().ok()?;
    let name = id.strip_prefix("pbkdf2")?;
    let digest = Digest::of(name.trim_start_matches(['-', '_']))?;
    let count = params.split(',').find_map(|pair| pair.strip_prefix("i=")).unwrap_or(params);
    let iterations: NonZeroU32 = count.parse().ok()?;
    let salt = if is_plain { salt.as_bytes().to_vec() } else { base64(salt)? };
    let work = Work::Pbkdf2 { digest, iterations };
    (iterations.get() <= MOST_ITERATIONS).then_some(Foreign { work, salt, hash: base64(hash)? })?.bounded()
}

/// `$6$rounds=5000$SALT$HASH`, rounds left out when they are 5000.
fn sha_crypt_hash(text: &str) -> Option<Foreign> {
    PasswordHashRef::new(text).ok()?;
    let mut parts = text.split('$').skip(1);
    let is_512 = parts.next()? == "6";
    let rounds = parts.next()?.strip_prefix("rounds=").map_or(Some(5000), |rounds| rounds.parse().ok())?;
    let work = Work::ShaCrypt { is_512, rounds };
    (rounds <= MOST_ROUNDS).then(|| Foreign { work, salt: Vec::new(), hash: text.as_bytes().to_vec() })
}

impl Foreign {
    fn bounded(self) -> Option<Self> {
        (16..=LONGEST).contains(&self.hash.len()).then_some(self)
    }
}

fn is_bcrypt_of(text: &[u8], password: &str) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| bcrypt::verify(password, text).unwrap_or(false))
}

fn is_sha_crypt_of(text: &[u8], password: &str) -> bool {
    let stored = std::str::from_utf8(text).ok().and_then(|text| PasswordHashRef::new(text).ok());
    stored.is_some_and(|stored| ShaCrypt::default().verify_password(password.as_bytes(), stored).is_ok())
}

fn scrypt_into(password: &str, salt: &[u8], (log_n, r, p): (u8, u32, u32), out: &mut [u8]) -> Result<(), String> {
    let params = scrypt::Params::new(log_n, r, p).map_err(|error| format!("scrypt: {error}"))?;
    scrypt::scrypt(password.as_bytes(), salt, &params, out).map_err(|error| format!("scrypt: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by the programs named, for the password `correct horse`.
    const HASHES: &[(&str, &str)] = &[
        (
            "python hashlib pbkdf2-sha256",
            "$pbkdf2-sha256$i=27500$MDEyMzQ1Njc4OWFiY2RlZg$H5R9LZ0QvKxHLm1Lg0IeQXdtUAa+9gf2NeOZns+WHBQ",
        ),
        (
            "python hashlib pbkdf2-sha512, as passlib writes it",
            "$pbkdf2-sha512$25000$MDEyMzQ1Njc4OWFiY2RlZg$NAtVcXr7DbXedVbBm.JvbbmENXwAmeETSMIk.8rC9F5GBbGumPcNIpwLppBM7vaXnbPUqZhH3UgUjzNRgCPZMg",
        ),
        ("python hashlib pbkdf2-sha1", "$pbkdf2$i=20000$MDEyMzQ1Njc4OWFiY2RlZg$3j/kSXDCFGf+gK+IC5hDJD7B63c"),
        (
            "python hashlib, as Django writes it",
            "pbkdf2_sha256$26000$NaCl1234$HolGL7qA5lhiDk5zx9f+qg1ti9mZlzDMYuW3AGT5dy4=",
        ),
        (
            "python hashlib scrypt",
            "$scrypt$ln=14,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$0LupyHkzAIgDr9UDsriAAf87vMbCbcaUfDvFOAHk0D0",
        ),
        (
            "python hashlib and openssl, as Firebase does",
            "$firebase-scrypt$ln=14,r=8$Bw==$Y4Rm1IrOwHkNbGRbpYKDwwIwGfdYnuH064sQpr/VEsQPvNO81wCGlZ4JUpRPVqG8jyO2V7RXu9594m+irfIR/A==$MDEyMzQ1Njc4OWFiY2RlZg==$XLwXltMxBp9IUzhDHZD9n6dIKMi3k+W2gaGTPLpj5B/r+lYMjH+OLzzxUjFO9G4THciepnYvROFoEkCl61Q73w==",
        ),
        ("openssl passwd -5", "$5$saltsalt$myjXcpMpE2Ofk7fj9hqyNYSn6lmWG4Mqnjx.KIRRr4/"),
        (
            "openssl passwd -6",
            "$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0",
        ),
        (
            "glibc crypt",
            "$6$rounds=10000$saltsalt$EMCAJaVdD8QpgIn1w2Sq1C8/BIypyMaemdjCDgDu8NxiKn5cVOzQe8ZMNovWPPitzBG6NZOSXfpu45VIxD1OF0",
        ),
        ("python bcrypt 2b", "$2b$08$Dcnnxom/D7R8gjpHGNxus.Aa9JrTIftkjpCD.l6HCIV6RcP3fTALy"),
        ("python bcrypt 2a", "$2a$06$eTGP0jfjgBkLeGUFe/icwOjZk..kWmUHgoCYhekpG/SZLhy.O6lP."),
        ("the same, as PHP names it", "$2y$06$2hLdzzoWObNoBpgTiUe0tOpGAD3TsEZrO4/6wiKOQD8vCwu31u6OC"),
        (
            "the reference implementation of argon2i",
            "$argon2i$v=19$m=1024,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$DvOFzkGfq+KnIJd6iT3E79g7tvGBhMTX1w99hbpDw54",
        ),
        (
            "the reference implementation of argon2d",
            "$argon2d$v=19$m=1024,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$y96myaPE0Yka+4diMQ570p7TvVIoK+r/eXaW5O3Wo9s",
        ),
        (
            "the reference implementation of argon2id with four lanes",
            "$argon2id$v=19$m=1024,t=2,p=4$c29tZXNhbHRzb21lc2FsdA$DHiWG6TbwQiUoiUL9mkYCm1ixfg29qdJpFQCmaRbyoM",
        ),
    ];

    #[test]
    fn hashes_of_other_programs_are_compared() {
        for (made_by, text) in HASHES {
            let hash = Foreign::parse(text).unwrap_or_else(|| panic!("{made_by}: {text}"));
            assert!(hash.is_of("correct horse").unwrap(), "{made_by}");
            for wrong in ["correct horsf", "", "correct horse "] {
                assert!(!hash.is_of(wrong).unwrap(), "{made_by}: {wrong}");
            }
            hash.work().spend("correct horse").unwrap();
        }
    }

    #[test]
    fn what_is_no_hash_or_too_much_work_is_none() {
        for text in [
            "",
            "$",
            "plain",
            "$2b$31$KIXQw0zZ8xQk0Z0Z0Z0Z0OaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaO",
            "$2b$10$short",
            "$argon2id$v=19$m=4194304,t=3,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG",
            "$scrypt$ln=31,r=8,p=1$c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=16,r=4294967295,p=1$c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$pbkdf2-sha256$i=4000000000$c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$pbkdf2-sha256$i=0$c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$pbkdf2-sha256$i=1000$c2FsdA$",
            "$pbkdf2-md5$i=1000$c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$6$rounds=999999999$salt$aaaa",
        ] {
            assert!(Foreign::parse(text).is_none(), "{text}");
        }
    }
}
