//! `POST /send-verification-email`: mails a link that verifies an address.
//!
//! Without a session, the answer is the same for every address.

use serde_json::json;

use crate::auth::email_token::Purpose;
use crate::email;
use crate::error::{ApiError, Code};
use crate::exchange::{Exchange, SessionNeed};
use crate::http::Response;
use crate::input::Input;
use crate::store::user::find_user_by_email;

/// Answers `{"status": true}`.
///
/// # Errors
/// `VERIFICATION_EMAIL_NOT_ENABLED`; with a session `EMAIL_MISMATCH` and `EMAIL_ALREADY_VERIFIED`.
pub async fn send_verification_email(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let mut input = Input::body(exchange.request.body.as_ref());
    let (address, callback_url) = read(&mut input);
    input.finish()?;
    if !exchange.auth().config.sends_verification_email() {
        return Err(Code::VERIFICATION_EMAIL_NOT_ENABLED.into());
    }
    let caller = exchange.session_with(SessionNeed::FROM_STORE).await?.map(|active| active.user.clone());
    if let Some(caller) = &caller {
        if caller.email() != address {
            return Err(Code::EMAIL_MISMATCH.into());
        }
        if caller.email_verified() {
            return Err(Code::EMAIL_ALREADY_VERIFIED.into());
        }
    }
    let unit = exchange.begin().await?;
    match find_user_by_email(&*unit, &address).await?.filter(|user| !user.email_verified()) {
        Some(user) => {
            exchange.queue_verification(&unit, &user, Purpose::Verify, callback_url.as_deref()).await?;
        }
        None => exchange.queue_decoy(&unit).await?,
    }
    unit.commit().await?;
    Ok(Response::json(&json!({ "status": true })))
}

/// The address, and where the link in the mail leads.
pub(super) fn read(input: &mut Input<'_>) -> (String, Option<String>) {
    (email::normalize(input.email("email")), input.optional_text("callbackURL").map(str::to_owned))
}
