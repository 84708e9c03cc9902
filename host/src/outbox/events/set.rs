//! Security event tokens: which event of the Shared Signals Framework a kind is, whom it is about, and the keys that sign.
//!
//! Source: RFC 8417 (tokens), RFC 9493 (subjects), OpenID SSF 1.0 §3 to §5, CAEP 1.0 §3, RISC 1.0 §2.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::kinds::Told;
use crate::auth::AuthError;
use crate::clock::Timestamp;
use crate::config::{Config, Ssf, SsfAlgorithm, SsfStream, SubjectFormat};
use crate::crypto::keys::{Algorithm, KeyPair, KeyRing};
use crate::crypto::purpose::Purpose;
use crate::crypto::random::Random;
use crate::crypto::secret::Secret;
use crate::crypto::{base64_url, sha256};
use crate::store::core_models::EVENT_KEY;
use crate::store::{Database, Record, event};

/// The event that tries a stream.
const VERIFICATION: &str = "https://schemas.openid.net/secevent/ssf/event-type/verification";

/// The events that a stream can have: the name in the configuration, and the one in a token.
pub const EVENTS: [(&str, &str); 6] = [
    ("session-revoked", "https://schemas.openid.net/secevent/caep/event-type/session-revoked"),
    ("credential-change", "https://schemas.openid.net/secevent/caep/event-type/credential-change"),
    ("account-disabled", "https://schemas.openid.net/secevent/risc/event-type/account-disabled"),
    ("account-enabled", "https://schemas.openid.net/secevent/risc/event-type/account-enabled"),
    ("account-purged", "https://schemas.openid.net/secevent/risc/event-type/account-purged"),
    ("identifier-changed", "https://schemas.openid.net/secevent/risc/event-type/identifier-changed"),
];

/// The name that an event has in a token.
pub fn event_uri(name: &str) -> Option<&'static str> {
    EVENTS.iter().find(|(known, _)| *known == name).map(|(_, uri)| *uri)
}

/// The event that a kind is, by its name in the configuration.
fn event_of(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "session.ended" => "session-revoked",
        "password.changed"
        | "password.reset"
        | "second_factor.enabled"
        | "second_factor.disabled"
        | "passkey.changed" => "credential-change",
        "user.banned" => "account-disabled",
        "user.unbanned" => "account-enabled",
        "user.deleted" => "account-purged",
        "email.changed" => "identifier-changed",
        _ => return None,
    })
}

/// Whether a stream wants events of this kind.
pub(super) fn wants(stream: &SsfStream, kind: &str) -> bool {
    stream.enabled && event_of(kind).is_some_and(|event| stream.events.iter().any(|wanted| wanted == event))
}

/// Whether a stream names users by their address.
pub(super) fn names_by_address(config: &Config) -> bool {
    let mut streams = config.ssf.iter().flat_map(|ssf| &ssf.streams);
    streams.any(|stream| stream.subject == SubjectFormat::Email)
}

/// What a token to `stream` says of this, without what every token has; none when the stream does not want it.
pub(super) fn claims(
    config: &Config,
    stream: &SsfStream,
    told: &Told,
    (initiator, at): (&str, Timestamp),
) -> Option<Json> {
    if !wants(stream, told.kind) {
        return None;
    }
    let event = event_of(told.kind)?;
    let mut claims = Map::from_iter([("event_timestamp".to_owned(), json!(at.as_secs()))]);
    claims.insert("initiating_entity".to_owned(), json!(initiator));
    let user = subject(config, stream, told);
    let subject = match told.kind {
        "session.ended" => {
            let session = told.data.get("session").and_then(|session| session.get("id")).cloned().unwrap_or_default();
            json!({ "format": "complex", "user": user, "session": { "format": "opaque", "id": session } })
        }
        "email.changed" => {
            let address = |name: &str| told.data.get(name).cloned().unwrap_or_default();
            claims.clear();
            claims.insert("new-value".to_owned(), address("to"));
            json!({ "format": "email", "email": address("from") })
        }
        kind => {
            match event {
                "credential-change" => claims.extend(credential(kind, &told.data)),
                // These are of RISC, which knows neither claim.
                _ => claims.clear(),
            }
            user
        }
    };
    Some(json!({ "sub_id": subject, "events": { event_uri(event)?: claims } }))
}

/// Which credential changed, and how.
fn credential(kind: &str, data: &Map<String, Json>) -> Vec<(String, Json)> {
    let text = |name: &str| data.get(name).and_then(Json::as_str).unwrap_or_default();
    let (what, change) = match (kind, text("change")) {
        ("second_factor.enabled", _) => ("app", "create"),
        ("second_factor.disabled", _) => ("app", "delete"),
        ("passkey.changed", change) => {
            let transports = data.get("passkey").and_then(|passkey| passkey.get("transports")).and_then(Json::as_str);
            let is_platform = transports.is_none_or(|transports| transports.contains("internal"));
            let what = if is_platform { "fido2-platform" } else { "fido2-roaming" };
            (what, if change == "added" { "create" } else { "delete" })
        }
        (_, "create") => ("password", "create"),
        _ => ("password", "update"),
    };
    [("credential_type", what), ("change_type", change)].map(|(name, value)| (name.to_owned(), json!(value))).to_vec()
}

/// The user, as the stream names users.
fn subject(config: &Config, stream: &SsfStream, told: &Told) -> Json {
    match (&told.email, stream.subject) {
        (Some(email), SubjectFormat::Email) => json!({ "format": "email", "email": email }),
        _ => json!({ "format": "iss_sub", "iss": subject_issuer(config), "sub": told.user_id }),
    }
}

