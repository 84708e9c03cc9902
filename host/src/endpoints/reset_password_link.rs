//! `GET /reset-password/:token`: the link in the mail; redirects to the application with the token.

use crate::auth::verification;
use crate::auth::verification::RESET_PASSWORD;
use crate::auth::version::{self, Holder};
use crate::error::{ApiError, Code};
use crate::exchange::Exchange;
use crate::exchange::redirect::with_parameter;
use crate::http::Response;
use crate::input::Input;

/// Redirects to the callback with `token`, or with `error`. Does not redeem the token.
///
/// # Errors
/// `INVALID_CALLBACK_URL`
pub async fn reset_password_link(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let query = exchange.request.query.to_json();
    let mut input = Input::query(&query);
    let callback_url = read(&mut input);
    input.finish()?;
    exchange.require_trusted_targets(["callbackURL"])?;
    let auth = exchange.auth();
    let target = match callback_url.as_str() {
        "" => {
            let target = format!("{}/error", auth.config.endpoint_base());
            return exchange.refuse_at(Some(&target), Code::INVALID_TOKEN.into());
        }
        path if path.starts_with('/') => format!("{}{path}", auth.config.origin()),
        url => url.to_owned(),
    };
    let token = exchange.param("token").unwrap_or_default();
    let scope = exchange.scope();
    let lives = match verification::find(auth, &scope, &format!("{RESET_PASSWORD}{token}")).await? {
        Some(stamp) => !matches!(version::holder(auth, &scope, &stamp).await?, Holder::Stale),
        None => false,
    };
    match lives {
        true => Ok(Response::redirect(&with_parameter(&target, "token", token))),
        false => exchange.refuse_at(Some(&target), Code::INVALID_TOKEN.into()),
    }
}

/// Where the link leads.
pub(super) fn read(input: &mut Input<'_>) -> String {
    input.text("callbackURL").to_owned()
}
