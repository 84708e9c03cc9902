//! The instances that serve one request: made when a plugin is first called, kept for its next call.
//!
//! They are kept while there is room. When many requests are inside plugins, an instance is given back after each call, so
//! that requests which wait for something else (a password's hash) do not keep others from their plugins.
//!
//! Invariant: an instance serves one request and is dropped after a failed call, so nothing passes from user to user.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::Store;
use wasmtime::component::Instance;

use super::state::{Shared, State};
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::plugin_host::engine::REQUESTS_AT_ONCE;
use crate::plugin_host::error::Limit;

/// Free permits below which nothing is kept.
const ROOM: usize = REQUESTS_AT_ONCE / 2;

/// One instance of one plugin.
pub(in crate::plugin_host) struct Guest {
    pub(in crate::plugin_host) store: Store<State>,
    pub(in crate::plugin_host) instance: Instance,
}

impl Guest {
    /// Why a call failed: a guest that got no more memory mostly ends in a trap that says nothing of it.
    pub(in crate::plugin_host) fn cause(&self, trap: wasmtime::Error) -> wasmtime::Error {
        match self.store.data().limits.refused() {
            Some(limit) if !trap.is::<Limit>() => limit.into(),
            _ => trap,
        }
    }
}

/// All instances of one request.
struct Guests {
    /// One per request and not per instance: a request that waits for its second instance while others hold theirs would
    /// wait for ever.
    _permit: OwnedSemaphorePermit,
    idle: Vec<Guest>,
    /// Instances that run a call, one inside the other.
    active: usize,
}

/// The instance of the plugin that this request has, if it has one. Waits for a permit at the request's first call.
///
/// # Errors
/// 503 when the server is stopping.
pub(in crate::plugin_host) async fn take(
    exchange: &mut Exchange,
    permits: &Arc<Semaphore>,
    plugin: &Arc<Shared>,
) -> Result<Option<Guest>, ApiError> {
    if let Some(guests) = guests(exchange) {
        guests.active += 1;
        // Not by place or id: a request may outlive the plugins that were loaded when it came.
        let place = guests.idle.iter().position(|guest| Arc::ptr_eq(&guest.store.data().shared, plugin));
        return Ok(place.map(|place| guests.idle.swap_remove(place)));
    }
    let permit = Arc::clone(permits).acquire_owned().await.map_err(|_| ApiError::busy(1))?;
    exchange.guests = Some(Box::new(Guests { _permit: permit, idle: Vec::new(), active: 1 }));
    Ok(None)
}

/// Ends a call: keeps its instance for the next one of the same plugin. None when the call failed.
pub(in crate::plugin_host) fn give_back(exchange: &mut Exchange, permits: &Semaphore, guest: Option<Guest>) {
    let Some(guests) = guests(exchange) else { return };
    guests.active = guests.active.saturating_sub(1);
    guests.idle.extend(guest);
    if permits.available_permits() >= ROOM {
        return;
    }
    guests.idle.clear();
    if guests.active == 0 {
        exchange.guests = None;
    }
}

fn guests(exchange: &mut Exchange) -> Option<&mut Guests> {
    exchange.guests.as_mut()?.downcast_mut()
}
