//! An ID token that a client brings signs in once: whoever finds it later, in a log or a database, is not let in.

use crate::errors::INVALID_TOKEN;
use crate::options::Options;
use doorward_sdk::prelude::*;

/// Longer than any provider's ID token is accepted.
const KEPT_SECS: u32 = 86_400;

/// One token; none when the operator lets them be used again.
pub struct UseOnce(Option<String>);

impl UseOnce {
    /// The token's own count, by its hash.
    ///
    /// # Errors
    /// When the host fails.
    pub fn of(token: &str) -> Result<UseOnce> {
        let options: Options = config::options()?;
        // What is signed counts: the signature's own text can be spelled in several ways.
        let signed = token.rsplit_once('.').map_or(token, |(signed, _)| signed);
        let key = || format!("id-token:{}", crypto::base64url(&crypto::sha256(signed.as_bytes())));
        Ok(UseOnce((!options.allow_id_token_reuse).then(key)))
    }

    /// # Errors
    /// `INVALID_TOKEN` when it signed in before.
    pub fn refuse_used(&self) -> Result<()> {
        match &self.0 {
            Some(key) if counters::peek(key)? > 0 => Err(INVALID_TOKEN.into()),
            _ => Ok(()),
        }
    }

    /// Of several sign-ins with it at once, one succeeds.
    ///
    /// # Errors
    /// `INVALID_TOKEN` for all others.
    pub fn spend(&self) -> Result<()> {
        match &self.0 {
            Some(key) if counters::hit(key, KEPT_SECS)? > 1 => Err(INVALID_TOKEN.into()),
            _ => Ok(()),
        }
    }
}
