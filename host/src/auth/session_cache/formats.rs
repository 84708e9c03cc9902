//! The three protections of a cached session: a compact text with an HMAC, a signed JWT, an encrypted JWT.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Map, Value as Json, json};

use crate::clock::Timestamp;
use crate::config::CookieCacheStrategy;
use crate::crypto::jwe::JweKey;
use crate::crypto::random::Random;
use crate::crypto::secret::Secret;
use crate::crypto::{base64_url, constant_time_eq, from_base64_url, hmac_sha256};

type Payload = Map<String, Json>;

/// From when to when a copy counts.
#[derive(Clone, Copy)]
pub(super) struct Life {
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
}

/// One of the protections with its key.
pub(super) enum Format {
    /// `base64url({session: payload, expiresAt, signature})`.
    Compact(Secret<Vec<u8>>),
    /// JWS with HS256.
    Jwt(Box<(EncodingKey, DecodingKey)>),
    /// JWE.
    Jwe(JweKey),
}

impl Format {
    pub(super) fn new(strategy: CookieCacheStrategy, secret: &[u8]) -> Option<Self> {
        Some(match strategy {
            CookieCacheStrategy::Compact => Self::Compact(Secret::new(secret.to_vec())),
            CookieCacheStrategy::Jwt => {
                Self::Jwt(Box::new((EncodingKey::from_secret(secret), DecodingKey::from_secret(secret))))
            }
            CookieCacheStrategy::Jwe => Self::Jwe(JweKey::derive(secret, "better-auth-session")?),
        })
    }

    pub(super) fn seal(&self, payload: Payload, life: Life, random: &dyn Random) -> Option<String> {
        match self {
            Self::Compact(key) => Some(seal_compact(key.expose(), payload, life.until)),
            Self::Jwt(keys) => {
                let header = Header { typ: None, ..Header::new(Algorithm::HS256) };
                jsonwebtoken::encode(&header, &claims(payload, life), &keys.0).ok()
            }
            Self::Jwe(key) => key.seal_claims(claims(payload, life), random),
        }
    }

    /// The payload of a copy that was made with this key and is not over.
    pub(super) fn open(&self, copy: &str, now: Timestamp) -> Option<Payload> {
        match self {
            Self::Compact(key) => open_compact(key.expose(), copy, now),
            Self::Jwt(keys) => {
                let token = jsonwebtoken::decode::<Payload>(copy, &keys.1, &signature_alone()).ok()?;
                is_live(&token.claims, now).then_some(token.claims)
            }
            // The reference grants another server's clock to be behind to encrypted copies alone.
            Self::Jwe(key) => key.open_claims(copy, now),
        }
    }
}

fn seal_compact(key: &[u8], payload: Payload, until: Timestamp) -> String {
    let signature = compact_signature(key, payload.clone(), until.0);
    let envelope = json!({ "session": payload, "expiresAt": until.0, "signature": signature });
    base64_url(envelope.to_string().as_bytes())
}

fn open_compact(key: &[u8], copy: &str, now: Timestamp) -> Option<Payload> {
    let mut envelope: Payload = serde_json::from_slice(&from_base64_url(copy)?).ok()?;
    let (expires_at, signature) =
        (envelope.get("expiresAt")?.as_i64()?, envelope.get("signature")?.as_str()?.to_owned());
    let Some(Json::Object(payload)) = envelope.remove("session") else { return None };
    let right = compact_signature(key, payload.clone(), expires_at);
    (constant_time_eq(signature.as_bytes(), right.as_bytes()) && expires_at > now.0).then_some(payload)
}

/// What is signed is the payload with the end of its life behind it.
fn compact_signature(key: &[u8], mut payload: Payload, expires_at: i64) -> String {
    payload.insert("expiresAt".into(), expires_at.into());
    base64_url(&hmac_sha256(key, Json::from(payload).to_string().as_bytes()))
}

