//! Stage "audit": one structured event for each step that a reviewer asks about, on the log's target `audit` and in the table.
//!
//! Invariant: an event names the user, the session and the account by ids and keyed hashes; no password, token, cookie,
//! address of mail or name is in it. What a client chose is escaped.

use crate::auth::audit::{ActorKind, AuditEvent};
use crate::exchange::Exchange;
use crate::exchange::route::CHANGE;
use crate::http::Response;

/// The event of a way to sign in.
const SIGN_IN: &str = "sign-in";
/// A sign-in that is not refused and has opened no session: another step follows.
const BEGUN: &str = "sign-in-begun";

/// Writes the event of a request that met a route.
pub fn record(exchange: &Exchange, response: &Response) {
    let Some(route) = &exchange.route else { return };
    if exchange.trail.asks_to_confirm {
        return;
    }
    if exchange.trail.has_dead_session {
        tell("dead-session", &event_of(exchange, response, "dead-session"));
    }
    let name = match (&exchange.opened, route.event()) {
        _ if exchange.trail.is_locked_out => "lockout",
        (None, Some(SIGN_IN)) if response.status < 400 => BEGUN,
        (_, Some(event)) if event != CHANGE => event,
        (Some(_), _) => SIGN_IN,
        (None, Some(event)) => event,
        (None, None) => return,
    };
    let mut event = event_of(exchange, response, name);
    tell(name, &event);
    if name == CHANGE {
        // A plugin's routes have no names but their paths.
        route.path.trim_start_matches('/').clone_into(&mut event.event);
    }
    let is_told = exchange.trail.is_told && event.is_done;
    if is_kept(&event, name) && !is_told {
        exchange.auth().audit.record(event);
    }
}

/// A stranger whom a plugin's endpoint refused did nothing, and could fill the table.
fn is_kept(event: &AuditEvent, name: &str) -> bool {
    event.is_done || name != CHANGE || event.actor.is_some()
}

fn event_of(exchange: &Exchange, response: &Response, name: &str) -> AuditEvent {
    AuditEvent {
        // A link that cannot be followed leads to a page that tells why.
        is_done: response.status < 400 && exchange.trail.refused.is_none(),
        status: Some(response.status),
        code: exchange.trail.refused.clone(),
        ..exchange.audit_event(name)
    }
}

/// The line of an event in the log.
fn tell(name: &str, event: &AuditEvent) {
    let (method, path) = event.request.as_ref().map(|(method, path)| (method.as_str(), path.as_str())).unzip();
    let is_user = event.actor_kind == ActorKind::User;
    tracing::info!(
        target: "audit",
        event = name,
        outcome = event.outcome(),
        status = event.status,
        code = event.code.as_deref(),
        method,
        path,
        how = event.how.as_deref(),
        user = event.actor.as_deref().filter(|_| is_user),
        target_user = event.target.as_deref(),
        impersonated_by = event.impersonated_by.as_deref(),
        session = event.session.as_deref(),
        account = event.account.as_deref(),
        client = event.client.as_deref(),
        user_agent = event.user_agent.as_deref().unwrap_or_default(),
        request_id = event.request_id.as_deref(),
    );
}
