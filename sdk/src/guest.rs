//! The exports of the component: each turns a call of the host into a call of the plugin's own function.

use crate::bindings::doorward::plugin::types as raw;
use crate::bindings::exports::doorward::plugin::{answers, lifecycle, request_hooks, session_gate};
use crate::chunks::NOT_IN_CHUNKS;
use crate::error::{Error, Failure};
use crate::plugin::{Flow, Plugin};
use crate::{Asked, Attempt, Change, Reply, Request, Response, Verdict, host};
use doorward_contract::EventMoment;
use std::cell::OnceCell;

/// Implements every exported interface for `$component` with the plugin that `$declare` returns.
#[doc(hidden)]
#[macro_export]
macro_rules! guest_exports {
    ($component:ident, $declare:path) => {
        impl b::exports::doorward::plugin::lifecycle::Guest for $component {
            fn describe() -> String {
                $crate::guest::describe($declare)
            }
            fn check() -> Result<(), b::exports::doorward::plugin::lifecycle::OptionError> {
                $crate::guest::check($declare)
            }
        }
        impl b::exports::doorward::plugin::routes::Guest for $component {
            fn handle(
                index: u32,
                request: &b::doorward::plugin::types::Request,
            ) -> Result<b::doorward::plugin::types::Response, b::doorward::plugin::types::ApiError> {
                $crate::guest::handle($declare, index, request)
            }
        }
        impl b::exports::doorward::plugin::request_hooks::Guest for $component {
            fn before(
                index: u32,
                request: &b::doorward::plugin::types::Request,
            ) -> Result<b::exports::doorward::plugin::request_hooks::BeforeOutcome, b::doorward::plugin::types::ApiError>
            {
                $crate::guest::before($declare, index, request)
            }
            fn after(
                index: u32,
                request: &b::doorward::plugin::types::Request,
                reply: &b::doorward::plugin::types::Reply,
            ) -> Result<(), b::doorward::plugin::types::ApiError> {
                $crate::guest::after($declare, index, request, reply)
            }
        }
        impl b::exports::doorward::plugin::session_gate::Guest for $component {
            fn check(
                attempt: &b::doorward::plugin::types::Attempt,
            ) -> b::exports::doorward::plugin::session_gate::Verdict {
                $crate::guest::gate($declare, attempt)
            }
        }
        impl b::exports::doorward::plugin::lifecycle_events::Guest for $component {
            fn before(
                index: u32,
                change: &b::doorward::plugin::types::Change,
            ) -> Result<(), b::doorward::plugin::types::ApiError> {
                $crate::guest::event($declare, true, index, change)
            }
            fn after(
                index: u32,
                change: &b::doorward::plugin::types::Change,
            ) -> Result<(), b::doorward::plugin::types::ApiError> {
                $crate::guest::event($declare, false, index, change)
            }
        }
        impl b::exports::doorward::plugin::token_claims::Guest for $component {
            fn extend(
                request: &b::doorward::plugin::types::Request,
                user: String,
                claims: String,
            ) -> Result<String, b::doorward::plugin::types::ApiError> {
                $crate::guest::claims($declare, request, &user, &claims)
            }
        }
        impl b::exports::doorward::plugin::server_functions::Guest for $component {
            fn call(
                index: u32,
                request: &b::doorward::plugin::types::Request,
            ) -> Result<b::doorward::plugin::types::Response, b::doorward::plugin::types::ApiError> {
                $crate::guest::function($declare, index, request)
            }
        }
        impl b::exports::doorward::plugin::answers::Guest for $component {
            fn route(
                index: u32,
                request: &b::doorward::plugin::types::Request,
            ) -> Result<b::exports::doorward::plugin::answers::Answer, b::doorward::plugin::types::ApiError> {
                $crate::guest::route($declare, index, request)
            }
            fn page(
                index: u32,
                request: &b::doorward::plugin::types::Request,
            ) -> Result<b::exports::doorward::plugin::answers::Answer, b::doorward::plugin::types::ApiError> {
                $crate::guest::page($declare, index, request)
            }
        }
        impl b::exports::doorward::plugin::chunks::Guest for $component {
            fn open(
                index: u32,
                request: &b::doorward::plugin::types::Request,
            ) -> Result<b::exports::doorward::plugin::chunks::Opening, b::doorward::plugin::types::ApiError> {
                $crate::guest::open($declare, index, request)
            }
            fn next(
                index: u32,
                cursor: String,
            ) -> Result<b::exports::doorward::plugin::chunks::Chunk, b::doorward::plugin::types::ApiError> {
                $crate::guest::next($declare, index, &cursor)
            }
        }
        impl b::exports::doorward::plugin::contributions::Guest for $component {
            fn section(
                index: u32,
                request: &b::doorward::plugin::types::Request,
                language: String,
                about: String,
            ) -> Result<Option<String>, b::doorward::plugin::types::ApiError> {
                $crate::guest::section($declare, index, request, (language, about))
            }
        }
        impl b::exports::doorward::plugin::permission_decider::Guest for $component {
            fn allows(
                request: &b::doorward::plugin::types::Request,
                user: String,
                resource: String,
                action: String,
            ) -> Result<bool, b::doorward::plugin::types::ApiError> {
                $crate::guest::permission($declare, request, &user, (&resource, &action))
            }
        }
        impl b::exports::doorward::plugin::data_steps::Guest for $component {
            fn backfill(
                index: u32,
                rows: Vec<String>,
            ) -> Result<Vec<String>, b::doorward::plugin::types::ApiError> {
                $crate::guest::backfill($declare, index, &rows)
            }
        }
        impl b::exports::doorward::plugin::background::Guest for $component {
            fn run(a: u32, id: String, attempt: u32, text: String) -> Result<(), b::doorward::plugin::types::ApiError> {
                $crate::guest::background($declare, true, a, (id, attempt, text))
            }
            fn hear(a: u32, id: String, attempt: u32, text: String) -> Result<(), b::doorward::plugin::types::ApiError> {
                $crate::guest::background($declare, false, a, (id, attempt, text))
            }
        }
    };
}

