//! `GET /keys` and `POST /keys/rotate`: the server's secrets and signing keys by purpose and age, never a value. For operators.

use serde_json::{Value as Json, json};

use crate::auth::AuthError;
use crate::error::{ApiError, Code};
use crate::exchange::Exchange;
use crate::http::Response;
use crate::store::{Filter, Models, Op, Record, Sort, Value, eq};

/// The table of the keys that sign tokens for other services; the plugin `jwt` has it.
const SIGNING: &str = "jwks";
const MOST: u32 = 100;

/// Answers `{"secrets": [{"version", "current"}], "signingKeys": [{"id", "algorithm", "createdAt", "expiresAt", "current"}],
/// "canRotate"}`, each with the current one first.
///
/// # Errors
/// When the store fails.
pub async fn list_keys(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let secrets = exchange.auth().config.all_secrets.versions();
    let secrets: Vec<Json> = (0..)
        .zip(secrets)
        .map(|(place, version): (usize, _)| json!({ "version": version, "current": place == 0 }))
        .collect();
    let keys = signing_keys(exchange).await?;
    let now = exchange.auth().now();
    let is_live = |key: &Record| key.timestamp("expiresAt").is_none_or(|end| end > now);
    let current = keys.iter().find(|key| is_live(key)).map(|key| key.text("id").to_owned());
    let shown = |key: &Record| {
        let time = |name: &str| key.timestamp(name).map(|at| at.to_iso());
        json!({
            "id": key.text("id"), "algorithm": key.opt_text("alg"), "createdAt": time("createdAt"),
            "expiresAt": time("expiresAt"), "current": current.as_deref() == Some(key.text("id")),
        })
    };
    let signing: Vec<Json> = keys.iter().map(shown).collect();
    Ok(Response::json(&json!({ "secrets": secrets, "signingKeys": signing, "canRotate": has_signing_keys(exchange) })))
}

/// Lets the present signing keys end: the next token makes a new one, and tokens of the old ones are accepted for the plugin's
/// `grace_period`. Answers `{"ended"}`.
///
/// # Errors
/// `NOT_FOUND` where nothing signs tokens.
pub async fn rotate_keys(exchange: &mut Exchange) -> Result<Response, ApiError> {
    if !has_signing_keys(exchange) {
        return Err(Code::NOT_FOUND.into());
    }
    let now = exchange.auth().now();
    let is_live = Filter::Any(vec![eq("expiresAt", Value::Null), Filter::new("expiresAt", Op::Gt, now)]);
    let ended = exchange.scope().update(SIGNING, &[is_live], &[("expiresAt", Value::Timestamp(now))]).await;
    Ok(Response::json(&json!({ "ended": ended.map_err(AuthError::from)?.len() })))
}

fn has_signing_keys(exchange: &Exchange) -> bool {
    exchange.auth().schema().model(SIGNING).is_ok()
}

/// The newest first; none where nothing signs tokens.
async fn signing_keys(exchange: &Exchange) -> Result<Vec<Record>, ApiError> {
    if !has_signing_keys(exchange) {
        return Ok(Vec::new());
    }
    let sort = Some(Sort::descending("createdAt"));
    let found = exchange.scope().find_many(SIGNING, &[], sort, Some(MOST), None).await;
    Ok(found.map_err(AuthError::from)?)
}
