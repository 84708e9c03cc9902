//! Devices whose owner need not prove the second factor again: a signed cookie and a record that dies with it.
//!
//! The record is the reference's: a verification `trust-device-<32 characters>` with the user's id. A table of this
//! plugin's own says which records a user has, so that all of them can be ended. The cookie is bound to the version of the
//! user's credentials: when anything about how they sign in changes, the device is trusted no more.

use doorward_sdk::prelude::*;
use serde::Deserialize;

/// The cookie: `<mac>!trust-device-<32 characters>`, signed.
pub const COOKIE: &str = "trust_device";
/// The cookies of other users of the same browser: this, and a keyed hash of the user's id.
pub const OWN_COOKIES: &str = "trust_device-";
const OWN_LENGTH: usize = 16;
pub const PREFIX: &str = "trust-device-";
const MODEL: &str = "twoFactorTrustedDevice";
const LENGTH: u32 = 32;
const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_";

/// Devices of one user that are forgotten at once.
const MOST: u32 = 1000;

#[derive(Deserialize)]
struct Device {
    identifier: String,
}

/// The table.
pub fn table() -> Table {
    Table::new(MODEL)
        .field(FieldRule::new("identifier", FieldType::String).required().indexed())
        .field(FieldRule::new("userId", FieldType::String).required().indexed().references("user"))
        .field(FieldRule::new("expiresAt", FieldType::Date).required())
        .credentials()
}

/// Trusts this browser for `ttl_secs`.
pub fn trust(user_id: &str, ttl_secs: u64) -> Result<()> {
    let identifier = format!("{PREFIX}{}", crypto::random_string(LENGTH, ALPHABET)?);
    verifications::create(&identifier, user_id, ttl_secs)?;
    let now = clock::now_millis();
    models::delete(MODEL, eq("userId", user_id).and(lt("expiresAt", clock::iso_text(now))))?;
    let row =
        json!({ "identifier": identifier, "userId": user_id, "expiresAt": clock::iso_text(now + ttl_secs * 1000) });
    models::insert::<Device>(MODEL, &row)?;
    // The cookie's own signature says that this server made it; the record says for whom.
    let attributes = cookies::Attributes { max_age_secs: Some(ttl_secs), http_only: true };
    // The reference's cookie is the first user's of this browser; every other has one of their own.
    let own = own_cookie(user_id);
    let is_taken = holder(COOKIE)?.is_some_and(|holder| holder != user_id);
    let name = if is_taken || cookies::get_signed(&own)?.is_some() { own.as_str() } else { COOKIE };
    cookies::set_signed(name, &format!("{}!{identifier}", seal(user_id, &identifier)?), attributes)
}

/// Says that the device was trusted under the present version of the user's credentials.
fn seal(user_id: &str, identifier: &str) -> Result<String> {
    let version = users::credentials_version(user_id)?.unwrap_or_default();
    let text = format!("{user_id}!{identifier}!{version}");
    Ok(crypto::base64url(&crypto::hmac_sha256(COOKIE, text.as_bytes())))
}

/// The cookie of a user who is not the first of this browser to trust it.
fn own_cookie(user_id: &str) -> String {
    let mac = crypto::base64url(&crypto::hmac_sha256(OWN_COOKIES, user_id.as_bytes()));
    format!("{OWN_COOKIES}{}", mac.get(..OWN_LENGTH).unwrap_or_default())
}

/// Whose trust a cookie of this browser stands for, while it holds.
fn holder(cookie: &str) -> Result<Option<String>> {
    match presented(cookie)? {
        Some((_, identifier)) => verifications::find(&identifier),
        None => Ok(None),
    }
}

/// Whether this user trusts this browser. The trust is renewed, and a cookie that is worth nothing is removed; that of
/// another user stays.
pub fn renew(user_id: &str, ttl_secs: u64) -> Result<bool> {
    for cookie in [COOKIE, &own_cookie(user_id)] {
        let Some((mac, identifier)) = presented(cookie)? else { continue };
        match verifications::find(&identifier)? {
            Some(holder) if holder != user_id => {}
            Some(_) if is_current(user_id, &mac, &identifier)? => {
                // Another sign-in may be faster.
                if verifications::consume(&identifier)?.as_deref() == Some(user_id) {
                    models::delete(MODEL, eq("identifier", &identifier))?;
                    trust(user_id, ttl_secs)?;
                    return Ok(true);
                }
            }
            _ => cookies::delete(cookie)?,
        }
    }
    Ok(false)
}

/// Whether nothing about how the user signs in has changed since. A record that the reference made names no version; it
/// stands in no table of this plugin.
fn is_current(user_id: &str, mac: &str, identifier: &str) -> Result<bool> {
    let is_ours = crypto::constant_time_equal(mac.as_bytes(), seal(user_id, identifier)?.as_bytes());
    Ok(is_ours || models::count(MODEL, eq("identifier", identifier))? == 0)
}

/// Ends the trust in every device of a user.
pub fn forget_all(user_id: &str) -> Result<()> {
    for device in models::find::<Device>(MODEL, eq("userId", user_id).limit(MOST))? {
        verifications::consume(&device.identifier)?;
    }
    models::delete(MODEL, eq("userId", user_id)).map(drop)
}

/// Ends the user's trust in this browser, whatever table it stands in.
pub fn forget_this(user_id: &str) -> Result<()> {
    for cookie in [COOKIE, &own_cookie(user_id)] {
        let Some((_, identifier)) = presented(cookie)? else { continue };
        match verifications::find(&identifier)? {
            Some(holder) if holder != user_id => {}
            _ => {
                verifications::consume(&identifier)?;
                cookies::delete(cookie)?;
            }
        }
    }
    Ok(())
}

/// Whoever had the password may have had a device, too: a new password ends the trust in all of them.
pub fn after_account_update(change: &Change) -> Result<()> {
    let row = change.data()?;
    let text = |field: &str| row.get(field).and_then(Value::as_str).unwrap_or_default();
    // These store the same password anew when its hash is of an old kind.
    let same_password = ["/sign-in/", "/two-factor/", "/verify-password"];
    let is_same = change.path().is_some_and(|path| same_password.iter().any(|prefix| path.starts_with(prefix)));
    if text("providerId") != "credential" || is_same {
        return Ok(());
    }
    forget_all(text("userId"))
}

/// What the cookie says: the keyed hash, and the identifier of the record.
fn presented(cookie: &str) -> Result<Option<(String, String)>> {
    let cookie = cookies::get_signed(cookie)?;
    let parts = cookie.as_deref().and_then(|value| value.split_once('!'));
    let parts = parts.filter(|(_, identifier)| identifier.starts_with(PREFIX));
    Ok(parts.map(|(mac, identifier)| (mac.to_owned(), identifier.to_owned())))
}
