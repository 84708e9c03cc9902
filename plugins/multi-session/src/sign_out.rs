//! After a sign-out: every account of this browser is signed out.

use crate::device;
use doorward_sdk::prelude::*;

pub fn sign_out(_request: &Request, reply: &Reply) -> Result<()> {
    if reply.status() != 200 {
        return Ok(());
    }
    let tokens = device::tokens()?;
    for token in &tokens {
        device::forget(token)?;
    }
    if !tokens.is_empty() {
        browser_sessions::end(&tokens)?;
    }
    Ok(())
}
