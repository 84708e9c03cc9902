//! The fake host's keys, sealing, cache, passkeys, other endpoints and other servers.

use super::with;
use crate::bindings::doorward::plugin::types::HostError;

type Answer<T> = Result<T, HostError>;

/// Tokens whose signature is a hash of the key's name and what was signed: different for anything different.
pub mod keys {
    use super::{Answer, HostError, with};
    use crate::base64::base64url;
    use crate::fake::calls::crypto::sha256;
    use crate::keys::{Algorithm, KeyPair};
    use serde_json::{Value, json};

    pub fn generate(algorithm: Algorithm, modulus_bits: Option<u32>, sealed: bool) -> Answer<KeyPair> {
        if !matches!(modulus_bits, None | Some(2048 | 3072 | 4096)) {
            return Err(HostError::Invalid("an RSA key has 2048, 3072 or 4096 bits".to_owned()));
        }
        let name = with(|world| {
            world.drawn += 1;
            format!("key-{}", world.drawn)
        });
        let private = json!({ "kty": kind(algorithm), "x": name, "d": name }).to_string();
        let private_key = if sealed { json!(format!("sealed: {private}")).to_string() } else { private };
        Ok(KeyPair { public_key: json!({ "kty": kind(algorithm), "x": name }).to_string(), private_key })
    }

    pub fn sign(private_key: &str, algorithm: Algorithm, header: &str, claims: &str) -> Answer<String> {
        let stored: Value = serde_json::from_str(private_key).unwrap_or_default();
        let opened = stored.as_str().and_then(|text| text.strip_prefix("sealed: "));
        let name = name(opened.unwrap_or(private_key), algorithm)?;
        let mut fields = super::super::calls::object(header)?;
        super::super::calls::object(claims)?;
        fields.insert("alg".to_owned(), algorithm.name().into());
        let message =
            format!("{}.{}", base64url(Value::Object(fields).to_string().as_bytes()), base64url(claims.as_bytes()));
        let signature = base64url(&sha256(format!("{name}.{message}").as_bytes()));
        with(|world| world.tokens.insert(format!("{message}.{signature}"), claims.to_owned()));
        Ok(format!("{message}.{signature}"))
    }

    pub fn verify(public_key: &str, algorithm: Algorithm, token: &str) -> Answer<Option<String>> {
        let name = name(public_key, algorithm)?;
        let Some((message, signature)) = token.rsplit_once('.') else { return Ok(None) };
        let holds = signature == base64url(&sha256(format!("{name}.{message}").as_bytes()));
        Ok(with(|world| world.tokens.get(token).filter(|_| holds).cloned()))
    }

    pub fn verify_named(public_key: &str, algorithm: &str, token: &str) -> Answer<Option<String>> {
        let known = Algorithm::NAMES.contains(&algorithm);
        match Algorithm::parse(algorithm) {
            Some(algorithm) => verify(public_key, algorithm, token),
            // No key of a test signs with these.
            None if known => Ok(None),
            None => Err(HostError::Invalid(format!(
                "`{algorithm}` is no algorithm: there are {}",
                Algorithm::NAMES.join(", ")
            ))),
        }
    }

    fn kind(algorithm: Algorithm) -> &'static str {
        match algorithm {
            Algorithm::EdDsa => "OKP",
            Algorithm::Es256 | Algorithm::Es512 => "EC",
            Algorithm::Rs256 | Algorithm::Ps256 => "RSA",
        }
    }

    fn name(jwk: &str, algorithm: Algorithm) -> Answer<String> {
        let jwk: Value = serde_json::from_str(jwk).unwrap_or_default();
        let is_one = jwk.get("kty").and_then(Value::as_str) == Some(kind(algorithm));
        let name = jwk.get("x").and_then(Value::as_str).filter(|_| is_one);
        name.map(str::to_owned)
            .ok_or_else(|| HostError::Invalid(format!("the key is not one for {}", algorithm.name())))
    }
}

/// No encryption: a test sees what was sealed.
pub mod sealing {
    use super::Answer;
    pub fn seal(text: &str) -> Answer<String> {
        Ok(format!("sealed: {text}"))
    }
    pub fn open(sealed: &str) -> Answer<Option<String>> {
        Ok(sealed.strip_prefix("sealed: ").map(str::to_owned))
    }
}

