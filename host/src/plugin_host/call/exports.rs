//! Where the exports of a component are.

use wasmtime::component::InstancePre;

use super::state::State;
use crate::plugin_host::bindings::exports::doorward::plugin::{
    answers, background, chunks, contributions, data_steps, lifecycle, lifecycle_events, permission_decider,
    request_hooks, routes, server_functions, session_gate, token_claims,
};

/// Where the exports are; the optional ones only if the component has them.
pub(in crate::plugin_host) struct Exports {
    pub(in crate::plugin_host) lifecycle: lifecycle::GuestIndices,
    pub(in crate::plugin_host) routes: Option<routes::GuestIndices>,
    pub(in crate::plugin_host) hooks: Option<request_hooks::GuestIndices>,
    pub(in crate::plugin_host) gate: Option<session_gate::GuestIndices>,
    pub(in crate::plugin_host) events: Option<lifecycle_events::GuestIndices>,
    pub(in crate::plugin_host) claims: Option<token_claims::GuestIndices>,
    pub(in crate::plugin_host) permissions: Option<permission_decider::GuestIndices>,
    pub(in crate::plugin_host) functions: Option<server_functions::GuestIndices>,
    pub(in crate::plugin_host) answers: Option<answers::GuestIndices>,
    pub(in crate::plugin_host) chunks: Option<chunks::GuestIndices>,
    pub(in crate::plugin_host) contributions: Option<contributions::GuestIndices>,
    pub(in crate::plugin_host) data_steps: Option<data_steps::GuestIndices>,
    pub(in crate::plugin_host) background: Option<background::GuestIndices>,
}

impl Exports {
    /// Of a component that is linked.
    ///
    /// # Errors
    /// When it lacks the export that every plugin has.
    pub(in crate::plugin_host) fn of(linked: &InstancePre<State>) -> wasmtime::Result<Self> {
        Ok(Self {
            lifecycle: lifecycle::GuestIndices::new(linked)?,
            routes: routes::GuestIndices::new(linked).ok(),
            hooks: request_hooks::GuestIndices::new(linked).ok(),
            gate: session_gate::GuestIndices::new(linked).ok(),
            events: lifecycle_events::GuestIndices::new(linked).ok(),
            claims: token_claims::GuestIndices::new(linked).ok(),
            permissions: permission_decider::GuestIndices::new(linked).ok(),
            functions: server_functions::GuestIndices::new(linked).ok(),
            answers: answers::GuestIndices::new(linked).ok(),
            chunks: chunks::GuestIndices::new(linked).ok(),
            contributions: contributions::GuestIndices::new(linked).ok(),
            data_steps: data_steps::GuestIndices::new(linked).ok(),
            background: background::GuestIndices::new(linked).ok(),
        })
    }
}