type Declare = fn() -> Plugin;

mod beside;
mod opening;
pub use beside::{backfill, background};
pub use opening::{next, open};

std::thread_local! {
    static PLUGIN: OnceCell<&'static Plugin> = const { OnceCell::new() };
}

/// The plugin of this instance. It is made once: at build already, where the component was prepared.
fn plugin(declare: Declare) -> &'static Plugin {
    PLUGIN.with(|plugin| *plugin.get_or_init(|| Box::leak(Box::new(declare()))))
}

/// Runs at build, in an instance whose memory every later instance begins with. It cannot call the host.
pub fn prepare(declare: Declare) {
    if let Some(prepare) = plugin(declare).prepare {
        prepare();
    }
}

/// `lifecycle.describe`.
pub fn describe(declare: Declare) -> String {
    declare().manifest_json()
}

/// `lifecycle.check`.
///
/// # Errors
/// What is wrong with the operator's options.
pub fn check(declare: Declare) -> Result<(), lifecycle::OptionError> {
    report_panics();
    (plugin(declare).check_options)().map_err(|(name, message)| lifecycle::OptionError { name, message })
}

/// `routes.handle`.
///
/// # Errors
/// The handler's refusal, or 500 for an index that the manifest does not have.
pub fn handle(declare: Declare, index: u32, request: &host::RawRequest) -> Result<raw::Response, raw::ApiError> {
    report_panics();
    let plugin = plugin(declare);
    let Some(handler) = plugin.routes.get(index as usize) else { return Err(unknown(index)) };
    answer(handler(&Request::new(request)))
}