fn subject_issuer(config: &Config) -> String {
    config.ssf.as_ref().and_then(|ssf| ssf.subject_issuer.clone()).unwrap_or_else(|| config.origin())
}

/// What a token that tries a stream says.
pub(super) fn verification(stream: &SsfStream, state: &str) -> Json {
    json!({ "sub_id": { "format": "opaque", "id": stream.name }, "events": { VERIFICATION: { "state": state } } })
}

fn algorithm(ssf: &Ssf) -> Algorithm {
    match ssf.algorithm {
        SsfAlgorithm::Rs256 => Algorithm::Rs256,
        SsfAlgorithm::Es256 => Algorithm::Es256,
        SsfAlgorithm::EdDsa => Algorithm::EdDsa,
    }
}

/// The keys that sign tokens: made when the first one is needed, kept in the database, sealed. The newest one signs.
pub struct SigningKeys {
    ring: Arc<KeyRing>,
    algorithm: Algorithm,
}

impl SigningKeys {
    /// Those of a configuration.
    pub fn new(config: &Config, ssf: &Ssf, random: &Arc<dyn Random>) -> Self {
        let secrets = Arc::new(config.all_secrets.derived(Purpose::EventKeys));
        Self { ring: Arc::new(KeyRing::new(secrets, Arc::clone(random))), algorithm: algorithm(ssf) }
    }

    /// The public keys as a JWK Set, the one that signs first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn jwks(&self, db: &dyn Database, now: Timestamp) -> Result<Json, AuthError> {
        self.current(db, now).await?;
        let keys = event::keys(db).await?;
        let shown = keys.iter().filter_map(|row| {
            let mut key: Map<String, Json> = serde_json::from_str(row.text("public")).ok()?;
            for (name, value) in [("kid", row.text("kid")), ("alg", row.text("algorithm")), ("use", "sig")] {
                key.insert(name.to_owned(), json!(value));
            }
            Some(Json::Object(key))
        });
        Ok(json!({ "keys": shown.collect::<Vec<_>>() }))
    }

    /// Makes a new key, which signs from now on.
    ///
    /// # Errors
    /// When the store fails, or the key cannot be made.
    pub async fn rotate(&self, db: &dyn Database, now: Timestamp) -> Result<String, AuthError> {
        let newest = event::keys(db).await?.first().map(|row| row.text("id").to_owned());
        let number = newest.and_then(|id| id.parse::<u32>().ok()).unwrap_or(0);
        self.make(db, number + 1, now).await
    }

    /// A signed token, of type `secevent+jwt`.
    ///
    /// # Errors
    /// When the store fails, or there is no key to sign with.
    pub async fn sign(&self, db: &dyn Database, claims: &Json, now: Timestamp) -> Result<String, AuthError> {
        let key = self.current(db, now).await?;
        let header = json!({ "typ": "secevent+jwt", "kid": key.text("kid") }).to_string();
        let (ring, algorithm, claims) = (Arc::clone(&self.ring), self.algorithm, claims.to_string());
        let signed = apart(move || ring.sign(key.text("private"), algorithm, &header, &claims)).await?;
        signed.map_err(|error| AuthError::Internal(format!("the key of security event tokens: {error}")))
    }

    /// The newest key of the algorithm that opens; made where there is none.
    async fn current(&self, db: &dyn Database, now: Timestamp) -> Result<Record, AuthError> {
        for _ in 0..2 {
            let keys = event::keys(db).await?;
            let newest = keys.first().and_then(|row| row.text("id").parse::<u32>().ok()).unwrap_or(0);
            let (ring, algorithm) = (Arc::clone(&self.ring), self.algorithm);
            let is_usable = move |row: &Record| {
                let opens = || ring.sign(row.text("private"), algorithm, "{}", "{}").is_ok();
                row.text("algorithm") == algorithm.name() && opens()
            };
            if let Some(key) = apart(move || keys.into_iter().find(is_usable)).await? {
                return Ok(key);
            }
            self.make(db, newest + 1, now).await?;
        }
        Err(AuthError::Internal("the key of security event tokens cannot be used".into()))
    }

    /// Writes a new key. Another node that was faster has made one as good.
    async fn make(&self, db: &dyn Database, number: u32, now: Timestamp) -> Result<String, AuthError> {
        let (ring, algorithm) = (Arc::clone(&self.ring), self.algorithm);
        let made = apart(move || ring.generate(algorithm, None, true)).await?;
        let KeyPair { public, private } = made.map_err(|error| AuthError::Internal(error.to_string()))?;
        let kid = base64_url(&sha256(public.as_bytes()));
        let mut row = Record::new(db.schema().model(EVENT_KEY)?);
        row.set("id", format!("{number:08}"))?;
        row.set("kid", kid.as_str())?;
        row.set("algorithm", self.algorithm.name())?;
        row.set("public", public)?;
        row.set("private", Secret::expose(&private).as_str())?;
        row.set("createdAt", now)?;
        event::add_key(db, row).await?;
        Ok(kid)
    }
}

/// On a thread of its own: an RSA key takes up to a second, a signature of one some milliseconds.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, AuthError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| AuthError::Internal("a thread that signs has ended".into()))
}

/// The whole of a token's claims.
pub(super) fn whole(config: &Config, stream: &SsfStream, (id, at): (&str, Timestamp), said: &Json) -> Json {
    let mut claims =
        json!({ "iss": config.origin(), "jti": id, "iat": at.as_secs(), "aud": stream.audience, "txn": id });
    if let (Some(claims), Some(said)) = (claims.as_object_mut(), said.as_object()) {
        claims.extend(said.clone());
    }
    claims
}
