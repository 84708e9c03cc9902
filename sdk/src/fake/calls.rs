//! The fake host's answers, with the signatures of the real imports.

use super::{duty, with};
use crate::bindings::doorward::plugin::types::HostError;
use serde_json::{Map, Value, json};

type Answer<T> = Result<T, HostError>;

pub(super) fn object(text: &str) -> Answer<Map<String, Value>> {
    serde_json::from_str(text).map_err(|error| HostError::Invalid(error.to_string()))
}

pub mod clock {
    pub fn now_millis() -> u64 {
        super::with(|world| world.now_millis)
    }
}

pub mod config {
    pub fn options() -> String {
        super::with(|world| world.options.clone())
    }
    pub fn base_url() -> String {
        "http://localhost:3000".to_owned()
    }
    pub fn base_path() -> String {
        "/api/auth".to_owned()
    }
    pub fn app_name() -> String {
        "Test".to_owned()
    }
    pub fn core_options(section: &str) -> Option<String> {
        super::with(|world| world.core_options.get(section).map(ToString::to_string))
    }
}

pub mod log {
    use crate::bindings::doorward::plugin::log::Level;
    pub fn write(level: Level, message: &str) {
        super::with(|world| world.log.push(format!("{level:?}: {message}")));
    }
}

pub mod crypto {
    use super::{Answer, with};
    pub fn random_string(length: u32, alphabet: &str) -> Answer<String> {
        let mut drawn = with(|world| {
            world.drawn += 1;
            world.drawn
        });
        let letters: Vec<char> = alphabet.chars().collect();
        Ok((0..length)
            .filter_map(|_| {
                drawn = drawn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let place = (drawn >> 33) % letters.len().max(1) as u64;
                letters.get(usize::try_from(place).ok()?).copied()
            })
            .collect())
    }
    pub fn random_bytes(length: u32) -> Answer<Vec<u8>> {
        random_string(length, "abcdefghijklmnopqrstuvwxyz").map(String::into_bytes)
    }
    /// Not SHA-256: a fake that is different for different data is enough for a plugin's own tests.
    pub fn sha256(data: &[u8]) -> Vec<u8> {
        let seeds: [u64; 4] = [1, 2, 3, 4];
        let mix =
            |seed: u64| data.iter().fold(seed, |sum, byte| sum.wrapping_mul(1_099_511_628_211) ^ u64::from(*byte));
        seeds.into_iter().flat_map(|seed| mix(seed).to_be_bytes()).collect()
    }
    pub fn hmac_sha256(purpose: &str, data: &[u8]) -> Vec<u8> {
        sha256(&[purpose.as_bytes(), b"\0", data].concat())
    }
    /// No encryption: a test sees what was sealed.
    pub fn seal(purpose: &str, data: &[u8]) -> Answer<Vec<u8>> {
        Ok([b"sealed for ", purpose.as_bytes(), b": ", data].concat())
    }
    pub fn open(purpose: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let mark = [b"sealed for ", purpose.as_bytes(), b": "].concat();
        sealed.strip_prefix(mark.as_slice()).map(<[u8]>::to_vec)
    }
    pub fn constant_time_equal(left: &[u8], right: &[u8]) -> bool {
        left == right
    }
}

pub mod cookies {
    use super::{Answer, HostError, duty, with};
    use crate::bindings::doorward::plugin::cookies::Attributes;
    const LONGEST_VALUE: usize = 3800;
    pub fn get(name: &str) -> Answer<Option<String>> {
        at_its_time!("cookies", "get");
        duty::cookie(name)?;
        Ok(with(|world| world.cookies.get(name).cloned()))
    }
    pub fn get_signed(name: &str) -> Answer<Option<String>> {
        at_its_time!("cookies", "get-signed");
        get(name)
    }
    pub fn list_signed(prefix: &str) -> Answer<Vec<(String, String)>> {
        at_its_time!("cookies", "list-signed");
        duty::cookie_prefix(prefix)?;
        Ok(with(|world| {
            let all = world.cookies.iter().filter(|(name, _)| name.starts_with(prefix));
            all.map(|(name, value)| (name.clone(), value.clone())).collect()
        }))
    }
    pub fn set(name: &str, value: &str, _attributes: Attributes) -> Answer<()> {
        at_its_time!("cookies", "set");
        duty::cookie(name)?;
        if value.len() > LONGEST_VALUE {
            return Err(HostError::Invalid(format!("a cookie's value has at most {LONGEST_VALUE} bytes")));
        }
        with(|world| world.cookies.insert(name.to_owned(), value.to_owned()));
        Ok(())
    }
    pub fn set_signed(name: &str, value: &str, attributes: Attributes) -> Answer<()> {
        at_its_time!("cookies", "set-signed");
        set(name, value, attributes)
    }
    pub fn delete(name: &str) -> Answer<()> {
        at_its_time!("cookies", "delete");
        duty::cookie(name)?;
        with(|world| world.cookies.remove(name));
        Ok(())
    }
}

