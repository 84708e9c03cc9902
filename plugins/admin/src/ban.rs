//! Bans: who is banned is not signed in, however they prove who they are.

use crate::caller::Caller;
use crate::errors::{BANNED, MAY_NOT_BAN, NOT_FOUND, NOT_YOURSELF};
use crate::fields::{User, UserId};
use crate::impersonator;
use crate::options::Options;
use doorward_sdk::prelude::*;

/// A ban cannot end after this, the last second of the year 9999: later years are written in another form.
const LATEST_MILLIS: f64 = 253_402_300_799_000.0;

pub struct BanUser {
    user_id: String,
    reason: Option<String>,
    expires_in_secs: Option<f64>,
}

impl Input for BanUser {
    fn read(fields: &mut Fields<'_>) -> Self {
        let UserId(user_id) = fields.required("userId");
        BanUser { user_id, reason: fields.optional("banReason"), expires_in_secs: fields.optional("banExpiresIn") }
    }
}

/// `POST /admin/ban-user`.
pub fn ban_user(_request: &Request, input: BanUser) -> Result<Response> {
    let caller = Caller::who_may("user", "ban", MAY_NOT_BAN)?;
    let target = users::find_by_id(&input.user_id)?.ok_or(NOT_FOUND)?;
    if input.user_id == caller.id() {
        return Err(NOT_YOURSELF.into());
    }
    caller.require_over(&target)?;
    let reason = input.reason.filter(|reason| !reason.is_empty());
    let fields = json!({
        "banned": true,
        "banReason": reason.unwrap_or(caller.options.default_ban_reason),
        "banExpires": end(input.expires_in_secs, caller.options.default_ban_expires_in),
    });
    let user = transactions::run(|| {
        let user = users::update(&input.user_id, &fields)?;
        sign_out(&input.user_id)?;
        Ok(user)
    })?;
    Response::json(&json!({ "user": user }))
}

/// `POST /admin/unban-user`.
pub fn unban_user(_request: &Request, input: User) -> Result<Response> {
    let caller = Caller::who_may("user", "ban", MAY_NOT_BAN)?;
    caller.target(&input.id)?;
    Response::json(&json!({ "user": lift(&input.id)? }))
}

/// Ends every session of a user who was just banned, and those that they opened as others.
pub fn sign_out(user_id: &str) -> Result<()> {
    session_administration::end_all(user_id)?;
    impersonator::end_all_by(user_id)
}

/// The session gate: refuses users with a ban, before anything else is asked of them.
pub fn gate(attempt: &Attempt) -> Result<Verdict> {
    refuse_banned(&attempt.user()?)?;
    Ok(Verdict::Admit)
}

/// # Errors
/// `BANNED_USER` for a user whose ban holds.
pub fn refuse_banned(user: &Value) -> Result<()> {
    match Ban::of(user) {
        Some(Ban::Holds) => Err(banned()?),
        Some(Ban::Over) | None => Ok(()),
    }
}

/// An event, before a session is stored: a ban that came after the gate was asked holds, too. One whose time is over is
/// lifted.
pub fn keep_out(change: &Change) -> Result<()> {
    let data = change.data()?;
    let user_id = data.get("userId").and_then(Value::as_str).unwrap_or_default();
    let Some(user) = users::lock(user_id)? else { return Ok(()) };
    match Ban::of(&json!(user)) {
        Some(Ban::Holds) => Err(banned()?),
        Some(Ban::Over) => lift(user_id).map(|_| ()),
        None => Ok(()),
    }
}

enum Ban {
    Holds,
    Over,
}

impl Ban {
    fn of(user: &Value) -> Option<Ban> {
        if user.get("banned") != Some(&Value::Bool(true)) {
            return None;
        }
        let ends = user.get("banExpires").and_then(Value::as_str);
        let is_over = ends.is_some_and(|ends| *ends < *clock::iso_text(clock::now_millis()));
        Some(if is_over { Ban::Over } else { Ban::Holds })
    }
}

fn banned() -> Result<Error> {
    let options: Options = config::options()?;
    Ok(Error::new(403, BANNED.code(), options.banned_user_message))
}

fn lift(user_id: &str) -> Result<users::User> {
    users::update(user_id, &json!({ "banned": false, "banReason": null, "banExpires": null }))
}

/// When a ban ends, as text; null is never.
fn end(expires_in_secs: Option<f64>, usual_secs: u64) -> Value {
    let secs = expires_in_secs.filter(|secs| *secs != 0.0).unwrap_or(usual_secs as f64);
    if secs == 0.0 {
        return Value::Null;
    }
    let millis = (clock::now_millis() as f64 + secs * 1000.0).clamp(0.0, LATEST_MILLIS);
    Value::from(clock::iso_text(millis as u64))
}
