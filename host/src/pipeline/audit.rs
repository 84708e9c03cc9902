//! Stage "audit": one structured event for each step that a reviewer asks about, on the log's target `audit`.
//!
//! Invariant: an event names the user, the session and the account by ids and keyed hashes; no password, token, cookie,
//! address or name is in it. What a client chose is escaped.

use crate::exchange::Exchange;
use crate::http::Response;

/// What happened on a path of the core; `None` for paths that only read.
fn event_of(path: &str, method: &str) -> Option<&'static str> {
    Some(match path {
        "/sign-up/email" => "sign-up",
        "/sign-out" => "sign-out",
        "/change-password" => "password-change",
        "/set-password" => "password-set",
        "/verify-password" => "password-check",
        "/request-password-reset" => "password-reset-request",
        "/reset-password" => "password-reset",
        "/change-email" => "email-change",
        "/send-verification-email" => "email-verification-request",
        "/verify-email" => "email-verification",
        "/update-user" => "user-update",
        "/delete-user" | "/delete-user/callback" => "user-deletion",
        "/revoke-session" | "/revoke-sessions" | "/revoke-other-sessions" => "session-revocation",
        "/update-session" => "session-update",
        "/unlink-account" => "account-unlink",
        "/get-session" => return None,
        _ if path.starts_with("/sign-in/") => "sign-in",
        // What plugins change: second factors, roles, impersonation.
        _ if method != "GET" => "change",
        _ => return None,
    })
}

/// Writes the event of a request that met a route or its limit.
pub fn record(exchange: &Exchange, response: &Response) {
    let request = &exchange.request;
    if exchange.route.is_none() && response.status != 429 {
        return;
    }
    if exchange.has_dead_session {
        write(exchange, response, "dead-session");
    }
    let event = match (&exchange.opened, event_of(&request.path, &request.method)) {
        _ if exchange.is_locked_out => "lockout",
        (_, Some(event)) if event != "change" => event,
        (Some(_), _) => "sign-in",
        (None, Some(event)) => event,
        (None, None) => return,
    };
    write(exchange, response, event);
}

fn write(exchange: &Exchange, response: &Response, event: &str) {
    let request = &exchange.request;
    let who = exchange.audit_identity();
    let is_refused = response.status >= 400;
    tracing::info!(
        target: "audit",
        event,
        outcome = if is_refused { "refused" } else { "done" },
        status = response.status,
        code = exchange.refused.as_deref(),
        path = ?request.path,
        how = exchange.opened.as_ref().map(|opened| opened.method.as_str()),
        user = who.user,
        impersonated_by = who.impersonated_by,
        session = who.session,
        account = who.account,
        client = exchange.client_address(),
        user_agent = ?exchange.user_agent(),
        request_id = request.id,
    );
}
