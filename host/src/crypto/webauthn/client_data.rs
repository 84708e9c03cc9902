//! What the browser says about the ceremony: its kind, its challenge and the page that asked.
//!
//! Source: WebAuthn Level 2 §5.8.1 and §7; `topOrigin` is Level 3's.

use serde_json::{Map, Value as Json};

use super::{Checked, Expected, Refused, require};
use crate::crypto::from_base64_url;

/// The browser's answer as JSON text: `{id, rawId, type, response, …}`.
pub(super) struct Answer {
    pub(super) id: String,
    response: Map<String, Json>,
}

impl Answer {
    pub(super) fn parse(json: &str) -> Checked<Self> {
        let malformed = Refused::Answer("the answer is malformed");
        let mut fields: Map<String, Json> = serde_json::from_str(json).map_err(|_| malformed)?;
        let text = |name: &str| fields.get(name).and_then(Json::as_str).unwrap_or_default();
        let id = text("id").to_owned();
        require(!id.is_empty() && id == text("rawId"), "the answer names two credentials")?;
        require(text("type") == "public-key", "the answer is of another type")?;
        match fields.remove("response") {
            Some(Json::Object(response)) => Ok(Self { id, response }),
            _ => Err(Refused::Answer("the answer has no response")),
        }
    }

    /// A member of the response: base64url without padding.
    pub(super) fn bytes(&self, name: &str) -> Checked<Vec<u8>> {
        let text = self.response.get(name).and_then(Json::as_str);
        text.and_then(from_base64_url).ok_or(Refused::Answer("a part of the response is missing or is not base64url"))
    }

    /// The client data, checked for a ceremony of this kind; what the authenticator signed is their hash.
    pub(super) fn client_data(&self, kind: &str, expected: &Expected<'_>) -> Checked<Vec<u8>> {
        let bytes = self.bytes("clientDataJSON")?;
        let data: Map<String, Json> =
            serde_json::from_slice(&bytes).map_err(|_| Refused::Answer("the client data is no JSON object"))?;
        let is = |name: &str, expected: &str| data.get(name).and_then(Json::as_str) == Some(expected);
        require(is("type", kind), "the ceremony is of another kind")?;
        require(!expected.challenge.is_empty() && is("challenge", expected.challenge), "the challenge is another")?;
        require(expected.origins.iter().any(|origin| is("origin", origin)), "the page is not one that may ask")?;
        let is_framed = data.get("crossOrigin").is_some_and(|value| value != &Json::Bool(false));
        require(!is_framed && !data.contains_key("topOrigin"), "the page was inside another one")?;
        let binding = data.get("tokenBinding").map(|binding| binding.get("status").and_then(Json::as_str));
        // No TLS connection of this server has a token binding, so none can be the one that the browser means.
        let is_unbound = matches!(binding, None | Some(Some("supported" | "not-supported" | "notSupported")));
        require(is_unbound, "the token binding is another")?;
        Ok(bytes)
    }
}