fn claims(mut payload: Payload, life: Life) -> Payload {
    payload.insert("iat".into(), life.from.as_secs().into());
    payload.insert("exp".into(), (life.from.as_secs() + (life.until.0 - life.from.0) / 1000).into());
    payload
}

fn is_live(claims: &Payload, now: Timestamp) -> bool {
    claims.get("exp").and_then(Json::as_i64).is_some_and(|until_secs| until_secs > now.as_secs())
}

/// Checks the signature by HS256 and nothing else: time is told by the server's own clock.
fn signature_alone() -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::SystemRandom;

    /// What the reference grants to encrypted copies.
    const TOLERANCE_SECS: i64 = 15;

    /// Copies that the reference made of sessions at one moment, and what it answered on reading them.
    const RECORDED: &str = include_str!("../../../../tests/wire/session-copies.json");

    fn recorded() -> (Vec<(Format, Json)>, Life) {
        let file: Json = serde_json::from_str(RECORDED).unwrap();
        let secret = file["secret"].as_str().unwrap().as_bytes();
        let format = |copy: &Json| {
            let strategy = match copy["strategy"].as_str().unwrap() {
                "compact" => CookieCacheStrategy::Compact,
                "jwt" => CookieCacheStrategy::Jwt,
                "jwe" => CookieCacheStrategy::Jwe,
                other => panic!("{other}"),
            };
            (Format::new(strategy, secret).unwrap(), copy.clone())
        };
        let now = Timestamp(file["now"].as_i64().unwrap());
        let life = Life { from: now, until: now.plus_secs(file["life_secs"].as_i64().unwrap()) };
        (file["copies"].as_array().unwrap().iter().map(format).collect(), life)
    }

    #[test]
    fn the_references_copies_are_read_and_made_alike() {
        let (copies, life) = recorded();
        assert_eq!(copies.len(), 3);
        for (format, recorded) in copies {
            let copy = recorded["copy"].as_str().unwrap();
            let payload = format.open(copy, life.from).unwrap();
            assert_eq!(payload["session"], recorded["answer"]["session"]);
            assert_eq!(payload["user"], recorded["answer"]["user"]);
            let keys: Vec<&str> = payload.keys().map(String::as_str).collect();
            assert_eq!(keys[..4], ["session", "user", "updatedAt", "version"]);
            let own = ["session", "user", "updatedAt", "version"].map(|key| (key.to_owned(), payload[key].clone()));
            let made = format.seal(own.into_iter().collect(), life, &SystemRandom).unwrap();
            if let Format::Jwe(_) = format {
                // Vector and id are random: what is inside is compared, and the header.
                assert_eq!(made.split('.').next(), copy.split('.').next());
                let mut again = format.open(&made, life.from).unwrap();
                assert_eq!(again["jti"].as_str().unwrap().len(), payload["jti"].as_str().unwrap().len());
                again.insert("jti".into(), payload["jti"].clone());
                assert_eq!(Json::from(again).to_string(), Json::from(payload).to_string());
            } else {
                assert_eq!(made, copy);
            }
        }
    }

    #[test]
    fn a_copy_ends() {
        let (copies, life) = recorded();
        for (format, recorded) in copies {
            let copy = recorded["copy"].as_str().unwrap();
            assert!(format.open(copy, life.from.plus_secs(299)).is_some());
            assert!(format.open(copy, life.until.plus_secs(TOLERANCE_SECS)).is_none());
        }
    }

    #[test]
    fn no_other_algorithm_is_accepted() {
        let (copies, life) = recorded();
        let (format, recorded) = copies.into_iter().nth(1).unwrap();
        let copy = recorded["copy"].as_str().unwrap();
        let (body, _) = copy.rsplit_once('.').unwrap();
        let claims = body.split_once('.').unwrap().1;
        let none = base64_url(br#"{"alg":"none"}"#);
        for bad in
            [format!("{none}.{claims}."), format!("{body}."), format!("{none}.{claims}.{}", &copy[body.len() + 1..])]
        {
            assert!(format.open(&bad, life.from).is_none(), "{bad}");
        }
    }
}