/// Values that live as long as the fake clock says.
pub mod cache {
    use super::{Answer, HostError, with};
    pub fn get(key: &str) -> Option<String> {
        with(|world| {
            let (value, ends) = world.cached.get(key)?;
            (*ends > world.now_millis).then(|| value.clone())
        })
    }
    pub fn put(key: &str, value: &str, ttl_secs: u32) -> Answer<()> {
        if key.len() > 256 || value.len() > 64 << 10 {
            return Err(HostError::Invalid("too long".to_owned()));
        }
        with(|world| {
            let ends = world.now_millis + u64::from(ttl_secs.min(3600)) * 1000;
            world.cached.insert(key.to_owned(), (value.to_owned(), ends));
        });
        Ok(())
    }
    pub fn remove(key: &str) {
        with(|world| world.cached.remove(key));
    }
}

/// What [`World::registration`](crate::fake::World::registration) and its sibling hold, when the answer has the challenge.
pub mod webauthn {
    use super::with;
    use crate::webauthn::{Assertion, Credential, Fault, Registration, RelyingParty};
    use serde_json::Value;

    pub fn verify_registration(
        _party: &RelyingParty,
        challenge: &str,
        answer: &str,
        _require_user_verification: bool,
    ) -> Result<Registration, Fault> {
        with(|world| world.registration.clone()).filter(|_| answers(answer, challenge)).ok_or(Fault::Answer)
    }

    pub fn verify_assertion(
        _party: &RelyingParty,
        challenge: &str,
        credential: &Credential,
        answer: &str,
        _require_user_verification: bool,
    ) -> Result<Assertion, Fault> {
        let assertion = with(|world| world.assertion).filter(|_| answers(answer, challenge)).ok_or(Fault::Answer)?;
        let goes_on = assertion.counter > credential.counter || (assertion.counter == 0 && credential.counter == 0);
        if goes_on { Ok(assertion) } else { Err(Fault::Counter) }
    }

    /// An answer of a test says which challenge it answers.
    fn answers(answer: &str, challenge: &str) -> bool {
        let answer: Value = serde_json::from_str(answer).unwrap_or_default();
        answer.get("challenge").and_then(Value::as_str) == Some(challenge)
    }
}

/// The answers that a test arranged with [`answer_http`](crate::fake::answer_http).
pub mod http {
    use super::super::duty;
    use super::with;
    use crate::bindings::doorward::plugin::http::{Failure, Incoming, Outgoing};
    use doorward_contract::NotNow;

    impl From<NotNow> for Failure {
        fn from(fault: NotNow) -> Self {
            Self::Denied(fault.to_string())
        }
    }

    pub fn send(outgoing: &Outgoing) -> Result<Incoming, Failure> {
        at_its_time!("http", "send");
        duty::http_host(&outgoing.url).map_err(Failure::Denied)?;
        with(|world| {
            world.http_sent.push(outgoing.clone());
            world.http_answers.get(&outgoing.url).cloned().ok_or(Failure::Unreachable)
        })
    }

    pub fn enqueue(outgoing: &Outgoing) -> Result<(), Failure> {
        at_its_time!("http", "enqueue");
        duty::http_host(&outgoing.url).map_err(Failure::Denied)?;
        with(|world| world.http_queued.push(outgoing.clone()));
        Ok(())
    }
}

/// Adds nothing.
pub mod claims {
    use super::Answer;
    pub fn collect(claims: &str) -> Answer<String> {
        at_its_time!("claims", "collect");
        Ok(claims.to_owned())
    }
}

/// The endpoints of other owners that a test arranged with [`answer_endpoint`](crate::fake::answer_endpoint).
pub mod endpoints {
    use super::{HostError, with};
    use crate::bindings::doorward::plugin::endpoints::{EndpointAnswer, EndpointCall};
    use doorward_contract::PathPattern;
    use serde_json::Value;

    pub fn call(call: &EndpointCall) -> Result<EndpointAnswer, HostError> {
        at_its_time!("endpoints", "call");
        with(|world| {
            let is_named = |pattern: &&str| PathPattern::new(pattern).matches(&call.path);
            if world.called.as_ref().is_some_and(|patterns| !patterns.iter().any(is_named)) {
                return Err(HostError::Denied(format!("the manifest names no calls of `{}`", call.path)));
            }
            if world.answers_get && call.method != "GET" {
                return Err(HostError::Denied("a GET calls nothing but GET".to_owned()));
            }
            world.endpoint_calls.push(call.clone());
            let answer = world.endpoint_answers.get(&(call.method.clone(), call.path.clone())).cloned();
            let (status, body) = answer.unwrap_or((404, Value::Null));
            Ok(EndpointAnswer { status, body: body.to_string() })
        })
    }
}
