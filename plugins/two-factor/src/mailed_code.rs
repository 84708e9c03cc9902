//! Codes by mail: one for each challenge or session, with its own count of answers.
//!
//! Stored as the reference does: `2fa-otp-<challenge>` or `2fa-otp-<user>!<session>` holds `<code>:<answers>`.

use crate::caller::Caller;
use crate::errors::{OTP_HAS_EXPIRED, TOO_MANY_ATTEMPTS};
use crate::options::{OtpOptions, StoreOtp};
use doorward_sdk::prelude::*;

/// The kind of the mail.
pub const MAIL: &str = "two-factor-otp";

/// In place of the count: no more answers are looked at.
const CLOSED: &str = "~";

/// Where a caller's code is kept.
pub struct MailedCode(String);

impl MailedCode {
    pub fn of(caller: &Caller) -> MailedCode {
        MailedCode(match caller {
            Caller::Challenged(challenge) => format!("2fa-otp-{}", challenge.identifier()),
            Caller::SignedIn(session) => format!("2fa-otp-{}!{}", session.user.id(), session.id()),
        })
    }

    /// A new code in the place of an earlier one.
    pub fn draw(&self, options: &OtpOptions) -> Result<String> {
        let code = crypto::random_string(options.digits, crypto::DIGITS)?;
        verifications::consume(&self.0)?;
        verifications::create(&self.0, &format!("{}:0", stored(&code, options.store_otp)?), options.period * 60)?;
        Ok(code)
    }

    /// Counts an answer before it is looked at, and returns what was stored for the code.
    pub fn count_attempt(&self, options: &OtpOptions) -> Result<String> {
        // Who loses the race for a count saw another one taken, so this ends after as many rounds as there are counts.
        for _ in 0..=options.allowed_attempts {
            let Some(value) = verifications::find(&self.0)? else { return Err(OTP_HAS_EXPIRED.into()) };
            let (kept, spent) = value.rsplit_once(':').unwrap_or((&value, ""));
            if spent == CLOSED {
                return Err(OTP_HAS_EXPIRED.into());
            }
            let spent = spent.parse().unwrap_or(options.allowed_attempts);
            if spent >= options.allowed_attempts {
                // A right answer that was counted in time is redeemed still.
                verifications::replace(&self.0, &value, &format!("{kept}:{CLOSED}"))?;
                break;
            }
            if verifications::replace(&self.0, &value, &format!("{kept}:{}", spent + 1))? {
                return Ok(kept.to_owned());
            }
        }
        Err(TOO_MANY_ATTEMPTS.into())
    }

    /// Takes the code out of use. An error for all but the first who do.
    pub fn redeem(&self) -> Result<()> {
        verifications::consume(&self.0)?.map(drop).ok_or_else(|| OTP_HAS_EXPIRED.into())
    }
}

/// Whether `code` is the one that was stored as `kept`.
pub fn is_right(options: &OtpOptions, kept: &str, code: &str) -> Result<bool> {
    let (kept, given) = match options.store_otp {
        StoreOtp::Plain => (Some(kept.to_owned()), code.to_owned()),
        StoreOtp::Hashed => (Some(kept.to_owned()), hashed(code)),
        StoreOtp::Encrypted => (sealing::open(kept)?, code.to_owned()),
    };
    Ok(kept.is_some_and(|kept| crypto::constant_time_equal(kept.as_bytes(), given.as_bytes())))
}

fn stored(code: &str, how: StoreOtp) -> Result<String> {
    match how {
        StoreOtp::Plain => Ok(code.to_owned()),
        StoreOtp::Hashed => Ok(hashed(code)),
        StoreOtp::Encrypted => sealing::seal(code),
    }
}

fn hashed(code: &str) -> String {
    crypto::base64url(&crypto::sha256(code.as_bytes()))
}
