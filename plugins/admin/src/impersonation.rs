//! Impersonation: an administrator acts as a user for a while, and everyone can see that it was them.

use crate::access::Permissions;
use crate::ban;
use crate::caller::{Caller, role_of};
use crate::errors::{IMPERSONATED, MAY_NOT_IMPERSONATE, NO_ADMINS, NOT_FOUND, bare};
use crate::fields::User;
use crate::impersonator::{FIELD, end_all_by, impersonator};
use crate::options::Options;
use doorward_sdk::prelude::*;
use serde::Deserialize;

/// The cookie that remembers the administrator's own session.
pub const COOKIE: &str = "admin_session";
/// How sign-in gates see it.
const METHOD: &str = "impersonation";

/// Endpoints that change how a user signs in. Whoever acts as someone else keeps away from them.
pub const CREDENTIAL_PATHS: [&str; 17] = [
    "/change-password",
    "/change-email",
    "/delete-user",
    "/link-social",
    "/unlink-account",
    "/two-factor/enable",
    "/two-factor/disable",
    "/two-factor/get-totp-uri",
    "/two-factor/generate-backup-codes",
    "/two-factor/verify-totp",
    "/passkey/generate-register-options",
    "/passkey/verify-registration",
    "/passkey/update-passkey",
    "/passkey/delete-passkey",
    "/api-key/create",
    "/api-key/update",
    "/api-key/delete",
];

#[derive(Deserialize)]
struct SessionOptions {
    expires_in: u64,
}

/// `POST /admin/impersonate-user`.
pub fn impersonate_user(_request: &Request, input: User) -> Result<Response> {
    let caller = Caller::who_may("user", "impersonate", MAY_NOT_IMPERSONATE)?;
    let Caller { session, options } = &caller;
    if options.strict_impersonation && impersonator(session.fields()).is_some() {
        return Err(MAY_NOT_IMPERSONATE.into());
    }
    let target = users::find_by_id(&input.id)?.ok_or(NOT_FOUND)?;
    let is_admin = options.is_admin(&target.id(), role_of(&target));
    if is_admin && !options.allow_impersonating_admins {
        caller.require("user", "impersonate-admins", NO_ADMINS)?;
    }
    let own: SessionOptions = config::core_options("session")?;
    let own_cookie = format!("{}:{}", session.token(), if sessions::is_remembered()? { "" } else { "true" });
    // The gate would say so, too, but with the cookie on the refusal.
    ban::refuse_banned(&json!(target))?;
    let attributes = cookies::Attributes { max_age_secs: Some(own.expires_in), http_only: true };
    cookies::set_signed(COOKIE, &own_cookie, attributes)?;
    let fields = json!({ FIELD: caller.id() });
    let opened = session_administration::impersonate(&target, METHOD, options.impersonation_session_duration, &fields);
    if opened.is_err() {
        cookies::delete(COOKIE)?;
    }
    Response::json(&opened?)
}

/// `POST /admin/stop-impersonating`: back to the administrator's own session.
pub fn stop_impersonating(_request: &Request, (): ()) -> Result<Response> {
    let session = sessions::current()?.ok_or_else(|| bare(401, None))?;
    let admin_id = impersonator(session.fields());
    let admin_id = admin_id.ok_or_else(|| bare(400, Some("You are not impersonating anyone")))?;
    let lost = || bare(500, Some("Failed to find admin session"));
    users::find_by_id(admin_id)?.ok_or_else(|| bare(500, Some("Failed to find user")))?;
    let cookie = cookies::get_signed(COOKIE)?.ok_or_else(lost)?;
    let (token, is_brief) = cookie.split_once(':').unwrap_or((&cookie, ""));
    let own =
        browser_sessions::find(&[token.to_owned()])?.pop().filter(|own| own.user.id() == admin_id).ok_or_else(lost)?;
    session_administration::end(session.token())?;
    let own = browser_sessions::resume(own.token(), Some(is_brief.is_empty()))?.ok_or_else(lost)?;
    cookies::delete(COOKIE)?;
    Response::json(&own)
}

/// `GET /list-sessions` leaves out the sessions that administrators opened.
pub fn hide_impersonated(_request: &Request, reply: &Reply) -> Result<()> {
    let Some(Value::Array(mut sessions)) = reply.body() else { return Ok(()) };
    let all = sessions.len();
    sessions.retain(|session| session.as_object().is_none_or(|session| impersonator(session).is_none()));
    if sessions.len() < all { reply.set_body(&Value::Array(sessions)) } else { Ok(()) }
}

/// Refuses to change credentials for whoever acts as someone else.
pub fn protect_credentials(request: &Request) -> Result<Flow> {
    let session = request.session()?;
    let fields = session.as_ref().and_then(|session| session.get("session")?.as_object());
    if fields.is_some_and(|fields| impersonator(fields).is_some()) {
        return Err(IMPERSONATED.into());
    }
    Ok(Flow::Proceed)
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
