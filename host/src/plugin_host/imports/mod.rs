//! What a plugin can ask of the host: one file per capability, linked only when it was granted.
//!
//! Flat: one file per capability.

/// Answers with why the function cannot be called now, when it cannot: the contract's table says so.
macro_rules! at_its_time {
    ($state:ident, $capability:literal, $function:literal) => {
        const CALL: doorward_contract::Call = doorward_contract::Call::of($capability, $function);
        if let Some(fault) = $state.not_now(&CALL)? {
            return Ok(Err(fault.into()));
        }
    };
}

mod accounts;
mod bodies;
mod browser_sessions;
mod cache;
mod change;
mod claims;
mod clock;
mod config;
mod cookies;
mod counters;
mod crypto;
mod email_ownership;
mod endpoints;
mod http;
mod jobs;
mod keys;
mod log;
mod mail;
mod models;
mod outcome;
mod passwords;
mod permissions;
mod plugin_events;
mod request;
mod sealing;
mod sections;
mod session_administration;
mod session_tokens;
mod sessions;
mod site;
mod transactions;
mod user_administration;
mod user_directory;
mod users;
mod values;
mod verifications;
mod webauthn;

use wasmtime::component::{HasSelf, Linker};

pub(super) use request::{answer_header, page_header};

use super::bindings::doorward::plugin as interfaces;
use super::call::state::State;

/// Links the types that every plugin uses, and each capability in `names`.
///
/// # Errors
/// For a name that is no capability of this server.
pub(super) fn link(linker: &mut Linker<State>, names: &[String]) -> wasmtime::Result<()> {
    use interfaces as i;
    i::types::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    for name in names {
        match name.as_str() {
            "config" => i::config::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "log" => i::log::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "clock" => i::clock::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "crypto" => i::crypto::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "cache" => i::cache::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "cookies" => i::cookies::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "verifications" => i::verifications::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "accounts" => i::accounts::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "browser-sessions" => i::browser_sessions::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "session-administration" => {
                i::session_administration::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
            }
            "session-tokens" => i::session_tokens::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "user-administration" => i::user_administration::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "user-directory" => i::user_directory::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "counters" => i::counters::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "models" => i::models::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "passwords" => i::passwords::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "users" => i::users::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "email-ownership" => i::email_ownership::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "sessions" => i::sessions::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "mail" => i::mail::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "transactions" => i::transactions::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "keys" => i::keys::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "sealing" => i::sealing::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "webauthn" => i::webauthn::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "http" => i::http::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "site" => i::site::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "sections" => i::sections::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "endpoints" => i::endpoints::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "permissions" => i::permissions::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "jobs" => i::jobs::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "plugin-events" => i::plugin_events::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "bodies" => i::bodies::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            "claims" => i::claims::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?,
            other => return Err(wasmtime::Error::msg(format!("this server has no capability `{other}`"))),
        }
    }
    Ok(())
}