pub mod verifications {
    use super::{Answer, HostError, duty, with};
    const LONGEST_IDENTIFIER: usize = 512;
    const LONGEST_VALUE: usize = 64 << 10;
    fn owns(identifier: &str, value: &str) -> Answer<()> {
        duty::verification(identifier)?;
        if identifier.len() > LONGEST_IDENTIFIER || value.len() > LONGEST_VALUE {
            let reason = format!("an identifier has at most {LONGEST_IDENTIFIER} bytes and a value {LONGEST_VALUE}");
            return Err(HostError::Invalid(reason));
        }
        Ok(())
    }
    pub fn create(identifier: &str, value: &str, ttl_secs: u64) -> Answer<()> {
        at_its_time!("verifications", "create");
        owns(identifier, value)?;
        with(|world| {
            let ends = world.now_millis + ttl_secs * 1000;
            world.verifications.insert(identifier.to_owned(), (value.to_owned(), ends));
        });
        Ok(())
    }
    pub fn find(identifier: &str) -> Answer<Option<String>> {
        at_its_time!("verifications", "find");
        owns(identifier, "")?;
        Ok(with(|world| {
            let (value, ends) = world.verifications.get(identifier)?;
            (*ends > world.now_millis).then(|| value.clone())
        }))
    }
    pub fn consume(identifier: &str) -> Answer<Option<String>> {
        at_its_time!("verifications", "consume");
        let value = find(identifier)?;
        with(|world| world.verifications.remove(identifier));
        Ok(value)
    }
    pub fn replace(identifier: &str, current: &str, value: &str) -> Answer<bool> {
        at_its_time!("verifications", "replace");
        owns(identifier, value)?;
        if find(identifier)?.as_deref() != Some(current) {
            return Ok(false);
        }
        Ok(with(|world| world.verifications.get_mut(identifier).map(|slot| value.clone_into(&mut slot.0)).is_some()))
    }
}

pub mod users {
    use super::{Answer, HostError, Map, Value, duty, object, with};
    use doorward_contract::is_email;
    pub fn find_by_id(id: &str) -> Answer<Option<String>> {
        at_its_time!("users", "find-by-id");
        Ok(with(|world| world.users.get(id).cloned()).map(duty::shown_user))
    }
    pub fn lock(id: &str) -> Answer<Option<String>> {
        at_its_time!("users", "lock");
        find_by_id(id)
    }
    pub fn credentials_version(id: &str) -> Answer<Option<String>> {
        at_its_time!("users", "credentials-version");
        Ok(with(|world| {
            let user = world.users.get(id)?;
            let parts =
                super::json!([id, user.get("email"), world.passwords.get(id), world.credential_changes.get(id)]);
            Some(parts.to_string())
        }))
    }
    pub fn tell_of_change(id: &str, change: &str) -> Answer<()> {
        at_its_time!("users", "tell-of-change");
        with(|world| world.told.push((id.to_owned(), change.to_owned())));
        Ok(())
    }
    pub fn find_by_email(email: &str) -> Answer<Option<String>> {
        at_its_time!("users", "find-by-email");
        let wanted = Value::from(email.to_ascii_lowercase());
        let found = |user: &&Map<String, Value>| user.get("email") == Some(&wanted);
        Ok(with(|world| world.users.values().find(found).cloned()).map(duty::shown_user))
    }
    pub fn find_by_own_field(field: &str, value: &str) -> Answer<Option<String>> {
        at_its_time!("users", "find-by-own-field");
        duty::own_unique_user_field(field)?;
        let wanted = Value::from(value);
        let found = |user: &&Map<String, Value>| user.get(field) == Some(&wanted);
        Ok(with(|world| world.users.values().find(found).cloned()).map(duty::shown_user))
    }
    pub fn create(fields: &str) -> Answer<String> {
        at_its_time!("users", "create");
        let mut user = object(fields)?;
        duty::user_fields(&mut user, duty::Writing::New)?;
        check_email(&user)?;
        if duty::moment().is_some() && user.get("email").is_none_or(Value::is_null) {
            return Err(HostError::Invalid("a user needs an email address".to_owned()));
        }
        let email = user.get("email").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
        if find_by_email(&email)?.is_some() {
            return Err(HostError::Conflict("email".to_owned()));
        }
        let missing = with(|world| world.required_user_fields.iter().find(|name| !user.contains_key(*name)).cloned());
        if let Some(name) = missing {
            return Err(HostError::Invalid(format!("user.{name} is required")));
        }
        let id = with(|world| format!("user-{}", world.users.len() + 1));
        user.insert("id".to_owned(), Value::from(id.clone()));
        user.insert("email".to_owned(), Value::from(email));
        user.entry("emailVerified").or_insert(Value::Bool(false));
        with(|world| {
            for field in &world.user_fields {
                let default = field.default.clone().unwrap_or_default();
                user.entry(field.name).or_insert(default);
            }
            world.users.insert(id, user.clone());
        });
        Ok(duty::shown_user(user))
    }
    pub fn update(id: &str, fields: &str) -> Answer<String> {
        at_its_time!("users", "update");
        let mut fields = object(fields)?;
        duty::user_fields(&mut fields, duty::Writing::Change)?;
        check_email(&fields)?;
        set(id, fields)
    }
    fn check_email(fields: &Map<String, Value>) -> Answer<()> {
        let is_wrong = fields.get("email").and_then(Value::as_str).is_some_and(|email| !is_email(email));
        if duty::moment().is_some() && is_wrong {
            return Err(HostError::Invalid("user.email is no email address".to_owned()));
        }
        Ok(())
    }
    /// Sets fields of a user, whoever may.
    pub(in crate::fake) fn set(id: &str, fields: Map<String, Value>) -> Answer<String> {
        let changed = with(|world| {
            let user = world.users.get_mut(id)?;
            user.extend(fields);
            Some(user.clone())
        });
        changed.map(duty::shown_user).ok_or_else(|| HostError::Invalid("unknown user".to_owned()))
    }
}

