//! Impersonation: an administrator acts as a user for a while, and everyone can see that it was them.

use crate::access::Permissions;
use crate::ban;
use crate::caller::{Caller, role_of};
use crate::errors::{BANNED, MAY_NOT_IMPERSONATE, MORE_PERMISSIONS, NO_ADMINS, NOT_FOUND, bare};
use crate::fields::User;
use crate::impersonator::{FIELD, end_all_by, end_all_of, impersonator};
use crate::options::Options;
use crate::way_back::{self, COOKIE, WayBack};
use doorward_sdk::prelude::*;

pub const REFUSALS: &[ErrorCode] = &[MAY_NOT_IMPERSONATE, NOT_FOUND, NO_ADMINS, MORE_PERMISSIONS, BANNED];

/// How sign-in gates see it.
const METHOD: &str = "impersonation";

/// `POST /admin/impersonate-user`.
pub fn impersonate_user(_request: &Request, input: User) -> Result<Response> {
    let caller = Caller::who_may("user", "impersonate", MAY_NOT_IMPERSONATE)?;
    let Caller { session, options } = &caller;
    let target = users::find_by_id(&input.id)?.ok_or(NOT_FOUND)?;
    let is_admin = options.is_admin(&target.id(), role_of(&target));
    if is_admin && !options.allow_impersonating_admins {
        caller.require("user", "impersonate-admins", NO_ADMINS)?;
    }
    caller.require_over(&target)?;
    // The gate would say so, too, but with the cookie on the refusal.
    ban::refuse_banned(&json!(target))?;
    WayBack::give(session)?;
    let (secs, fields) = (options.impersonation_session_duration, json!({ FIELD: caller.id() }));
    let opened = transactions::run(|| {
        let opened = session_administration::impersonate(&target, METHOD, secs, &fields)?;
        way_back::keep(&opened, session)?;
        Ok(opened)
    });
    if opened.is_err() {
        cookies::delete(COOKIE)?;
    }
    Response::json(&opened?)
}

/// `POST /admin/stop-impersonating`: back to the administrator's own session, also after the impersonation has ended.
pub fn stop_impersonating(_request: &Request, (): ()) -> Result<Response> {
    let Some(session) = sessions::current()? else { return go_back() };
    let admin_id = impersonator(session.fields());
    let admin_id = admin_id.ok_or_else(|| bare(400, Some("You are not impersonating anyone")))?;
    let lost = || bare(500, Some("Failed to find admin session"));
    users::find_by_id(admin_id)?.ok_or_else(|| bare(500, Some("Failed to find user")))?;
    let way_back = WayBack::in_browser()?.ok_or_else(lost)?;
    let own = way_back.leads_to()?.filter(|own| own.user.id() == admin_id).ok_or_else(lost)?;
    let resumed = way_back.take(&own, Some(&session))?.ok_or_else(lost)?;
    session_administration::end(session.token())?;
    Response::json(&resumed)
}

/// The impersonation is over; the browser still knows whose it was.
fn go_back() -> Result<Response> {
    let nobody = || bare(401, None);
    let way_back = WayBack::in_browser()?.ok_or_else(nobody)?;
    let own = way_back.leads_to()?.ok_or_else(nobody)?;
    Response::json(&way_back.take(&own, None)?.ok_or_else(nobody)?)
}

/// `GET /list-sessions` leaves out the sessions that administrators opened. Who acts as the user does not see tokens: they
/// would let them be the user beyond the impersonation.
pub fn hide_impersonated(request: &Request, reply: &Reply) -> Result<()> {
    let Some(Value::Array(mut sessions)) = reply.body() else { return Ok(()) };
    let before = sessions.clone();
    sessions.retain(|session| session.as_object().is_none_or(|session| impersonator(session).is_none()));
    let options: Options = config::options()?;
    if options.strict_impersonation && !options.list_session_tokens && actor(request)?.is_some() {
        let hide = |session: &mut Value| session.as_object_mut().map(|session| session.shift_remove("token"));
        sessions.iter_mut().for_each(|session| _ = hide(session));
    }
    if sessions == before { Ok(()) } else { reply.set_body(&Value::Array(sessions)) }
}

/// The administrator who acts as the user in the request's session.
fn actor(request: &Request) -> Result<Option<String>> {
    let session = request.session()?;
    let fields = session.as_ref().and_then(|session| session.get("session")?.as_object());
    Ok(fields.and_then(impersonator).map(str::to_owned))
}

/// Claims of tokens: who acts as the user, as the session says it and as tokens for other services do (RFC 8693 §4.1).
pub fn name_actor(request: &Request, _user: &Value, _claims: &Map<String, Value>) -> Result<Map<String, Value>> {
    let Some(admin_id) = actor(request)? else { return Ok(Map::new()) };
    Ok(Map::from_iter([(FIELD.to_owned(), json!(admin_id)), ("act".to_owned(), json!({ "sub": admin_id }))]))
}

/// Ends the impersonations of a user who may not impersonate any more.
pub fn end_without_right(options: &Options, user: &users::User) -> Result<()> {
    let wanted = Permissions::from([("user".to_owned(), vec!["impersonate".to_owned()])]);
    if options.may(&user.id(), role_of(user), &wanted) { Ok(()) } else { end_all_by(&user.id()) }
}

/// An event: who was deleted acts as nobody any more.
pub fn end_with_user(change: &Change) -> Result<()> {
    match change.data()?.get("id").and_then(Value::as_str) {
        Some(id) => end_all_by(id),
        None => Ok(()),
    }
}

/// An event: whose password changed acts as nobody any more, and nobody acts as them.
pub fn end_with_password(change: &Change) -> Result<()> {
    // These store the same password anew when its hash is of an old kind.
    let same_password = ["/sign-in/", "/two-factor/", "/verify-password"];
    if change.path().is_some_and(|path| same_password.iter().any(|prefix| path.starts_with(prefix))) {
        return Ok(());
    }
    let account = change.data()?;
    let text = |field: &str| account.get(field).and_then(Value::as_str);
    match (text("providerId"), text("userId")) {
        (Some("credential"), Some(user_id)) => {
            end_all_of(user_id)?;
            end_all_by(user_id)
        }
        _ => Ok(()),
    }
}
