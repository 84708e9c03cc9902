//! The fake host's session of the request.

use super::calls::object;
use super::{duty, with};
use crate::bindings::doorward::plugin::types::HostError;
use serde_json::{Value, json};

type Answer<T> = Result<T, HostError>;

pub mod sessions {
    use super::{Answer, HostError, Value, json, with};
    use crate::bindings::doorward::plugin::sessions::Freshness;
    use crate::bindings::doorward::plugin::types::ApiError;
    use doorward_contract::ErrorCode;
    pub fn current(freshness: Freshness) -> Answer<Option<String>> {
        at_its_time!("sessions", "current");
        with(|world| {
            if freshness == Freshness::Fresh && world.is_session_old {
                let ErrorCode { status, code, message } = ErrorCode::SESSION_NOT_FRESH;
                let (code, message) = (Some(code.to_owned()), Some(message.to_owned()));
                return Err(HostError::Refused(ApiError { status, code, message }));
            }
            Ok(world.session.as_ref().map(ToString::to_string))
        })
    }
    pub fn opened() -> Answer<Option<String>> {
        at_its_time!("sessions", "opened");
        Ok(with(|world| world.opened.as_ref().map(ToString::to_string)))
    }
    pub fn forget_choice() -> Answer<()> {
        at_its_time!("sessions", "forget-choice");
        with(|world| world.is_brief = false);
        Ok(())
    }
    pub fn is_remembered() -> Answer<bool> {
        at_its_time!("sessions", "is-remembered");
        Ok(with(|world| !world.is_brief))
    }
    pub fn open(user_id: &str, _method: &str, _remember: Option<bool>) -> Answer<String> {
        at_its_time!("sessions", "open");
        with(|world| {
            let user = world.users.get(user_id).ok_or_else(|| HostError::Invalid("unknown user".to_owned()))?;
            let token = format!("token-{}", world.sessions.len() + 1);
            let session = json!({ "id": format!("session-{token}"), "token": token, "userId": user_id });
            let opened = json!({ "session": session, "user": Value::Object(user.clone()) });
            world.sessions.push(user_id.to_owned());
            world.live.insert(token, opened.clone());
            world.opened = Some(opened.clone());
            world.session = Some(opened.clone());
            Ok(opened.to_string())
        })
    }
    pub fn replace_current(method: &str) -> Answer<String> {
        at_its_time!("sessions", "replace-current");
        let old = with(|world| world.session.clone()).ok_or_else(|| HostError::Invalid("no session".to_owned()))?;
        let text = |path: &str| old.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let opened = open(&text("/session/userId"), method, None)?;
        with(|world| world.live.remove(&text("/session/token")));
        Ok(opened)
    }
    pub fn update_current(fields: &str) -> Answer<Option<String>> {
        at_its_time!("sessions", "update-current");
        let fields = super::object(fields)?;
        super::duty::session_fields(&fields)?;
        Ok(with(|world| {
            let session = world.session.as_mut()?;
            session.get_mut("session")?.as_object_mut()?.extend(fields);
            let (token, text) = (session.pointer("/session/token")?.as_str()?.to_owned(), session.to_string());
            world.live.insert(token, session.clone());
            Some(text)
        }))
    }
    pub fn end_current() -> Answer<()> {
        at_its_time!("sessions", "end-current");
        with(|world| {
            let ended = world.session.take();
            let token = ended.as_ref().and_then(|session| session.pointer("/session/token")?.as_str());
            token.map(|token| world.live.remove(token))
        });
        Ok(())
    }
    pub fn refresh_current() -> Answer<()> {
        at_its_time!("sessions", "refresh-current");
        with(|world| {
            let user = world.session.as_ref().and_then(|session| session.pointer("/user/id")?.as_str());
            let user = user.and_then(|id| world.users.get(id)).cloned();
            if let (Some(session), Some(user)) = (world.session.as_mut(), user) {
                session["user"] = Value::Object(user);
            }
        });
        Ok(())
    }
}
