//! Verifies ID tokens with the provider's published keys. Whatever cannot be checked is refused.
//!
//! Source: OpenID Connect Core 1.0 §3.1.3.7; RFC 7517.

use crate::hex;
use crate::providers::{Client, IdTokenCheck, IdTokenRules, NonceRule};
use doorward_sdk::keys::Algorithm;
use doorward_sdk::prelude::*;

/// How far another server's clock may be off.
const TOLERANCE_SECS: i64 = 30;
const KEYS_KEPT_SECS: u32 = 300;
/// A token that would live longer is none of a sign-in.
const LONGEST_LIFE_SECS: i64 = 366 * 86_400;
/// A token with an unknown key makes the keys be fetched again, this often at most.
const REFETCH_SECS: u32 = 30;

impl Client {
    /// Whether clients may bring ID tokens of this provider.
    pub fn accepts_id_tokens(&self) -> bool {
        !self.settings.disable_id_token_sign_in && self.id_token().is_some()
    }

    /// The claims of a token that a client or the provider sent; none unless everything about it is right. Null for a
    /// token that is none, where the provider allows it.
    ///
    /// # Errors
    /// When the host fails.
    pub fn verified(&self, token: &str, nonce: Option<&str>) -> Result<Option<Value>> {
        let nonce = nonce.filter(|nonce| !nonce.is_empty());
        let claims = match self.id_token() {
            None => return Ok(None),
            Some(IdTokenCheck::Remote(url)) => self.asked(&url, token, nonce),
            Some(IdTokenCheck::Keys(rules)) if token.split('.').count() != 3 => {
                return Ok(rules.allows_opaque.then_some(Value::Null));
            }
            Some(IdTokenCheck::Keys(rules)) => {
                let signed = signed(&rules, token)?;
                signed.and_then(|claims| holds(&rules, &claims, nonce).map(|()| claims))
            }
        };
        Ok(claims.inspect_err(|reason| log::warn(&format!("{}: an ID token is refused: {reason}", self.id))).ok())
    }

    /// The claims of the token that came with a code. One that keys can verify must be right; another is as good as the
    /// connection to the token endpoint, over which it came.
    ///
    /// # Errors
    /// When the host fails.
    pub fn claims_of_exchange(&self, token: &str, nonce: Option<&str>) -> Result<Option<Value>> {
        match self.id_token() {
            Some(IdTokenCheck::Keys(rules)) if !rules.allows_opaque => self.verified(token, nonce),
            _ => Ok(unverified(token)),
        }
    }

    /// The claims of a token that was verified when it was stored. Where its endpoint tells the user anew, it must hold
    /// still; where the token is all that tells, it may be over.
    ///
    /// # Errors
    /// When the host fails.
    pub fn claims_of_account(&self, token: &str) -> Result<Option<Value>> {
        if self.has_keys() { self.verified(token, None) } else { Ok(unverified(token)) }
    }

    fn asked(&self, url: &str, token: &str, nonce: Option<&str>) -> Checked<Value> {
        let id = self.settings.client_id.primary();
        let mut form = vec![("id_token", token), ("client_id", id)];
        form.extend(nonce.map(|nonce| ("nonce", nonce)));
        let answer = http::Request::post(url).form(&form).send().map_err(|_| "the provider was not reached")?;
        ensure(answer.is_success(), "the provider says so")?;
        let claims: Value =
            serde_json::from_slice(answer.bytes()).map_err(|_| "the provider's answer is unreadable")?;
        ensure(is_for(claims.get("aud"), &[id.to_owned()]), "it is for somebody else")?;
        let told = claims.get("nonce").and_then(Value::as_str);
        ensure(nonce.is_none() || told.is_none() || told == nonce, "its nonce is another")?;
        Ok(claims)
    }
}

type Checked<T> = std::result::Result<T, &'static str>;

fn ensure(holds: bool, reason: &'static str) -> Checked<()> {
    if holds { Ok(()) } else { Err(reason) }
}

fn holds(rules: &IdTokenRules, claims: &Value, nonce: Option<&str>) -> Checked<()> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let now_secs = i64::try_from(clock::now_millis() / 1000).unwrap_or(i64::MAX);
    text("sub").ok_or("it names no subject")?;
    ensure(is_for(claims.get("aud"), &rules.audiences), "it is for somebody else")?;
    ensure(is_asked_by(claims, rules), "somebody else asked for it")?;
    check_times(claims, rules.max_age_secs, now_secs)?;
    if let Some(nonce) = nonce {
        let told = text("nonce").ok_or("it has no nonce")?;
        let hashed = || hex::encode(&crypto::sha256(nonce.as_bytes()));
        let fits = told == nonce || (rules.nonce == NonceRule::ExactOrSha256 && told == hashed());
        ensure(fits, "its nonce is another")?;
    }
    ensure(rules.admits(claims), "it is of another issuer")
}

