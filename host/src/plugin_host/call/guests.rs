//! The instances that serve one request: made when a plugin is first called, kept for its next call.
//!
//! They are kept while there is room. When many requests are inside plugins, an instance is given back after each call, so
//! that requests which wait for something else (a password's hash) do not keep others from their plugins.
//!
//! Invariant: an instance serves one request and is dropped after a failed call, so nothing passes from user to user.

use std::sync::Arc;

use wasmtime::Store;
use wasmtime::component::Instance;

use super::budget::Spent;
use super::capacity::{Turn, Turns};
use super::state::{Shared, State};
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::plugin_host::error::{Busy, Limit};

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
#[derive(Default)]
struct Guests {
    /// One per request and not per instance: a request that waits for its second instance while others hold theirs would
    /// wait for ever. None while the request waits for others or has nothing to do with plugins.
    turn: Option<Turn>,
    idle: Vec<Guest>,
    /// Instances that run a call, one inside the other.
    active: usize,
    /// What each plugin has used in this request. Not by id: a request may outlive the plugins that were loaded when it came.
    spent: Vec<(Arc<Shared>, Arc<Spent>)>,
}

impl Guests {
    async fn enter(&mut self, turns: &Arc<Turns>) -> Result<(), ApiError> {
        if self.turn.as_mut().is_some_and(|turn| turn.resume(turns)) {
            return Ok(());
        }
        self.step_aside();
        self.turn = Some(turns.take().await?);
        Ok(())
    }

    /// Gives back what others may wait for. Returns the turns of the plugin that the request runs in.
    fn step_aside(&mut self) -> Option<Arc<Turns>> {
        self.idle.clear();
        self.turn.take().map(|turn| turn.turns)
    }

    fn spent(&mut self, plugin: &Arc<Shared>) -> Arc<Spent> {
        if let Some((_, spent)) = self.spent.iter().find(|(owner, _)| Arc::ptr_eq(owner, plugin)) {
            return Arc::clone(spent);
        }
        let spent = Arc::<Spent>::default();
        self.spent.push((Arc::clone(plugin), Arc::clone(&spent)));
        spent
    }
}

/// The instance of the plugin that this request has, if it has one, and what the plugin has used in this request. Waits for
/// a turn, unless the request is inside of a plugin already, or in a transaction: those who have the turns may wait for that.
///
/// # Errors
/// 503 when there was no turn for long.
pub(in crate::plugin_host) async fn take(
    exchange: &mut Exchange,
    plugin: &Arc<Shared>,
) -> Result<(Option<Guest>, Arc<Spent>), ApiError> {
    let is_in_transaction = exchange.enclosing_tx.is_some();
    if guests(exchange).is_none() {
        exchange.guests = Some(Box::<Guests>::default());
    }
    let Some(guests) = guests(exchange) else {
        return Err(ApiError::internal("the guests of a request are no guests"));
    };
    if guests.active == 0 && !is_in_transaction {
        guests.enter(&plugin.turns).await?;
    }
    guests.active += 1;
    let place = guests.idle.iter().position(|guest| Arc::ptr_eq(&guest.store.data().shared, plugin));
    Ok((place.map(|place| guests.idle.swap_remove(place)), guests.spent(plugin)))
}

/// Ends a call: keeps its instance for the next one of the same plugin. None when the call failed.
pub(in crate::plugin_host) fn give_back(exchange: &mut Exchange, guest: Option<Guest>) {
    let Some(guests) = guests(exchange) else { return };
    guests.active = guests.active.saturating_sub(1);
    let has_room = match &mut guests.turn {
        Some(turn) if guests.active == 0 => turn.pause(),
        Some(turn) => turn.has_room(),
        None => false,
    };
    if has_room {
        guests.idle.extend(guest);
        return;
    }
    guests.idle.clear();
    if guests.active == 0 {
        guests.turn = None;
    }
}

/// Leaves all plugins: instances and turn are given back.
pub(in crate::plugin_host) fn leave(exchange: &mut Exchange) {
    if let Some(guests) = guests(exchange).filter(|guests| guests.active == 0) {
        guests.step_aside();
    }
}

impl State {
    /// Waits for what neither this server's processors nor its database do, without a turn.
    ///
    /// While a transaction is open, the turn is kept: those who have the others may wait for that transaction.
    ///
    /// # Errors
    /// `Busy` when too many requests of this plugin wait, or when there is no turn to go on.
    pub(in crate::plugin_host) async fn aside<T>(&mut self, waiting: impl Future<Output = T>) -> wasmtime::Result<T> {
        if self.is_in_transaction() {
            return Ok(waiting.await);
        }
        let _place = self.shared.turns.wait().ok_or(Busy)?;
        let turns = self.exchange().and_then(guests).and_then(Guests::step_aside);
        let done = waiting.await;
        if let (Some(turns), Some(guests)) = (turns, self.exchange().and_then(guests)) {
            guests.turn = Some(turns.take().await.map_err(|_| Busy)?);
        }
        Ok(done)
    }
}

fn guests(exchange: &mut Exchange) -> Option<&mut Guests> {
    exchange.guests.as_mut()?.downcast_mut()
}
