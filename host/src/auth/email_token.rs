//! Tokens in mails that prove an address: JWTs under the secret, bound to a user, an address and a purpose.
//!
//! Source: `storage.md` of the wire contract, "verification rows". They live until they expire; what they do is guarded by
//! the address that the user has at that moment. Those that change an address also name the version of the user's
//! credentials; those that the reference made do not.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

use super::{Auth, AuthError};
use crate::crypto::{hex, sha256};
use crate::email;
use crate::store::{Database, counter};

const CONFIRMATION: &str = "change-email-confirmation";
const VERIFICATION: &str = "change-email-verification";
const UNDO: &str = "change-email-undo";

/// How long a change of address can be undone, in seconds.
pub const UNDO_SECS: i64 = 86_400;

/// What following the link does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Marks the address as verified.
    Verify,
    /// The owner of the present address agrees to a new one.
    ConfirmChange {
        /// The new address.
        new_email: String,
    },
    /// The owner of the new address proves it: the user gets it.
    VerifyChange {
        /// The new address.
        new_email: String,
    },
    /// The owner of an address that was changed takes it back, whatever the address is by now.
    UndoChange {
        /// The address to take back.
        old_email: String,
    },
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailToken {
    /// The address that the user had when the token was made.
    pub email: String,
    /// The user; only verifications of older releases of the reference lack it.
    pub user_id: Option<String>,
    /// What it is good for.
    pub purpose: Purpose,
    /// The version of the user's credentials when the token was made, if it is bound to it.
    pub version: Option<String>,
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Its time is over.
    Expired,
    /// It is not one of ours, or was made for something else.
    Invalid,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Claims {
    email: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    update_to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(default)]
    iat: i64,
    exp: i64,
}

/// The signed form of `token`; it lives `email_verification.expires_in` seconds, or [`UNDO_SECS`].
///
/// # Errors
/// When it cannot be signed, which is a defect.
pub fn sign(auth: &Auth, token: &EmailToken) -> Result<String, AuthError> {
    let (request_type, update_to) = match &token.purpose {
        Purpose::Verify => (None, None),
        Purpose::ConfirmChange { new_email } => (Some(CONFIRMATION.to_owned()), Some(new_email.clone())),
        Purpose::VerifyChange { new_email } => (Some(VERIFICATION.to_owned()), Some(new_email.clone())),
        Purpose::UndoChange { old_email } => (Some(UNDO.to_owned()), Some(old_email.clone())),
    };
    let iat = auth.now().as_secs();
    let exp = iat + life_secs(auth, &token.purpose);
    let EmailToken { email, user_id, version, .. } = token.clone();
    let claims = Claims { email, update_to, request_type, user_id, version, iat, exp };
    let header = Header { typ: None, ..Header::new(Algorithm::HS256) };
    let key = EncodingKey::from_secret(auth.config.secret_value.expose().as_bytes());
    encode(&header, &claims, &key).map_err(|error| AuthError::Internal(format!("signing a token: {error}")))
}

/// Reads a signed token.
///
/// # Errors
/// [`Refusal`]
pub fn read(auth: &Auth, text: &str) -> Result<EmailToken, Refusal> {
    let mut rules = Validation::new(Algorithm::HS256);
    // The injected clock decides, below.
    rules.validate_exp = false;
    rules.validate_aud = false;
    let key = DecodingKey::from_secret(auth.config.secret_value.expose().as_bytes());
    let claims = decode::<Claims>(text, &key, &rules).map_err(|_| Refusal::Invalid)?.claims;
    if claims.exp <= auth.now().as_secs() {
        return Err(Refusal::Expired);
    }
    let purpose = match (claims.request_type.as_deref(), claims.update_to) {
        (None, None) => Purpose::Verify,
        // Without its user, whoever has the old address by then would get the new one.
        (Some(_), _) if claims.user_id.is_none() => return Err(Refusal::Invalid),
        (Some(CONFIRMATION), Some(new_email)) => Purpose::ConfirmChange { new_email },
        (Some(VERIFICATION), Some(new_email)) => Purpose::VerifyChange { new_email },
        (Some(UNDO), Some(old_email)) => Purpose::UndoChange { old_email },
        _ => return Err(Refusal::Invalid),
    };
    Ok(EmailToken { email: email::normalize(&claims.email), user_id: claims.user_id, purpose, version: claims.version })
}

/// Takes note that the token was used. `false` when it was before: of several callers, one gets `true`. `db` is the
/// transaction of what the token does.
///
/// # Errors
/// When the store fails.
pub async fn spend(auth: &Auth, db: &dyn Database, text: &str, purpose: &Purpose) -> Result<bool, AuthError> {
    let key = format!("doorward:link:{}", hex(&sha256(text.as_bytes())));
    let window_secs = u32::try_from(life_secs(auth, purpose)).unwrap_or(u32::MAX);
    Ok(counter::hit(db, &auth.random.id(), &key, window_secs, auth.now()).await? == 1)
}

fn life_secs(auth: &Auth, purpose: &Purpose) -> i64 {
    match purpose {
        Purpose::UndoChange { .. } => UNDO_SECS,
        Purpose::Verify | Purpose::ConfirmChange { .. } | Purpose::VerifyChange { .. } => {
            auth.config.email_verification.expires_in
        }
    }
}