/// `request-hooks.before`.
///
/// # Errors
/// The hook's refusal, or 500 for an index that the manifest does not have.
pub fn before(
    declare: Declare,
    index: u32,
    request: &host::RawRequest,
) -> Result<request_hooks::BeforeOutcome, raw::ApiError> {
    report_panics();
    let plugin = plugin(declare);
    let Some(hook) = plugin.before.get(index as usize) else { return Err(unknown(index)) };
    match hook(&Request::new(request)) {
        Ok(Flow::Proceed) => Ok(request_hooks::BeforeOutcome::Proceed),
        Ok(Flow::Respond(response)) => Ok(request_hooks::BeforeOutcome::Respond(response.into_raw())),
        Err(error) => answer(Err(error)).map(request_hooks::BeforeOutcome::Respond),
    }
}

/// `request-hooks.after`.
///
/// # Errors
/// The hook's refusal, or 500 for an index that the manifest does not have.
pub fn after(
    declare: Declare,
    index: u32,
    request: &host::RawRequest,
    reply: &host::RawReply,
) -> Result<(), raw::ApiError> {
    report_panics();
    let plugin = plugin(declare);
    let Some(hook) = plugin.after.get(index as usize) else { return Err(unknown(index)) };
    match hook(&Request::new(request), &Reply::new(reply)).map_err(Error::into_failure) {
        Ok(()) => Ok(()),
        Err(Failure::Refusal(error)) => Err(error),
        Err(Failure::Answer(_)) => Err(internal("a hook that runs after the endpoint cannot demand a challenge")),
    }
}

/// `session-gate.check`. An error of the gate itself refuses: gates fail closed.
pub fn gate(declare: Declare, attempt: &host::RawAttempt) -> session_gate::Verdict {
    report_panics();
    let Some(gate) = plugin(declare).gate else { return session_gate::Verdict::Admit };
    match gate(&Attempt::new(attempt)) {
        Ok(Verdict::Admit) => session_gate::Verdict::Admit,
        Ok(Verdict::Challenge(response)) => session_gate::Verdict::Challenge(response.into_raw()),
        Err(error) => match error.into_failure() {
            Failure::Refusal(error) => session_gate::Verdict::Refuse(error),
            Failure::Answer(response) => session_gate::Verdict::Challenge(response),
        },
    }
}

/// `lifecycle-events.before` and `.after`; the events of the manifest are one list for both.
///
/// # Errors
/// The refusal of the event's function, or 500 for an index that the manifest does not have.
pub fn event(declare: Declare, is_before: bool, index: u32, change: &host::RawChange) -> Result<(), raw::ApiError> {
    report_panics();
    let plugin = plugin(declare);
    let moment = if is_before { EventMoment::Before } else { EventMoment::After };
    let rule = plugin.manifest.events.get(index as usize).filter(|rule| rule.moment == moment);
    let (Some(_), Some(call)) = (rule, plugin.events.get(index as usize)) else { return Err(unknown(index)) };
    call(&Change::new(change)).map_err(Error::into_refusal)
}

/// `token-claims.extend`.
///
/// # Errors
/// The refusal of the plugin's function, or 500 when it has none.
pub fn claims(declare: Declare, request: &host::RawRequest, user: &str, claims: &str) -> Result<String, raw::ApiError> {
    report_panics();
    let Some(extend) = plugin(declare).claims else { return Err(internal("the plugin adds no claims")) };
    let read = || Ok((serde_json::from_str(user)?, serde_json::from_str(claims)?));
    let added = read().and_then(|(user, claims)| extend(&Request::new(request), &user, &claims));
    added.map(|added| serde_json::Value::Object(added).to_string()).map_err(Error::into_refusal)
}

