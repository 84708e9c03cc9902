//! What a provider says about itself: OpenID Connect Discovery 1.0, fetched once an hour and kept in the cache.
//!
//! A failure is kept too, for less: a provider that does not answer is not waited for in every request.

use super::shape::is_url;
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
/// How long a failure is kept.
const FAILED_SECS: u32 = 30;
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
    /// The document at `url`. Its issuer is `issuer`, or the URL without its well-known part.
    ///
    /// # Errors
    /// Why there is none, or why it is not trusted; for half a minute, the same again without another look.
    pub fn fetch(url: &str, issuer: Option<&str>, headers: &[(String, String)]) -> Result<Discovery, String> {
        let key = crypto::base64url(&crypto::sha256(format!("{url} {issuer:?}").as_bytes()));
        let (key, failed_key) = (format!("discovery {key}"), format!("failed discovery {key}"));
        if let Some(kept) = cache::get(&key).and_then(|kept| serde_json::from_str(&kept).ok()) {
            return Ok(kept);
        }
        if let Some(reason) = cache::get(&failed_key) {
            return Err(format!("{reason}, a moment ago"));
        }
        // What is not kept is fetched again.
        match Discovery::look(url, issuer, headers) {
            Ok(read) => {
                _ = serde_json::to_string(&read).map(|kept| cache::put(&key, &kept, KEPT_SECS));
                Ok(read)
            }
            Err(reason) => {
                _ = cache::put(&failed_key, &reason, FAILED_SECS);
                Err(reason)
            }
        }
    }

    fn look(url: &str, issuer: Option<&str>, headers: &[(String, String)]) -> Result<Discovery, String> {
        let mut request = http::Request::get(url).header("accept", "application/json");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = request.send().map_err(|failure| format!("{failure:?}"))?;
        if !answer.is_success() {
            return Err(format!("status {}", answer.status()));
        }
        let document: Value = serde_json::from_slice(answer.bytes()).map_err(|error| error.to_string())?;
        Discovery::read(url, issuer, &document)
    }

    /// What the document at `url` says.
    ///
    /// # Errors
    /// Why it is not trusted.
    pub fn read(url: &str, issuer: Option<&str>, document: &Value) -> Result<Discovery, String> {
        let text = |name: &str| document.get(name).and_then(Value::as_str);
        let named = text("issuer").ok_or("it names no issuer")?;
        let expected = issuer.or_else(|| url.split_once("/.well-known/").map(|(base, _)| base));
        if expected.is_some_and(|expected| expected.trim_end_matches('/') != named.trim_end_matches('/')) {
            return Err(format!("it is that of {named}"));
        }
        let mut fields = Map::new();
        for (theirs, ours) in FIELDS {
            let Some(value) = text(theirs) else { continue };
            // What was found over a protected connection does not lead to an open one.
            if !is_url(value) || (url.starts_with("https://") && !value.starts_with("https://")) {
                return Err(format!("its `{theirs}` is {value}"));
            }
            fields.insert(ours.to_owned(), Value::String(value.to_owned()));
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
