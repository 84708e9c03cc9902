//! `GET /sessions`: who is signed in, where and since when. For operators.

use serde_json::{Map, Value as Json, json};

use crate::auth::session;
use crate::email;
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::http::Response;
use crate::input::Input;
use crate::store::Session;
use crate::store::user::find_user_by_email;

const DEFAULT_LIMIT: u32 = 100;
const MOST: u32 = 1000;

/// Answers `{"sessions": […], "total"}`: the live sessions of all users, or those of `user` (an id) or `email` in the query,
/// the one that was renewed last first. `limit` (100, at most 1000) and `offset` stand in the query too. A session is named
/// by its id: its token would let whoever reads it be the user. `total` is null, and the list empty, where a secondary storage
/// keeps the sessions and no user is named.
///
/// # Errors
/// `VALIDATION_ERROR`.
pub async fn list_all_sessions(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let query = exchange.request.query.to_json();
    let mut input = Input::search(&query);
    let (owner, place) = read(&mut input);
    input.finish()?;
    let Some(user_id) = wanted_user(exchange, owner).await? else { return Ok(answer(&[], Some(0))) };
    let found =
        session::list_all(exchange.auth(), &exchange.scope().lagging(exchange.auth()), user_id.as_deref(), place)
            .await?;
    Ok(match found {
        Some((sessions, total)) => answer(&sessions, Some(total)),
        None => answer(&[], None),
    })
}

fn answer(sessions: &[Session], total: Option<u64>) -> Response {
    let shown: Vec<Json> = sessions.iter().map(|session| Json::Object(without_token(session))).collect();
    Response::json(&json!({ "sessions": shown, "total": total }))
}

fn without_token(session: &Session) -> Map<String, Json> {
    let mut fields = session.0.output();
    fields.shift_remove("token");
    fields
}

/// Whose sessions are asked for.
pub(super) struct Owner<'a> {
    id: Option<&'a str>,
    email: Option<&'a str>,
}

/// Whose sessions are asked for, and which of them: `limit` and `offset`.
pub(super) fn read<'a>(input: &mut Input<'a>) -> (Owner<'a>, (u32, u32)) {
    let owner = Owner { id: input.optional_text("user"), email: input.optional_text("email") };
    (owner, input.optional_page(DEFAULT_LIMIT, MOST))
}

/// The id of whose sessions are asked for: `Some(None)` is everyone's, `None` those of nobody.
async fn wanted_user(exchange: &Exchange, owner: Owner<'_>) -> Result<Option<Option<String>>, ApiError> {
    if let Some(id) = owner.id {
        return Ok(Some(Some(id.to_owned())));
    }
    let Some(address) = owner.email else { return Ok(Some(None)) };
    let user = find_user_by_email(&exchange.scope(), &email::normalize(address)).await?;
    Ok(user.map(|user| Some(user.id().to_owned())))
}
