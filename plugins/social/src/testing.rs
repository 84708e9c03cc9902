//! A provider for tests: discovery, keys, codes and ID tokens on the fake host.

use crate::plugin;
use doorward_sdk::fake::{self, RawRequest};
use doorward_sdk::keys::{self, Algorithm, KeyPair};
use doorward_sdk::prelude::*;

pub const ISSUER: &str = "https://idp.example.com";

/// A provider and what it says next.
pub struct Provider {
    key: KeyPair,
    /// The claims of the next ID token, without those of every token.
    pub claims: Value,
    /// Replaces the ID token of the next answer.
    pub id_token: Option<String>,
}

/// An empty world with the provider `wire`; `settings` are added to its own, `account` is the core's section.
pub fn world(settings: Value, account: Value) -> Provider {
    fake::reset();
    let key = keys::generate(Algorithm::Rs256).expect("key");
    let mut own = json!({ "client_id": "client", "client_secret": "hush", "discovery_url": url("/.well-known/openid-configuration") });
    let (Value::Object(own_fields), Value::Object(more)) = (&mut own, settings) else { panic!("objects") };
    own_fields.extend(more);
    fake::with(|world| {
        world.options = json!({ "providers": { "wire": own, "other": own } }).to_string();
        // Its host is none that the manifest names: the operator allows it.
        let host = ISSUER.trim_start_matches("https://").split('/').next().unwrap_or_default();
        world.allowed_hosts = vec![host.to_owned()];
        for (name, section) in
            [("account", account), ("user", json!({})), ("on_api_error", json!({})), ("email_verification", json!({}))]
        {
            world.core_options.insert(name.to_owned(), section);
        }
    });
    let document = json!({
        "issuer": ISSUER,
        "authorization_endpoint": url("/authorize"),
        "token_endpoint": url("/token"),
        "userinfo_endpoint": url("/userinfo"),
        "end_session_endpoint": url("/logout"),
        "jwks_uri": url("/jwks"),
        "id_token_signing_alg_values_supported": ["RS256"],
    });
    fake::answer_http(&url("/.well-known/openid-configuration"), 200, &document.to_string());
    let mut public: Value = serde_json::from_str(&key.public_key).expect("JWK");
    public["kid"] = json!("key-1");
    fake::answer_http(&url("/jwks"), 200, &json!({ "keys": [public] }).to_string());
    let claims = json!({ "sub": "sub-1", "email": "Ada@Example.com", "email_verified": true, "name": "Ada" });
    Provider { key, claims, id_token: None }
}

pub fn url(path: &str) -> String {
    format!("{ISSUER}{path}")
}

impl Provider {
    /// An ID token of the claims and these.
    pub fn token(&self, more: Value) -> String {
        let now_secs = fake::with(|world| world.now_millis) / 1000;
        let mut claims = json!({ "iss": ISSUER, "aud": "client", "iat": now_secs, "exp": now_secs + 3600 });
        for part in [&self.claims, &more] {
            for (name, value) in part.as_object().expect("claims") {
                claims[name] = value.clone();
            }
        }
        if let Value::Object(claims) = &mut claims {
            claims.retain(|_, value| !value.is_null());
        }
        keys::sign(&self.key.private_key, Algorithm::Rs256, &json!({ "kid": "key-1" }), &claims).expect("token")
    }

    /// Begins a sign-in and lets the provider answer the exchange of its code: the state.
    pub fn begin(&self, path: &str, body: Value) -> String {
        let answer = RawRequest::post(path, &body).send(&plugin()).expect("begun");
        let url = fake::body(&answer)["url"].as_str().expect("url").to_owned();
        let state = parameter(&url, "state");
        let id_token =
            self.id_token.clone().unwrap_or_else(|| self.token(json!({ "nonce": parameter(&url, "nonce") })));
        let tokens = json!({
            "access_token": "at-1", "refresh_token": "rt-1", "token_type": "Bearer", "expires_in": 3600,
            "scope": "openid email", "id_token": id_token,
        });
        fake::answer_http(&self::url("/token"), 200, &tokens.to_string());
        state
    }

    /// The whole way: where the browser ends.
    pub fn sign_in(&self, body: Value) -> String {
        let mut whole = json!({ "provider": "wire", "callbackURL": "/home", "errorCallbackURL": "/oops" });
        for (name, value) in body.as_object().expect("body") {
            whole[name] = value.clone();
        }
        let state = self.begin("/sign-in/social", whole);
        come_back("wire", &[("code", "code-1"), ("state", &state)])
    }
}

/// The callback's answer: where the browser goes.
pub fn come_back(provider: &str, query: &[(&str, &str)]) -> String {
    let answer = RawRequest::get(&format!("/callback/{provider}"), query).send(&plugin()).expect("answer");
    assert_eq!(fake::status(&answer), 302);
    fake::header(&answer, "location").expect("location")
}

/// A parameter of a URL.
pub fn parameter(url: &str, name: &str) -> String {
    let pairs = url.split_once('?').map_or("", |(_, query)| query).split('&');
    let value = pairs.filter_map(|pair| pair.split_once('=')).find(|(own, _)| *own == name);
    value.map(|(_, value)| links::decode(value)).unwrap_or_default()
}

/// How many users, accounts and sessions there are.
pub fn counts() -> [usize; 3] {
    fake::with(|world| [world.users.len(), world.accounts.len(), world.sessions.len()])
}
