//! The version of a user's credentials: a keyed hash over all that signs the user in. What is bound to it falls when any of
//! that changes.
//!
//! It moves with the address, the password, linked accounts, factors of plugins, and with "sign out everywhere".
//! Invariant: it is computed from the rows and stored nowhere, so a change moves it whoever makes it, also beside this
//! server. Only what leaves no trace in rows (an address that comes back, the end of all sessions) is counted, by [`bump`].

use super::{Auth, AuthError};
use crate::crypto::purpose::Purpose;
use crate::crypto::{base64_url, constant_time_eq, hmac_sha256};
use crate::store::user::{find_user_by_id, lock_user};
use crate::store::{Database, Field, Model, Models, Record, User, Value, account, counter, eq, user};

/// Longer than anything that is bound to a version lives, and than any browser keeps a cookie.
const COUNTED_SECS: u32 = 400 * 86_400;
const LENGTH: usize = 22;
/// Between a user's id and the version.
const MARK: char = '~';
/// More rows than a user has in any table of credentials.
const MOST_ROWS: u32 = 1000;

/// Whose a stamp is.
#[derive(Debug)]
pub enum Holder {
    /// The user, whose credentials are as they were when the stamp was made. Stamps of the reference and of older releases
    /// name no version and always are.
    Current(Box<User>),
    /// The credentials have changed.
    Stale,
    /// There is no such user any more.
    Gone,
}

/// The present version of the user's credentials: 22 characters.
///
/// # Errors
/// When the store fails.
pub async fn of(auth: &Auth, db: &dyn Database, user: &User) -> Result<String, AuthError> {
    let material = material(auth, db, user, Lock::No).await?;
    Ok(present(auth, &material))
}

/// As [`of`], in a transaction: the user and the accounts stay as they are until it ends.
///
/// # Errors
/// When the store fails.
pub async fn of_locked(auth: &Auth, db: &dyn Database, user_id: &str) -> Result<Option<String>, AuthError> {
    let Some(user) = lock_user(db, user_id).await? else { return Ok(None) };
    let material = material(auth, db, &user, Lock::Accounts).await?;
    Ok(Some(present(auth, &material)))
}

/// Asks the store as [`of`] does, for an address that no user has: the answer must take as long.
///
/// # Errors
/// When the store fails.
pub async fn of_nobody(auth: &Auth, db: &dyn Database) -> Result<(), AuthError> {
    let mut nobody = Record::new(auth.schema().model(user::MODEL)?);
    nobody.set("id", auth.random.id())?;
    of(auth, db, &User(nobody)).await.map(drop)
}

/// Whether the user's credentials are still those of `version`, made under any of the server's secrets.
///
/// # Errors
/// When the store fails.
pub async fn is_current(auth: &Auth, db: &dyn Database, user: &User, version: &str) -> Result<bool, AuthError> {
    let material = material(auth, db, user, Lock::No).await?;
    Ok(has(auth, &material, version))
}

/// The user and the present version as one text: the value of a verification.
///
/// # Errors
/// When the store fails.
pub async fn stamp(auth: &Auth, db: &dyn Database, user: &User) -> Result<String, AuthError> {
    Ok(format!("{}{MARK}{}", user.id(), of(auth, db, user).await?))
}

/// Whose the stamp is. `db` is the transaction that redeems it: the user and the accounts stay as they are until it ends.
///
/// # Errors
/// When the store fails.
pub async fn redeem(auth: &Auth, db: &dyn Database, stamp: &str) -> Result<Holder, AuthError> {
    let Some((user_id, version)) = parts(stamp) else {
        return Ok(found(lock_user(db, stamp).await?));
    };
    let Some(user) = lock_user(db, user_id).await? else { return Ok(Holder::Gone) };
    let material = material(auth, db, &user, Lock::Accounts).await?;
    Ok(if has(auth, &material, version) { Holder::Current(Box::new(user)) } else { Holder::Stale })
}

/// As [`redeem`], for showing only.
///
/// # Errors
/// When the store fails.
pub async fn holder(auth: &Auth, db: &dyn Database, stamp: &str) -> Result<Holder, AuthError> {
    let Some((user_id, version)) = parts(stamp) else {
        return Ok(found(find_user_by_id(db, stamp).await?));
    };
    let Some(user) = find_user_by_id(db, user_id).await? else { return Ok(Holder::Gone) };
    let is_current = is_current(auth, db, &user, version).await?;
    Ok(if is_current { Holder::Current(Box::new(user)) } else { Holder::Stale })
}

/// Moves the version where the rows do not tell that something changed.
///
/// # Errors
/// When the store fails.
pub async fn bump(auth: &Auth, db: &dyn Database, user_id: &str) -> Result<(), AuthError> {
    counter::hit(db, &auth.random.id(), &key_of(user_id), COUNTED_SECS, auth.now()).await?;
    Ok(())
}

