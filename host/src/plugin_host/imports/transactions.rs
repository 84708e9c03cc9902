//! Capability `transactions`: one in another; dropped without commit, it is rolled back with those within it.

use wasmtime::component::Resource;

use super::interfaces::transactions::{Host, HostTransaction};
use super::interfaces::types::HostError;
use super::outcome::Answer;
use crate::plugin_host::bindings::OpenTransaction;
use crate::plugin_host::call::state::State;
use crate::store::{Database, Savepoint};

/// So many may be open within each other.
const DEEPEST: usize = 8;
/// Changes of rows set savepoints of lower levels.
const FIRST_LEVEL: usize = 100;

impl Host for State {
    async fn begin(&mut self) -> wasmtime::Result<Answer<Resource<OpenTransaction>>> {
        at_its_time!(self, "transactions", "begin");
        let (open, is_in_transaction) = (self.open_transactions(), self.is_in_transaction());
        let data = self.data()?;
        let begun = match open {
            0 if is_in_transaction => Err(HostError::Invalid("a transaction is open already".to_owned())),
            0 => match data.scope.begin(data.auth).await {
                Ok(begun) => {
                    self.put_transaction(begun);
                    Ok(())
                }
                Err(error) => Err(error.into()),
            },
            DEEPEST.. => Err(HostError::Invalid(format!("at most {DEEPEST} transactions are open within each other"))),
            _ => Savepoint::set(&data.scope, FIRST_LEVEL + open).await.map(drop).map_err(HostError::from),
        };
        Ok(begun.map(|()| Resource::new_own(self.number_transaction())))
    }
}

impl HostTransaction for State {
    async fn commit(&mut self, handle: Resource<OpenTransaction>) -> wasmtime::Result<Answer<()>> {
        self.spend()?;
        let Some(depth) = self.depth_of_transaction(handle.rep()) else {
            return Ok(Err(HostError::Invalid("the transaction has ended".to_owned())));
        };
        if depth + 1 < self.open_transactions() {
            return Ok(Err(HostError::Invalid("a transaction within it is still open".to_owned())));
        }
        if depth > 0 {
            let scope = self.data()?.scope;
            self.close_transactions(depth);
            return Ok(Savepoint::at(&scope, FIRST_LEVEL + depth).forget().await.map_err(HostError::from));
        }
        Ok(match self.take_transaction() {
            Some(transaction) => transaction.commit().await.map_err(HostError::from),
            None => Err(HostError::Invalid("the transaction has ended".to_owned())),
        })
    }

    async fn drop(&mut self, handle: Resource<OpenTransaction>) -> wasmtime::Result<()> {
        let undone = match (self.depth_of_transaction(handle.rep()), self.scope()) {
            (Some(0), _) => match self.take_transaction() {
                // The next write must not wait for this one to notice that its handle is gone.
                Some(transaction) => transaction.rollback().await,
                None => Ok(()),
            },
            (Some(depth), Some(scope)) => {
                self.close_transactions(depth);
                let undone = Savepoint::at(&scope, FIRST_LEVEL + depth).undo().await;
                // What was to be undone must not be kept with the outer one.
                undone.inspect_err(|_| scope.forbid_commit())
            }
            _ => Ok(()),
        };
        if let Err(error) = undone {
            tracing::warn!(plugin = self.shared.id, %error, "a plugin's transaction could not be rolled back");
        }
        Ok(())
    }
}
