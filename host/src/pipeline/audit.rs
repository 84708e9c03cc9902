//! Stage "audit": one structured event for each step that a reviewer asks about, on the log's target `audit`.
//!
//! Invariant: an event names the user, the session and the account by ids and keyed hashes; no password, token, cookie,
//! address or name is in it. What a client chose is escaped.

use crate::exchange::Exchange;
use crate::exchange::route::CHANGE;
use crate::http::Response;

/// Writes the event of a request that met a route.
pub fn record(exchange: &Exchange, response: &Response) {
    let Some(route) = &exchange.route else { return };
    if exchange.trail.has_dead_session {
        write(exchange, response, "dead-session");
    }
    let event = match (&exchange.opened, route.event()) {
        _ if exchange.trail.is_locked_out => "lockout",
        (_, Some(event)) if event != CHANGE => event,
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
        code = exchange.trail.refused.as_deref(),
        method = request.method,
        path = exchange.logged_path(),
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
