//! Sessions of other people: list them, end one, end all.

use crate::caller::Caller;
use crate::errors::{MAY_NOT_LIST_SESSIONS, MAY_NOT_REVOKE};
use crate::fields::User;
use crate::impersonator;
use doorward_sdk::prelude::*;
use doorward_sdk::sessions::Session;

/// `POST /admin/list-user-sessions`. A token would let the caller be the user, so a session is named by its id.
pub fn list_user_sessions(_request: &Request, input: User) -> Result<Response> {
    let caller = Caller::who_may("session", "list", MAY_NOT_LIST_SESSIONS)?;
    let mut sessions = session_administration::list_of_user(&input.id)?;
    if !caller.options.list_session_tokens {
        sessions.iter_mut().for_each(|session| _ = session.shift_remove("token"));
    } else {
        caller.require_over_any(&input.id)?;
    }
    Response::json(&json!({ "sessions": sessions }))
}

/// A session by its id or its token.
pub struct SessionName(String);

impl Input for SessionName {
    fn read(fields: &mut Fields<'_>) -> Self {
        let id: Option<String> = fields.optional("sessionId");
        SessionName(id.unwrap_or_else(|| fields.required("sessionToken")))
    }
}

impl SessionName {
    fn find(&self) -> Result<Option<Session>> {
        match session_administration::find(&self.0)? {
            Some(found) => Ok(Some(found)),
            None => Ok(browser_sessions::find(std::slice::from_ref(&self.0))?.pop()),
        }
    }
}

/// `POST /admin/revoke-user-session`. The answer does not tell whether there was one.
pub fn revoke_user_session(_request: &Request, input: SessionName) -> Result<Response> {
    let caller = Caller::who_may("session", "revoke", MAY_NOT_REVOKE)?;
    if let Some(session) = input.find()? {
        caller.require_over(&session.user)?;
        session_administration::end(session.token())?;
    }
    Response::json(&json!({ "success": true }))
}

/// `POST /admin/revoke-user-sessions`.
pub fn revoke_user_sessions(_request: &Request, input: User) -> Result<Response> {
    let caller = Caller::who_may("session", "revoke", MAY_NOT_REVOKE)?;
    caller.require_over_any(&input.id)?;
    transactions::run(|| {
        session_administration::end_all(&input.id)?;
        impersonator::end_all_by(&input.id)
    })?;
    Response::json(&json!({ "success": true }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin;
    use doorward_sdk::fake::{self, RawRequest};

    fn start(options: &str) -> (users::User, Session) {
        fake::reset();
        fake::with(|world| options.clone_into(&mut world.options));
        let user = |name: &str| json!({ "email": format!("{name}@example.com"), "name": name, "role": name });
        let (admin, bob) = (users::create(&user("admin")).expect("user"), users::create(&user("user")).expect("user"));
        let session = sessions::open(&bob, "email").expect("session");
        fake::sign_in(&admin);
        (bob, session)
    }

    fn list(bob: &users::User) -> Value {
        let listed = RawRequest::post("/admin/list-user-sessions", &json!({ "userId": bob.id() })).send(&plugin());
        fake::body(&listed.expect("list"))["sessions"][0].clone()
    }

    #[test]
    fn sessions_are_named_by_ids() {
        let (bob, session) = start("{}");
        assert_eq!(list(&bob)["id"], json!(session.id()));
        assert_eq!(list(&bob).get("token"), None);
        let (bob, session) = start(r#"{"list_session_tokens":true}"#);
        assert_eq!(list(&bob)["token"], json!(session.token()));
    }

    #[test]
    fn a_session_is_revoked_by_its_id_or_its_token() {
        type Name = fn(&Session) -> Value;
        let names: [Name; 3] = [
            |session| json!({ "sessionId": session.id() }),
            |session| json!({ "sessionToken": session.id() }),
            |session| json!({ "sessionToken": session.token() }),
        ];
        for name in names {
            let (bob, session) = start("{}");
            RawRequest::post("/admin/revoke-user-session", &name(&session)).send(&plugin()).expect("revoked");
            assert!(session_administration::list_of_user(&bob.id()).expect("list").is_empty());
        }
    }
}