pub mod email_ownership {
    pub fn confirm(user_id: &str) -> super::Answer<String> {
        at_its_time!("email-ownership", "confirm");
        super::with(|world| {
            let is_proven =
                world.users.get(user_id).is_some_and(|user| user.get("emailVerified") == Some(&true.into()));
            if !is_proven {
                world.passwords.remove(user_id);
                world.accounts.retain(|account| account.get("userId") != Some(&user_id.into()));
            }
        });
        super::users::set(user_id, super::object(r#"{"emailVerified":true}"#)?)
    }
    pub fn send_verification(user_id: &str, callback_url: Option<&str>) -> super::Answer<()> {
        at_its_time!("email-ownership", "send-verification");
        super::with(|world| {
            let user = world.users.get(user_id).ok_or_else(|| super::HostError::Invalid("unknown user".to_owned()))?;
            let to = user.get("email").and_then(super::Value::as_str).unwrap_or_default().to_owned();
            world.mails.push(("verify-email".to_owned(), to, super::json!({ "callbackURL": callback_url })));
            Ok(())
        })
    }
}

pub mod mail {
    use super::{Answer, HostError, Value, duty, object, with};
    use doorward_contract::is_email;
    pub fn enqueue(kind: &str, to: &str, data: &str) -> Answer<()> {
        at_its_time!("mail", "enqueue");
        duty::mail(kind)?;
        if duty::moment().is_some() && !is_email(to) {
            return Err(HostError::Invalid("the recipient is no email address".to_owned()));
        }
        let data = Value::Object(object(data)?);
        with(|world| world.mails.push((kind.to_owned(), to.to_owned(), data)));
        Ok(())
    }
}

pub mod transactions {
    use super::{Answer, with};
    use crate::fake::World;
    use std::cell::Cell;

    /// Puts the world back when it is dropped without `commit`.
    pub struct Transaction {
        before: Cell<Option<World>>,
        is_inner: bool,
    }

    pub fn begin() -> Answer<Transaction> {
        at_its_time!("transactions", "begin");
        let before = with(|world| world.clone());
        let is_inner = with(|world| std::mem::replace(&mut world.is_in_transaction, true));
        Ok(Transaction { before: Cell::new(Some(before)), is_inner })
    }

    impl Transaction {
        pub fn commit(&self) -> Answer<()> {
            self.before.set(None);
            with(|world| world.is_in_transaction = self.is_inner);
            Ok(())
        }
    }

    impl Drop for Transaction {
        fn drop(&mut self) {
            if let Some(before) = self.before.take() {
                with(|world| *world = before);
            }
        }
    }
}
