//! What a provider says about itself: OpenID Connect Discovery 1.0, fetched once and kept in the cache.

use doorward_sdk::prelude::*;
use serde::{Deserialize, Serialize};

/// The parts of a discovery document that are used, under the names of the settings that replace them.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Discovery {
    fields: Map<String, Value>,
    /// `id_token_signing_alg_values_supported`.
    pub(super) algorithms: Vec<String>,
}

const KEPT_SECS: u32 = 3600;
const UNREACHABLE: ErrorCode =
    ErrorCode::new(502, "DISCOVERY_FAILED", "The provider's configuration could not be read");
/// The name in the document and the setting that it stands for.
const FIELDS: [(&str, &str); 6] = [
    ("issuer", "issuer"),
    ("authorization_endpoint", "authorization_url"),
    ("token_endpoint", "token_url"),
    ("userinfo_endpoint", "user_info_url"),
    ("end_session_endpoint", "end_session_endpoint"),
    ("jwks_uri", "jwks_uri"),
];

impl Discovery {
    /// The document at `url`.
    ///
    /// # Errors
    /// `DISCOVERY_FAILED` when there is none, or it is another issuer's.
    pub fn fetch(url: &str, headers: &[(String, String)]) -> Result<Discovery> {
        let kept = cache::remember(&format!("discovery {url}"), KEPT_SECS, || {
            let mut request = http::Request::get(url).header("accept", "application/json");
            for (name, value) in headers {
                request = request.header(name, value);
            }
            let answer = request.send().map_err(|failure| failed(url, &format!("{failure:?}")))?;
            if !answer.is_success() {
                return Err(failed(url, &format!("status {}", answer.status())));
            }
            let document: Value =
                serde_json::from_slice(answer.bytes()).map_err(|error| failed(url, &error.to_string()))?;
            let read = Discovery::read(url, &document).map_err(|reason| failed(url, reason))?;
            Ok(serde_json::to_string(&read)?)
        })?;
        Ok(serde_json::from_str(&kept)?)
    }

    /// What the document at `url` says.
    ///
    /// # Errors
    /// Why it is not trusted.
    pub fn read(url: &str, document: &Value) -> std::result::Result<Discovery, &'static str> {
        let mut fields = Map::new();
        for (theirs, ours) in FIELDS {
            if let Some(Value::String(value)) = document.get(theirs) {
                fields.insert(ours.to_owned(), Value::String(value.clone()));
            }
        }
        let issuer = document.get("issuer").and_then(Value::as_str).ok_or("it names no issuer")?;
        if !is_issuer_of(issuer, url) {
            return Err("it is another issuer's");
        }
        let algorithms = document.get("id_token_signing_alg_values_supported").and_then(Value::as_array);
        let algorithms = algorithms.into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect();
        Ok(Discovery { fields, algorithms })
    }

    /// What stands for a setting.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.as_str()
    }

    /// It signs ID tokens.
    pub fn is_oidc(&self) -> bool {
        !self.algorithms.is_empty()
    }

    /// Its ID tokens can be verified.
    pub fn has_keys(&self) -> bool {
        self.value("jwks_uri").is_some() && self.value("issuer").is_some()
    }
}

/// OpenID Connect Discovery 1.0, section 4.3: the issuer is the URL without the well-known part.
fn is_issuer_of(issuer: &str, url: &str) -> bool {
    match url.split_once("/.well-known/") {
        Some((base, _)) => issuer.trim_end_matches('/') == base.trim_end_matches('/'),
        None => true,
    }
}

fn failed(url: &str, reason: &str) -> Error {
    log::error(&format!("the discovery document at {url}: {reason}"));
    UNREACHABLE.into()
}
