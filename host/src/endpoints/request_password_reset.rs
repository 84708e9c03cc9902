//! `POST /request-password-reset`: mails a link to set a new password. The answer is the same for every address.

use serde_json::json;

use crate::auth::Scope;
use crate::auth::verification::{self, RESET_PASSWORD};
use crate::auth::version;
use crate::crypto::random::ALPHANUMERIC;
use crate::email;
use crate::error::{ApiError, Code};
use crate::exchange::{Exchange, LinkMail};
use crate::http::{Response, encode_component};
use crate::input::Input;
use crate::mail::kind;
use crate::store::user::find_user_by_email;

const TOKEN_LENGTH: usize = 24;
const MESSAGE: &str = "If this email exists in our system, check your email for the reset link";

/// Answers `{"status": true, "message"}`.
///
/// # Errors
/// `RESET_PASSWORD_DISABLED`, or when the store fails.
pub async fn request_password_reset(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let mut input = Input::body(exchange.request.body.as_ref());
    let (address, redirect_to) = read(&mut input);
    input.finish()?;
    if !exchange.auth().config.sends_reset_password() {
        return Err(Code::RESET_PASSWORD_DISABLED.into());
    }
    let unit = exchange.begin().await?;
    queue(exchange, &unit, &address, &redirect_to).await?;
    unit.commit().await?;
    Ok(Response::json(&json!({ "status": true, "message": MESSAGE })))
}

/// The address, and where the link in the mail leads.
pub(super) fn read(input: &mut Input<'_>) -> (String, String) {
    let address = email::normalize(input.email("email"));
    (address, input.optional_text("redirectTo").unwrap_or_default().to_owned())
}

/// For an address without a user, as many rows are read and written, so that timing reveals nothing.
async fn queue(exchange: &mut Exchange, scope: &Scope, address: &str, redirect_to: &str) -> Result<(), ApiError> {
    let auth = exchange.auth();
    let token = auth.random.string(ALPHANUMERIC, TOKEN_LENGTH);
    let identifier = format!("{RESET_PASSWORD}{token}");
    let ttl_secs = auth.config.email_and_password.reset_password_token_expires_in;
    let Some(user) = find_user_by_email(scope, address).await? else {
        version::of_nobody(auth, scope).await?;
        // A link that nobody gets, for a user that nobody is.
        verification::create(auth, scope, &identifier, &auth.random.id(), ttl_secs).await?;
        return exchange.queue_decoy(scope).await;
    };
    let stamp = version::stamp(auth, scope, &user).await?;
    verification::create(auth, scope, &identifier, &stamp, ttl_secs).await?;
    let base = auth.config.endpoint_base();
    let url = format!("{base}/reset-password/{token}?callbackURL={}", encode_component(redirect_to));
    let mail = LinkMail { kind: kind::RESET_PASSWORD, user: &user, url: &url, token: &token };
    exchange.queue_link(scope, mail).await
}
