//! Lets the plugins that are loaded now do the work that waits for them.

use std::sync::Arc;

use arc_swap::ArcSwap;
use async_trait::async_trait;

use crate::auth::Scope;
use crate::outbox::TransportError;
use crate::outbox::jobs::{Known, Runner, Task};
use crate::pipeline::Extensions;
use crate::store::Store;

/// The plugins of the present set.
pub(super) struct Background(Arc<ArcSwap<Extensions>>);

impl Background {
    pub(super) fn new(extensions: &Arc<ArcSwap<Extensions>>) -> Self {
        Self(Arc::clone(extensions))
    }
}

#[async_trait]
impl Runner for Background {
    fn kinds(&self) -> Vec<Known> {
        self.0.load().plugins.background_kinds()
    }

    async fn run(&self, task: Task) -> Result<(), TransportError> {
        let now = self.0.load_full();
        let store = Arc::<Store>::clone(&now.auth.store);
        let scope = Scope::new(store, Arc::clone(&now.deciders.observers));
        now.plugins.run_in_background(&now.auth, scope, &task).await
    }
}
