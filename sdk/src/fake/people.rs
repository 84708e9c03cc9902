//! The fake host's sessions and users, as other people's and as lists.

use super::with;
use crate::bindings::doorward::plugin::types::HostError;
use serde_json::{Map, Value};

type Answer<T> = Result<T, HostError>;

fn is_of(session: &Value, user_id: &str) -> bool {
    session.pointer("/session/userId").and_then(Value::as_str) == Some(user_id)
}

pub mod browser_sessions {
    use super::{Answer, with};

    pub fn find(tokens: &[String]) -> Answer<Vec<String>> {
        at_its_time!("browser-sessions", "find");
        Ok(with(|world| tokens.iter().filter_map(|token| Some(world.live.get(token)?.to_string())).collect()))
    }

    pub fn resume(token: &str, _remember: Option<bool>) -> Answer<Option<String>> {
        at_its_time!("browser-sessions", "resume");
        Ok(with(|world| {
            let found = world.live.get(token).cloned()?;
            world.session = Some(found.clone());
            Some(found.to_string())
        }))
    }

    pub fn end(tokens: &[String]) -> Answer<u64> {
        at_its_time!("browser-sessions", "end");
        Ok(with(|world| tokens.iter().filter(|token| world.live.remove(*token).is_some()).count() as u64))
    }
}

pub mod session_tokens {
    use super::super::duty;
    use super::{Answer, Value, with};
    use doorward_contract::Call;

    /// None where there is no request.
    pub fn bearer() -> Option<String> {
        const CALL: Call = Call::of("session-tokens", "bearer");
        duty::at_its_time(&CALL).ok()?;
        with(|world| world.bearer.clone())
    }

    /// A signature is right when it is the word `signature`.
    pub fn present(value: &str, require_signature: bool) -> Answer<bool> {
        at_its_time!("session-tokens", "present");
        let token = match value.rsplit_once('.') {
            Some((token, "signature")) => token,
            Some(_) => return Ok(false),
            None if require_signature => return Ok(false),
            None => value,
        };
        with(|world| world.session = world.live.get(token).cloned());
        Ok(true)
    }

    /// None where there is no answer of an endpoint.
    pub fn issued() -> Option<String> {
        const CALL: Call = Call::of("session-tokens", "issued");
        duty::at_its_time(&CALL).ok()?;
        let token = |session: &Value| session.pointer("/session/token").and_then(Value::as_str).map(str::to_owned);
        with(|world| Some(format!("{}.signature", token(world.opened.as_ref()?)?)))
    }
}

pub mod user_directory {
    use super::super::{duty, rows};
    use super::{Answer, with};
    use crate::bindings::doorward::plugin::models::{Condition, Query};

    pub fn find(query: &Query) -> Answer<Vec<String>> {
        at_its_time!("user-directory", "find");
        rows::check_limit(query)?;
        let asked = query.conditions.iter().map(|condition| &condition.field);
        let mut asked = asked.chain(query.order.iter().map(|order| &order.field));
        asked.try_for_each(|field| duty::shown_user_field(field))?;
        let found = with(|world| rows::select(world.users.values(), query))?;
        Ok(found.into_iter().map(duty::shown_user).collect())
    }

    pub fn count(conditions: &[Condition]) -> Answer<u64> {
        at_its_time!("user-directory", "count");
        rows::few(conditions)?;
        conditions.iter().try_for_each(|condition| duty::shown_user_field(&condition.field))?;
        let met =
            with(|world| world.users.values().map(|user| rows::meets(user, conditions)).collect::<Answer<Vec<_>>>());
        Ok(met?.into_iter().filter(|met| *met).count() as u64)
    }
}

pub mod user_administration {
    use super::{Answer, HostError, Value, is_of, with};
    use crate::fake::calls;

    pub fn create(fields: &str, password: Option<&str>) -> Answer<String> {
        at_its_time!("user-administration", "create");
        let user = calls::users::create(fields)?;
        let id = serde_json::from_str::<Value>(&user).ok().and_then(|user| Some(user.get("id")?.as_str()?.to_owned()));
        if let (Some(id), Some(password)) = (id, password) {
            with(|world| world.passwords.insert(id, password.to_owned()));
        }
        Ok(user)
    }

    pub fn set_password(user_id: &str, password: &str, end_sessions: bool) -> Answer<()> {
        at_its_time!("user-administration", "set-password");
        with(|world| {
            if !world.users.contains_key(user_id) {
                return Err(HostError::Invalid("there is no such user".to_owned()));
            }
            world.passwords.insert(user_id.to_owned(), password.to_owned());
            if end_sessions {
                world.live.retain(|_, session| !is_of(session, user_id));
            }
            Ok(())
        })
    }

    pub fn delete(user_id: &str) -> Answer<bool> {
        at_its_time!("user-administration", "delete");
        Ok(with(|world| {
            world.live.retain(|_, session| !is_of(session, user_id));
            world.passwords.remove(user_id);
            world.users.remove(user_id).is_some()
        }))
    }
}

pub mod session_administration {
    use super::{Answer, HostError, Map, Value, is_of, with};

    pub fn list_of_user(user_id: &str) -> Answer<Vec<String>> {
        at_its_time!("session-administration", "list-of-user");
        Ok(with(|world| {
            let theirs = world.live.values().filter(|session| is_of(session, user_id));
            theirs.filter_map(|session| Some(session.get("session")?.to_string())).collect()
        }))
    }

    pub fn find(id: &str) -> Answer<Option<String>> {
        at_its_time!("session-administration", "find");
        Ok(with(|world| {
            let has_id = |session: &&Value| session.pointer("/session/id").and_then(Value::as_str) == Some(id);
            world.live.values().find(has_id).map(ToString::to_string)
        }))
    }

    pub fn end(token: &str) -> Answer<bool> {
        at_its_time!("session-administration", "end");
        Ok(with(|world| world.live.remove(token).is_some()))
    }

    pub fn end_all(user_id: &str) -> Answer<u64> {
        at_its_time!("session-administration", "end-all");
        Ok(with(|world| {
            let before = world.live.len();
            world.live.retain(|_, session| !is_of(session, user_id));
            (before - world.live.len()) as u64
        }))
    }

    pub fn end_by_own_field(field: &str, value: &str) -> Answer<u64> {
        at_its_time!("session-administration", "end-by-own-field");
        Ok(with(|world| {
            let before = world.live.len();
            world.live.retain(|_, active| active.pointer(&format!("/session/{field}")) != Some(&Value::from(value)));
            (before - world.live.len()) as u64
        }))
    }

    pub fn impersonate(user_id: &str, method: &str, _ttl_secs: u64, fields: &str) -> Answer<String> {
        at_its_time!("session-administration", "impersonate");
        let fields: Map<String, Value> =
            serde_json::from_str(fields).map_err(|error| HostError::Invalid(error.to_string()))?;
        crate::fake::duty::session_fields(&fields)?;
        crate::fake::signed_in::sessions::open(user_id, method, Some(false))?;
        with(|world| {
            let set = |session: &mut Value| {
                session.get_mut("session").and_then(Value::as_object_mut).map(|own| own.extend(fields.clone()))
            };
            world.live.values_mut().last().map(set);
            world.session.as_mut().map(set);
            world.opened.as_mut().map(set);
            Ok(world.opened.as_ref().map(ToString::to_string).unwrap_or_default())
        })
    }
}
