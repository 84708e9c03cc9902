//! The seam to the host: its real imports in a component, a fake host in the author's native tests.

#[cfg(target_arch = "wasm32")]
mod imports {
    pub use crate::bindings::doorward::plugin::types::{
        Attempt as RawAttempt, Change as RawChange, Reply as RawReply, Request as RawRequest,
    };
    pub use crate::bindings::doorward::plugin::{
        accounts, bodies, browser_sessions, cache, claims, clock, config, cookies, counters, crypto, email_ownership,
        endpoints, http, jobs, keys, log, mail, models, passwords, permissions, plugin_events, sealing, sections,
        session_administration, session_tokens, sessions, site, transactions, user_administration, user_directory,
        users, verifications, webauthn,
    };
}

#[cfg(not(target_arch = "wasm32"))]
mod imports {
    pub use crate::fake::background::{jobs, plugin_events};
    pub use crate::fake::calls::{
        clock, config, cookies, crypto, email_ownership, log, mail, transactions, users, verifications,
    };
    pub use crate::fake::data::{accounts, counters, models, passwords};
    pub use crate::fake::people::{
        browser_sessions, session_administration, session_tokens, user_administration, user_directory,
    };
    pub use crate::fake::services::{cache, claims, endpoints, http, keys, sealing, webauthn};
    pub use crate::fake::signed_in::sessions;
    pub use crate::fake::slots::{permissions, sections, site};
    pub use crate::fake::upload::bodies;
    pub use crate::fake::{RawAttempt, RawChange, RawReply, RawRequest};
}

pub use imports::*;
