//! The account cookie: the encrypted row of the provider account that this browser used last to sign in.
//!
//! Source: `cookies.md` of the wire contract, "account_data".

use serde_json::{Map, Value as Json};

use super::Exchange;
use crate::cookie::{Cookie, chunks};
use crate::crypto::jwe::JweKey;
use crate::crypto::secret::Secret;
use crate::store::{Account, Record, account};

const PURPOSE: &str = "better-auth-account";

impl Exchange {
    /// Sends the cookie, when `account.store_account_cookie` is on. It holds the tokens as the store does.
    pub fn remember_account(&mut self, account: &Account) {
        if !self.auth().config.account.store_account_cookie {
            return;
        }
        let fields = account.0.model().fields.iter().zip(account.0.values());
        let claims = fields
            .filter(|(field, _)| field.name != "password")
            .map(|(field, value)| (field.name.clone(), value.to_json()))
            .collect();
        self.send_account_cookie(claims);
    }

    /// Sends the browser's cookie again, so that it lives as long as the copy of the session beside it; one that is another
    /// user's is removed. Called by: whoever sends a copy.
    pub(super) fn renew_account_cookie(&mut self, user_id: &str) {
        let spec = self.auth().cookies.account_data.clone();
        let is_sent = self.cookies.iter().any(|cookie| chunks::is_of(&cookie.name, &spec.name));
        if !self.auth().config.account.store_account_cookie || is_sent {
            return;
        }
        let Some(claims) = self.account_claims() else { return };
        if claims.get("userId").and_then(Json::as_str) == Some(user_id) {
            return self.send_account_cookie(claims);
        }
        let names = chunks::names(&self.request, &spec.name);
        self.cookies.push(spec.deletion());
        self.cookies.extend(names.into_iter().map(|name| Cookie { name, ..spec.deletion() }));
    }

    fn send_account_cookie(&mut self, mut claims: Map<String, Json>) {
        let auth = self.auth();
        let max_age_secs = auth.config.session.cookie_cache.max_age;
        let now_secs = auth.now().as_secs();
        claims.insert("iat".into(), now_secs.into());
        claims.insert("exp".into(), (now_secs + max_age_secs).into());
        claims.shift_remove("jti");
        let sealed = key(&auth.config.secret_value).and_then(|key| key.seal_claims(claims, &*auth.random));
        let Some(sealed) = sealed else { return };
        let spec = auth.cookies.account_data.clone();
        let cookies = chunks::write(&spec, &sealed, Some(max_age_secs), &chunks::names(&self.request, &spec.name));
        self.withdraw(&spec);
        self.cookies.extend(cookies);
    }

    /// Owner and row of the account in the cookie, if the cookie is genuine and has not expired. The stored row may
    /// have changed since: read it from the store.
    pub fn remembered_account(&self) -> Option<(String, String)> {
        if !self.auth().config.account.store_account_cookie {
            return None;
        }
        let claims = self.account_claims()?;
        let text = |name: &str| claims.get(name).and_then(Json::as_str).map(str::to_owned);
        Some((text("userId")?, text("id")?))
    }

    /// The account in the cookie, where there is no database that could have a newer one.
    pub fn account_of_cookie(&self) -> Option<Account> {
        if !self.auth().config.is_stateless() {
            return None;
        }
        let record = Record::from_full_json(self.auth().schema().model(account::MODEL).ok()?, &self.account_claims()?);
        record.map(Account)
    }

    fn account_claims(&self) -> Option<Map<String, Json>> {
        let auth = self.auth();
        let sealed = chunks::read(&self.request, &auth.cookies.account_data.name)?;
        let open = |secret| key(secret)?.open_claims(&sealed, auth.now());
        auth.config.all_secrets.iter().find_map(open)
    }
}

fn key(secret: &Secret<String>) -> Option<JweKey> {
    JweKey::derive(secret.expose().as_bytes(), PURPOSE)
}
