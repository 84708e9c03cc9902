//! `GET /keys` and `POST /keys/rotate`: the server's secrets and signing keys by purpose and age, never a value. For operators.

use serde_json::{Value as Json, json};

use crate::auth::AuthError;
use crate::error::{ApiError, Code};
use crate::exchange::Exchange;
use crate::http::Response;
use crate::store::{Models, Record, Sort, Value};

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
    let (keys, has_table) = signing_keys(exchange).await?;
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
    Ok(Response::json(&json!({ "secrets": secrets, "signingKeys": signing, "canRotate": has_table })))
}

/// Lets the present signing keys end: the next token makes a new one, and tokens of the old ones are accepted for the plugin's
/// `grace_period`. Answers `{"ended"}`.
///
/// # Errors
/// `NOT_FOUND` where nothing signs tokens.
pub async fn rotate_keys(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let (keys, has_table) = signing_keys(exchange).await?;
    if !has_table {
        return Err(Code::NOT_FOUND.into());
    }
    let now = exchange.auth().now();
    let live = keys.iter().filter(|key| key.timestamp("expiresAt").is_none_or(|end| end > now));
    let mut ended = 0;
    for key in live {
        let by_id = [crate::store::eq("id", key.text("id"))];
        ended += exchange
            .scope()
            .update(SIGNING, &by_id, &[("expiresAt", Value::Timestamp(now))])
            .await
            .map_err(AuthError::from)?
            .len();
    }
    Ok(Response::json(&json!({ "ended": ended })))
}

/// The newest first, and whether there is such a table.
async fn signing_keys(exchange: &Exchange) -> Result<(Vec<Record>, bool), ApiError> {
    if exchange.auth().schema().model(SIGNING).is_err() {
        return Ok((Vec::new(), false));
    }
    let sort = Some(Sort::descending("createdAt"));
    let found = exchange.scope().find_many(SIGNING, &[], sort, Some(MOST), None).await;
    Ok((found.map_err(AuthError::from)?, true))
}
