//! `GET /audit`: events of the audit log, newest first. For operators.

use serde_json::json;

use crate::auth::audit::{self, AuditQuery};
use crate::auth::{Auth, Tag};
use crate::clock::Timestamp;
use crate::email;
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::http::Response;
use crate::input::{EXACT, Input};

const DEFAULT_LIMIT: u32 = 50;
const MOST: u32 = 200;

/// How an event may have ended.
pub(super) const OUTCOMES: [&str; 2] = ["done", "refused"];

/// Answers `{"events": [{"seq", "at", "event", "outcome", "actorKind", "actor", …}], "next"}`; `next` is the `before` of the
/// next page. The query has `user` (who did it, or to whom it was done), `email`, `event`, `outcome` (`done`, `refused`),
/// `from`, `until` (ISO 8601), `before` and `limit` (50, at most 200).
///
/// # Errors
/// `VALIDATION_ERROR`.
pub async fn list_audit(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let query = exchange.request.query.to_json();
    let mut input = Input::search(&query);
    let (wanted, limit) = read(&mut input);
    input.finish()?;
    let scope = exchange.scope().lagging(exchange.auth());
    let page = audit::list(&scope, &wanted.query(exchange.auth()), limit).await?;
    let events: Vec<_> = page.rows.iter().map(audit::to_json).collect();
    Ok(Response::json(&json!({ "events": events, "next": page.next })))
}

/// Which events are asked for, and how many.
pub(super) fn read<'a>(input: &mut Input<'a>) -> (Wanted<'a>, u32) {
    (Wanted::read(input), input.optional_limit(DEFAULT_LIMIT, MOST))
}

/// Which events are asked for: all conditions hold.
pub(super) struct Wanted<'a> {
    user: Option<&'a str>,
    email: Option<&'a str>,
    event: Option<&'a str>,
    outcome: Option<&'a str>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    before: Option<i64>,
}

impl<'a> Wanted<'a> {
    pub(super) fn read(input: &mut Input<'a>) -> Self {
        Self {
            user: input.optional_text("user"),
            email: input.optional_text("email"),
            event: input.optional_text("event"),
            outcome: input.optional_choice("outcome", &OUTCOMES),
            from: input.optional_moment("from"),
            until: input.optional_moment("until"),
            before: input.optional_count("before", 0..=EXACT),
        }
    }

    /// The log knows addresses by a keyed hash.
    pub(super) fn query(self, auth: &Auth) -> AuditQuery {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        AuditQuery {
            user: owned(self.user),
            account: self.email.map(|address| auth.tag(Tag::Account, &email::normalize(address))),
            event: owned(self.event),
            outcome: owned(self.outcome),
            from: self.from,
            until: self.until,
            before: self.before,
        }
    }
}
