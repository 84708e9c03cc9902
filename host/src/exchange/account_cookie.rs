//! The cookie that tells which account at a provider this browser signed in with last: the row, encrypted.
//!
//! Source: `cookies.md` of the wire contract, "account_data".

use serde_json::{Map, Value as Json};

use super::Exchange;
use crate::cookie::chunks;
use crate::jwe::{IV_BYTES, JweKey};
use crate::store::Account;

const PURPOSE: &str = "better-auth-account";
/// How far another server's clock may be behind.
const TOLERANCE_SECS: i64 = 15;

impl Exchange {
    /// Sends the cookie, when `account.store_account_cookie` is on. Tokens are in it as they are stored.
    pub fn remember_account(&mut self, account: &Account) {
        let auth = self.auth();
        if !auth.config.account.store_account_cookie {
            return;
        }
        let max_age_secs = auth.config.session.cookie_cache.max_age;
        let now_secs = auth.now().as_secs();
        let fields = account.0.model().fields.iter().zip(account.0.values());
        let mut claims: Map<String, Json> = fields
            .filter(|(field, _)| field.name != "password")
            .map(|(field, value)| (field.name.clone(), value.to_json()))
            .collect();
        claims.insert("iat".into(), now_secs.into());
        claims.insert("exp".into(), (now_secs + max_age_secs).into());
        claims.insert("jti".into(), auth.random.uuid().into());
        let mut iv = [0; IV_BYTES];
        auth.random.fill(&mut iv);
        let key = JweKey::derive(auth.config.secret_value.expose().as_bytes(), PURPOSE);
        let Some(sealed) = key.and_then(|key| key.seal(Json::from(claims).to_string().as_bytes(), iv)) else { return };
        let spec = auth.cookies.account_data.clone();
        let cookies = chunks::write(&spec, &sealed, Some(max_age_secs), &chunks::names(&self.request, &spec.name));
        self.withdraw(&spec);
        self.cookies.extend(cookies);
    }

    /// Owner and row of the account in the cookie, when it is genuine and not over. The row may have changed since: ask the
    /// store.
    pub fn remembered_account(&self) -> Option<(String, String)> {
        let auth = self.auth();
        if !auth.config.account.store_account_cookie {
            return None;
        }
        let sealed = chunks::read(&self.request, &auth.cookies.account_data.name)?;
        let open =
            |secret: &crate::secret::Secret<String>| JweKey::derive(secret.expose().as_bytes(), PURPOSE)?.open(&sealed);
        let claims: Map<String, Json> = serde_json::from_slice(&auth.config.all_secrets.iter().find_map(open)?).ok()?;
        let until_secs = claims.get("exp").and_then(Json::as_i64)?;
        let text = |name: &str| claims.get(name).and_then(Json::as_str).map(str::to_owned);
        (until_secs + TOLERANCE_SECS > auth.now().as_secs()).then_some(())?;
        Some((text("userId")?, text("id")?))
    }
}