/// The claims, when one of the provider's keys made the signature by an algorithm that the rules allow.
fn signed(rules: &IdTokenRules, token: &str) -> Result<Checked<Value>> {
    let Some(header) = token.split('.').next().and_then(part) else { return Ok(Err("its header is unreadable")) };
    let name = header.get("alg").and_then(Value::as_str).unwrap_or_default();
    let is_allowed = rules.algorithms.is_empty() || rules.algorithms.iter().any(|allowed| allowed == name);
    let Some(algorithm) = Algorithm::parse(name).filter(|_| is_allowed) else {
        return Ok(Err("it is signed in a way that is not accepted"));
    };
    let kid = header.get("kid").and_then(Value::as_str);
    let mut keys = match fetched(rules, false)? {
        Ok(keys) => keys,
        Err(reason) => return Ok(Err(reason)),
    };
    if !keys.iter().any(|key| fits(key, algorithm, kid)) {
        keys = match fetched(rules, true)? {
            Ok(keys) => keys,
            Err(reason) => return Ok(Err(reason)),
        };
    }
    for key in keys.iter().filter(|key| fits(key, algorithm, kid)) {
        if let Ok(Some(claims)) = keys::verify::<Value>(&key.to_string(), algorithm, token) {
            return Ok(Ok(claims));
        }
    }
    Ok(Err("no key of the provider signed it"))
}

/// The provider's keys, from the cache unless they are wanted `anew`.
fn fetched(rules: &IdTokenRules, anew: bool) -> Result<Checked<Vec<Value>>> {
    let url = &rules.jwks;
    let (name, turn) = (format!("keys {url}"), format!("keys asked {url}"));
    let read =
        |text: &str| serde_json::from_str::<Value>(text).ok().and_then(|set| set.get("keys")?.as_array().cloned());
    let kept = cache::get(&name).and_then(|text| read(&text));
    if let Some(kept) = kept
        && (!anew || cache::get(&turn).is_some())
    {
        return Ok(Ok(kept));
    }
    if anew {
        cache::put(&turn, "", REFETCH_SECS)?;
    }
    let mut request = http::Request::get(url).header("accept", "application/json, application/jwk-set+json");
    for (name, value) in &rules.headers {
        request = request.header(name, value);
    }
    let answer = match request.send() {
        Ok(answer) if answer.is_success() => answer,
        Ok(_) | Err(_) => return Ok(Err("the provider's keys cannot be had")),
    };
    let text = answer.text().unwrap_or_default();
    let Some(keys) = read(text) else { return Ok(Err("the provider's keys are unreadable")) };
    _ = cache::put(&name, text, KEYS_KEPT_SECS);
    Ok(Ok(keys))
}

fn fits(key: &Value, algorithm: Algorithm, kid: Option<&str>) -> bool {
    let is = |name: &str, value: &str| key.get(name).is_none_or(|own| own == value);
    let kind = match algorithm {
        Algorithm::EdDsa => "OKP",
        Algorithm::Es256 | Algorithm::Es512 => "EC",
        Algorithm::Rs256 | Algorithm::Ps256 => "RSA",
    };
    let has_kind = key.get("kty").is_some_and(|own| own == kind);
    let is_named = kid.is_none_or(|kid| key.get("kid").and_then(Value::as_str) == Some(kid));
    has_kind && is_named && is("use", "sig") && is("alg", algorithm.name())
}

fn is_for(audience: Option<&Value>, ours: &[String]) -> bool {
    let is_ours = |value: &Value| value.as_str().is_some_and(|text| ours.iter().any(|own| own == text));
    match audience {
        Some(Value::Array(items)) => items.iter().any(is_ours),
        Some(value) => is_ours(value),
        None => false,
    }
}

/// Whether one of this server's apps asked for it, if it says who did.
fn is_asked_by(claims: &Value, rules: &IdTokenRules) -> bool {
    match claims.get("azp") {
        Some(Value::String(party)) => rules.audiences.contains(party),
        Some(_) => false,
        None => true,
    }
}

fn check_times(claims: &Value, max_age_secs: Option<u32>, now_secs: i64) -> Checked<()> {
    // A time with a fraction is rounded down.
    #[expect(clippy::cast_possible_truncation, reason = "a time that is no 64-bit number is none of today's")]
    let time = |name: &str| claims.get(name).and_then(Value::as_f64).map(|secs| secs as i64);
    let ends_at = time("exp").ok_or("it never ends")?;
    ensure(ends_at > now_secs - TOLERANCE_SECS, "it is over")?;
    let made_at = time("iat").ok_or("it does not say when it was made")?;
    let begins = time("nbf").unwrap_or(made_at);
    ensure(begins <= now_secs + TOLERANCE_SECS && made_at <= now_secs + TOLERANCE_SECS, "it is of the future")?;
    ensure(ends_at.saturating_sub(made_at) <= LONGEST_LIFE_SECS, "it lives too long")?;
    let age_secs = now_secs.saturating_sub(made_at);
    ensure(max_age_secs.is_none_or(|most| age_secs <= i64::from(most) + TOLERANCE_SECS), "it is too old")
}

/// The claims of a token, as they stand there.
fn unverified(token: &str) -> Option<Value> {
    token.split('.').nth(1).and_then(part)
}

/// One part of a token: an object.
fn part(text: &str) -> Option<Value> {
    let bytes = crypto::from_base64url(text)?;
    serde_json::from_slice::<Value>(&bytes).ok().filter(Value::is_object)
}