/// The version of this material under the current secret.
fn present(auth: &Auth, material: &[u8]) -> String {
    let key = Purpose::CredentialsVersion.key(&auth.config.secret_value);
    text(key.expose(), material)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lock {
    No,
    Accounts,
}

fn found(user: Option<User>) -> Holder {
    user.map_or(Holder::Gone, |user| Holder::Current(Box::new(user)))
}

/// The id and the version in a stamp; none when it is an id alone.
fn parts(stamp: &str) -> Option<(&str, &str)> {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    stamp.rsplit_once(MARK).filter(|(_, version)| version.len() == LENGTH && version.bytes().all(is_letter))
}

fn has(auth: &Auth, material: &[u8], version: &str) -> bool {
    let keys = auth.config.all_secrets.iter().map(|secret| Purpose::CredentialsVersion.key(secret));
    // Every key is tried, so that time does not tell which one it was.
    keys.fold(false, |is_one, key| {
        is_one | constant_time_eq(text(key.expose(), material).as_bytes(), version.as_bytes())
    })
}

fn text(key: &[u8], material: &[u8]) -> String {
    let mut text = base64_url(&hmac_sha256(key, material));
    text.truncate(LENGTH);
    text
}

fn key_of(user_id: &str) -> String {
    format!("doorward:credentials:{user_id}")
}

/// All that signs the user in, each part with its length before it.
async fn material(auth: &Auth, db: &dyn Database, user: &User, lock: Lock) -> Result<Vec<u8>, AuthError> {
    let mut out = Vec::new();
    let counted = counter::window(db, &key_of(user.id()), auth.now()).await?;
    let counted = counted.map(|(count, ends_at)| format!("{count}.{}", ends_at.0)).unwrap_or_default();
    for part in [user.id(), user.email(), &counted] {
        push(&mut out, part);
    }
    // What a plugin says about nobody changes nothing, so that loading the plugin moves no version.
    push_fields(&mut out, &user.0, |field, value| {
        field.is_credential && !value.is_null() && Some(value) != field.default.as_ref()
    });
    let own = [eq("userId", user.id())];
    let accounts = match lock {
        Lock::No => db.find_many(account::MODEL, &own, None, Some(MOST_ROWS), None).await?,
        Lock::Accounts => db.find_for_update(account::MODEL, &own).await?,
    };
    push_rows(&mut out, account::MODEL, accounts, |field| {
        matches!(field.name.as_str(), "id" | "providerId" | "accountId" | "password")
    });
    for model in auth.schema().models() {
        let Some(owner) = owner_of_factors(model) else { continue };
        let own = [eq(owner.name.clone(), user.id())];
        let rows = db.find_many(&model.name, &own, None, Some(MOST_ROWS), None).await?;
        push_rows(&mut out, &model.name, rows, |field| field.name == "id" || field.is_factor);
    }
    Ok(out)
}

/// The field that says whose a factor is, when the model has factors.
pub(super) fn owner_of_factors(model: &Model) -> Option<&Field> {
    let has_factors = model.fields.iter().any(|field| field.is_factor);
    model.fields.iter().find(|field| has_factors && field.is_credential)
}

/// The rows in an order of their own: a database may give them in any.
fn push_rows(out: &mut Vec<u8>, model: &str, mut rows: Vec<Record>, is_part: impl Fn(&Field) -> bool) {
    if rows.is_empty() {
        return;
    }
    rows.sort_by(|one, other| one.text("id").cmp(other.text("id")));
    push(out, model);
    push(out, &rows.len().to_string());
    for row in &rows {
        push_fields(out, row, |field, _| is_part(field));
    }
}

fn push_fields(out: &mut Vec<u8>, row: &Record, is_part: impl Fn(&Field, &Value) -> bool) {
    for (field, value) in row.model().fields.iter().zip(row.values()).filter(|(field, value)| is_part(field, value)) {
        push(out, &field.name);
        // Null and no text are two things.
        push(out, if *value == Value::Null { "null" } else { "value" });
        push(out, &value.to_json().to_string());
    }
}

fn push(out: &mut Vec<u8>, part: &str) {
    out.extend((part.len() as u64).to_be_bytes());
    out.extend(part.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_an_id_and_a_version_or_an_id_alone() {
        let version = "a".repeat(LENGTH);
        assert_eq!(parts(&format!("u1~{version}")), Some(("u1", version.as_str())));
        assert_eq!(parts(&format!("u~1~{version}")), Some(("u~1", version.as_str())));
        for alone in ["u1", "u1~", "u~1", &format!("u1~{version}b"), &format!("u1~{}", "!".repeat(LENGTH))] {
            assert_eq!(parts(alone), None, "{alone}");
        }
    }
}
