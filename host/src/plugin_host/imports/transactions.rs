//! Capability `transactions`: at most one open per instance; dropped without commit, it is rolled back.

use wasmtime::component::Resource;

use super::interfaces::transactions::{Host, HostTransaction};
use super::interfaces::types::HostError;
use super::outcome::Answer;
use crate::plugin_host::bindings::OpenTransaction;
use crate::plugin_host::call::state::State;

impl Host for State {
    async fn begin(&mut self) -> wasmtime::Result<Answer<Resource<OpenTransaction>>> {
        at_its_time!(self, "transactions", "begin");
        let data = self.data()?;
        Ok(match data.scope.begin(data.auth).await {
            Ok(begun) => {
                self.put_transaction(begun);
                Ok(Resource::new_own(self.next_transaction()))
            }
            Err(error) => Err(error.into()),
        })
    }
}

impl HostTransaction for State {
    async fn commit(&mut self, handle: Resource<OpenTransaction>) -> wasmtime::Result<Answer<()>> {
        self.spend()?;
        let is_newest = self.is_newest_transaction(handle.rep());
        let open = if is_newest { self.take_transaction() } else { None };
        Ok(match open {
            Some(transaction) => transaction.commit().await.map_err(HostError::from),
            None => Err(HostError::Invalid("the transaction has ended".to_owned())),
        })
    }

    async fn drop(&mut self, handle: Resource<OpenTransaction>) -> wasmtime::Result<()> {
        if !self.is_newest_transaction(handle.rep()) {
            return Ok(());
        }
        if let Some(transaction) = self.take_transaction() {
            // The next write must not wait for this one to notice that its handle is gone.
            if let Err(error) = transaction.rollback().await {
                tracing::warn!(plugin = self.shared.id, %error, "a plugin's transaction could not be rolled back");
            }
        }
        Ok(())
    }
}
