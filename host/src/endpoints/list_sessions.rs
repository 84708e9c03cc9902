//! `GET /list-sessions`: the caller's live sessions.

use serde_json::Value as Json;

use crate::auth::session;
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::http::Response;

/// Answers an array, oldest first. Of more than a hundred sessions, it has the newest hundred. With `session.mark_current`,
/// each says in `isCurrent` whether it is the caller's own.
///
/// # Errors
/// `UNAUTHORIZED`, `SESSION_NOT_FRESH`.
pub async fn list_sessions(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let active = exchange.require_fresh_session().await?;
    let (user_id, own_id) = (active.user.id().to_owned(), active.session.id().to_owned());
    let marks = exchange.auth().config.session.mark_current;
    let sessions = session::list(exchange.auth(), &exchange.scope(), &user_id).await?;
    let shown = sessions.iter().map(|session| {
        let mut fields = session.0.output();
        if marks {
            fields.insert("isCurrent".to_owned(), (session.id() == own_id).into());
        }
        Json::from(fields)
    });
    Ok(Response::json(&shown.collect()))
}
