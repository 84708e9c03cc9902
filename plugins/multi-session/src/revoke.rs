//! `POST /multi-session/revoke`: ends one of the browser's sessions. When it was the current one, the next takes its place.

use crate::set_active::SessionToken;
use crate::{INVALID_SESSION_TOKEN, device};
use doorward_sdk::prelude::*;

pub fn revoke(_request: &Request, SessionToken(named): SessionToken) -> Result<Response> {
    let current = sessions::require()?;
    let token = device::token(&named)?.ok_or(INVALID_SESSION_TOKEN)?;
    browser_sessions::end(std::slice::from_ref(&token))?;
    device::forget(&token)?;
    if current.token() == token {
        resume_next(&token)?;
    }
    Response::json(&json!({ "status": true }))
}

fn resume_next(ended: &str) -> Result<()> {
    for token in device::tokens()?.iter().filter(|token| *token != ended) {
        if browser_sessions::resume(token, None)?.is_some() {
            return Ok(());
        }
    }
    sessions::end_current()
}
