//! How long a call may take by the clock, with everything that it waits for.

use std::time::Duration;

use super::budget::Spent;
use super::names::CallOf;
use super::plugin::{Ended, Plugin};
use crate::plugin_host::error::Limit;

impl Plugin {
    /// Ticks of the engine's clock end a guest that runs; this ends a guest that waits.
    pub(in crate::plugin_host) async fn in_time<T>(
        &self,
        spent: &Spent,
        call: impl Future<Output = Ended<T>>,
    ) -> Ended<T> {
        self.in_time_of(Limit::Wait(self.shared.limits.wait_ms), spent, call).await
    }

    /// As [`Plugin::in_time`], with a limit of its own.
    pub(super) async fn in_time_of<T>(
        &self,
        limit: Limit,
        spent: &Spent,
        call: impl Future<Output = Ended<T>>,
    ) -> Ended<T> {
        let (Limit::Wait(most) | Limit::Stream(most)) = limit else { return call.await };
        let ended = tokio::time::timeout(Duration::from_millis(most), spent.cpu.measure(call)).await;
        ended.unwrap_or_else(|_| Err(limit.into()))
    }

    /// How long a call may take with what it waits for: one that reads a body in chunks waits for the client.
    pub(super) fn patience(&self, what: CallOf) -> Limit {
        let CallOf::Route(index) = what else { return Limit::Wait(self.shared.limits.wait_ms) };
        match self.manifest.routes.get(index as usize).is_some_and(|route| route.reads_chunks) {
            true => Limit::Stream(self.shared.limits.stream_ms),
            false => Limit::Wait(self.shared.limits.wait_ms),
        }
    }
}
