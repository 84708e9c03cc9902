//! Tokens in mails that prove an address: JWTs under the secret, bound to a user, an address and a purpose.
//!
//! Source: `storage.md` of the wire contract, "verification rows". They live until they expire; what they do is guarded by
//! the address that the user has at that moment.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

use super::{Auth, AuthError};
use crate::email;

const CONFIRMATION: &str = "change-email-confirmation";
const VERIFICATION: &str = "change-email-verification";

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
    #[serde(default)]
    iat: i64,
    exp: i64,
}

/// The signed form of `token`; it lives `email_verification.expires_in` seconds.
///
/// # Errors
/// When it cannot be signed, which is a defect.
pub fn sign(auth: &Auth, token: &EmailToken) -> Result<String, AuthError> {
    let (request_type, update_to) = match &token.purpose {
        Purpose::Verify => (None, None),
        Purpose::ConfirmChange { new_email } => (Some(CONFIRMATION.to_owned()), Some(new_email.clone())),
        Purpose::VerifyChange { new_email } => (Some(VERIFICATION.to_owned()), Some(new_email.clone())),
    };
    let iat = auth.now().as_secs();
    let exp = iat + auth.config.email_verification.expires_in;
    let claims =
        Claims { email: token.email.clone(), update_to, request_type, user_id: token.user_id.clone(), iat, exp };
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
        _ => return Err(Refusal::Invalid),
    };
    Ok(EmailToken { email: email::normalize(&claims.email), user_id: claims.user_id, purpose })
}
