//! The instances that serve one request: made when a plugin is first called, kept until the request ends.
//!
//! Invariant: an instance serves one request and is dropped after a failed call, so nothing passes from user to user.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::Store;
use wasmtime::component::Instance;

use super::state::State;
use crate::error::ApiError;
use crate::exchange::Exchange;

/// One instance of one plugin.
pub(super) struct Guest {
    pub(super) store: Store<State>,
    pub(super) instance: Instance,
}

/// All instances of one request.
struct Guests {
    /// One per request and not per instance: a request that waits for its second instance while others hold theirs would
    /// wait for ever.
    _turn: OwnedSemaphorePermit,
    idle: Vec<(usize, Guest)>,
}

/// The instance of plugin `index` that this request has, if it has one. Waits for a turn at the request's first call.
///
/// # Errors
/// 503 when the server is stopping.
pub(super) async fn take(
    exchange: &mut Exchange,
    turns: &Arc<Semaphore>,
    index: usize,
) -> Result<Option<Guest>, ApiError> {
    if let Some(guests) = guests(exchange) {
        let place = guests.idle.iter().position(|(owner, _)| *owner == index);
        return Ok(place.map(|place| guests.idle.swap_remove(place).1));
    }
    let turn = Arc::clone(turns).acquire_owned().await.map_err(|_| ApiError::busy(1))?;
    exchange.guests = Some(Box::new(Guests { _turn: turn, idle: Vec::new() }));
    Ok(None)
}

/// Keeps an instance for the request's next call of its plugin.
pub(super) fn keep(exchange: &mut Exchange, index: usize, guest: Guest) {
    if let Some(guests) = guests(exchange) {
        guests.idle.push((index, guest));
    }
}

fn guests(exchange: &mut Exchange) -> Option<&mut Guests> {
    exchange.guests.as_mut()?.downcast_mut()
}
