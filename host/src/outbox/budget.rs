//! How much mail an address gets in a day, so that nobody floods a mailbox through this server, and nobody uses up what its
//! owner needs.
//!
//! One requester has a budget for each kind of mail; all strangers share one; a reserve is the owner's alone, who is signed in
//! or on a known device.

use doorward_contract::RateLimit;

use crate::auth::{Auth, AuthError, Scope, Tag, known_device};
use crate::store::user::find_user_by_email;

const DAY_SECS: u32 = 86_400;

/// Counts a mail to the address and says whether it may be sent. Without an address (see [`super::DECOY`]) it takes as long.
/// The count is part of the mail's transaction: a rollback takes back both.
///
/// # Errors
/// When the store fails.
pub(super) async fn allows(auth: &Auth, scope: &Scope, kind: &str, to: &str) -> Result<bool, AuthError> {
    let limit = &auth.config.rate_limit;
    let options = &limit.per_recipient;
    if !limit.enabled || !options.enabled {
        return Ok(true);
    }
    let day = auth.now().as_secs().div_euclid(i64::from(DAY_SECS));
    let account = if to.is_empty() { auth.random.id() } else { auth.tag(Tag::Account, to) };
    let budget = format!("mail|{day}|{account}");
    let take = async |key: String, max: u32| {
        let limit = RateLimit { window_secs: DAY_SECS, max };
        Ok::<bool, AuthError>(auth.rate_counts.take(auth, scope, key, limit).await?.is_none())
    };
    let requester = scope.cause().map(|cause| cause.head.client_address.clone().unwrap_or_default());
    let of_requester = match requester {
        Some(address) => {
            take(format!("{budget}|{kind}|{}", auth.tag(Tag::Account, &address)), options.per_requester).await?
        }
        None => true,
    };
    let reserve = options.reserve.min(options.max / 4);
    let is_sent = (of_requester && take(budget.clone(), options.max - reserve).await?)
        || (is_owner(auth, scope, to).await? && take(format!("{budget}|owner"), reserve).await?);
    if !is_sent {
        tracing::warn!(target: "audit", event = "mail-withheld", account);
    }
    Ok(is_sent)
}

/// Whether the request comes from the owner of the address: signed in, or on a device that is known.
async fn is_owner(auth: &Auth, scope: &Scope, to: &str) -> Result<bool, AuthError> {
    let Some(cause) = scope.cause() else { return Ok(false) };
    if cause.actor().is_some_and(|active| active.user.email() == to) {
        return Ok(true);
    }
    let cookies = &auth.cookies;
    let mark = cause.head.cookie(&cookies.known_device.name);
    let mark = mark.as_deref().and_then(|raw| cookies.known_device_signer.verify(raw));
    let Some(mark) = mark else { return Ok(false) };
    match find_user_by_email(scope, to).await? {
        Some(user) => Ok(known_device::name(auth, scope, mark, &user).await?.is_some()),
        None => Ok(false),
    }
}