/// `permission-decider.allows`; `what` is a resource and an action.
///
/// # Errors
/// The refusal of the plugin's function, or 500 when it has none.
pub fn permission(
    declare: Declare,
    request: &host::RawRequest,
    user: &str,
    what: (&str, &str),
) -> Result<bool, raw::ApiError> {
    report_panics();
    let Some(allows) = declare().permissions else { return Err(internal("the plugin decides no permissions")) };
    let user = serde_json::from_str(user).map_err(Error::from);
    user.and_then(|user| allows(&Request::new(request), &user, what.0, what.1)).map_err(Error::into_refusal)
}

/// `server-functions.call`.
///
/// # Errors
/// The function's refusal, or 500 for an index that the manifest does not have.
pub fn function(declare: Declare, index: u32, request: &host::RawRequest) -> Result<raw::Response, raw::ApiError> {
    report_panics();
    let plugin = plugin(declare);
    let Some(function) = plugin.functions.get(index as usize) else { return Err(unknown(index)) };
    answer(function(&Request::new(request)))
}

/// `answers.route`.
///
/// # Errors
/// As [`handle`].
pub fn route(declare: Declare, index: u32, request: &host::RawRequest) -> Result<answers::Answer, raw::ApiError> {
    report_panics();
    let plugin = plugin(declare);
    let Some(handler) = plugin.routes.get(index as usize) else { return Err(unknown(index)) };
    full_answer(handler(&Request::new(request)))
}

/// `answers.page`.
///
/// # Errors
/// As [`handle`].
pub fn page(declare: Declare, index: u32, request: &host::RawRequest) -> Result<answers::Answer, raw::ApiError> {
    report_panics();
    let plugin = plugin(declare);
    let Some(handler) = plugin.pages.get(index as usize) else { return Err(unknown(index)) };
    full_answer(handler(&Request::new(request)))
}

/// `contributions.section`; `how` is the language, and what the slot is about as JSON text.
///
/// # Errors
/// As [`handle`].
pub fn section(
    declare: Declare,
    index: u32,
    request: &host::RawRequest,
    (language, about): (String, String),
) -> Result<Option<String>, raw::ApiError> {
    report_panics();
    let plugin = plugin(declare);
    let Some(handler) = plugin.contributions.get(index as usize) else { return Err(unknown(index)) };
    let slot = plugin.manifest.contributions.get(index as usize).map_or("", |rule| rule.slot).to_owned();
    let asked = Asked { slot, language, about: serde_json::from_str(&about).unwrap_or_default() };
    handler(&Request::new(request), &asked).map_err(Error::into_refusal)
}

fn full_answer(result: crate::Result<Response>) -> Result<answers::Answer, raw::ApiError> {
    match result.map_err(Error::into_failure) {
        Ok(Response { cursor: Some(_), .. }) => Err(internal(NOT_IN_CHUNKS)),
        Ok(response) => Ok(response.into_answer()),
        Err(Failure::Answer(response)) => Ok(Response::from(response).into_answer()),
        Err(Failure::Refusal(error)) => Err(error),
    }
}

fn answer(result: crate::Result<Response>) -> Result<raw::Response, raw::ApiError> {
    match result.map_err(Error::into_failure) {
        Ok(Response { cursor: Some(_), .. }) => Err(internal(NOT_IN_CHUNKS)),
        Ok(response) => Ok(response.into_raw()),
        Err(Failure::Answer(response)) => Ok(response),
        Err(Failure::Refusal(error)) => Err(error),
    }
}

fn unknown(index: u32) -> raw::ApiError {
    internal(&format!("the manifest has no handler {index}"))
}

fn internal(reason: &str) -> raw::ApiError {
    crate::log::error(reason);
    Error::internal().into_refusal()
}

/// A panic would otherwise reach the log as a bare trap without its message.
fn report_panics() {
    #[cfg(target_arch = "wasm32")]
    std::panic::set_hook(Box::new(|info| {
        let mut text = info.to_string();
        if text.contains("time not implemented") {
            text.push_str("\n`std::time` has no clock in a plugin: use `doorward_sdk::clock`");
        }
        crate::log::error(&text);
    }));
}
