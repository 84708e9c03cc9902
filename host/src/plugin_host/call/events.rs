//! Lifecycle events: runs the guests that declared a change, inside its transaction.
//!
//! Invariant: a guest that traps or runs out of time undoes the change, or, where the operator wants it so, what it did.

use std::sync::Arc;

use async_trait::async_trait;
use doorward_contract::{EventAction, EventMoment};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::capacity::{CHANGES_AT_ONCE, Capacity, DEEPEST};
use super::plugin::Plugin;
use super::watched_change::WatchedChange;
use crate::auth::lifecycle::{Action, Change, Observer};
use crate::auth::{Auth, Scope};
use crate::config::FailurePolicy;
use crate::error::ApiError;
use crate::plugin_host::package::manifest::EventRule;
use crate::store::{Database, Record, Savepoint, Value, user};

/// One declared event.
struct Subscription {
    plugin: Arc<Plugin>,
    index: u32,
    model: String,
    action: Action,
    moment: EventMoment,
    when_user: Option<String>,
}

impl Subscription {
    /// Whether the user of `row` is one of those that the guest looks at. Nobody else changes that user until the
    /// transaction ends.
    async fn wants(&self, db: &dyn Database, row: &Record) -> Result<bool, ApiError> {
        let Some(field) = &self.when_user else { return Ok(true) };
        let user_id = row.text("userId");
        let user = user::lock_user(db, user_id).await?;
        Ok(user.is_some_and(|user| user.0.boolean(field) == Some(true)))
    }
}

/// Hands changes to the plugins that declared them, in the order of the configuration.
pub(in crate::plugin_host) struct PluginObserver {
    subscriptions: Vec<Subscription>,
    auth: Arc<Auth>,
    permits: Arc<Semaphore>,
}

impl PluginObserver {
    /// None when no plugin declares an event.
    pub(in crate::plugin_host) fn of(plugins: &[Arc<Plugin>], auth: &Arc<Auth>, capacity: &Capacity) -> Option<Self> {
        let subscriptions = plugins.iter().flat_map(|plugin| {
            let is_wanted = |event: &EventRule| event.is_told(&plugin.options, &plugin.manifest.options);
            let events = (0..).zip(&plugin.manifest.events).filter(move |(_, event)| is_wanted(event));
            events.map(|(index, event)| Subscription {
                plugin: Arc::clone(plugin),
                index,
                model: event.model.clone(),
                action: match event.action {
                    EventAction::Create => Action::Create,
                    EventAction::Update => Action::Update,
                    EventAction::Delete => Action::Delete,
                },
                moment: event.moment,
                when_user: event.when_user.clone(),
            })
        });
        let subscriptions: Vec<Subscription> = subscriptions.collect();
        let (auth, permits) = (Arc::clone(auth), Arc::clone(&capacity.changes));
        (!subscriptions.is_empty()).then_some(Self { subscriptions, auth, permits })
    }

    fn of_change<'a>(
        &'a self,
        model: &'a str,
        action: Action,
        moment: EventMoment,
    ) -> impl Iterator<Item = &'a Subscription> {
        let fits = move |one: &&Subscription| one.model == model && one.action == action && one.moment == moment;
        self.subscriptions.iter().filter(fits)
    }

    /// Takes a permit for one event. A request's own change is refused earlier than the changes that it causes, so that work
    /// in progress can finish.
    fn enter(&self, depth: usize) -> Result<SemaphorePermit<'_>, ApiError> {
        if depth > DEEPEST {
            return Err(ApiError::internal("changes by plugins cause each other without an end"));
        }
        if depth <= 1 && self.permits.available_permits() <= CHANGES_AT_ONCE * (DEEPEST - 1) {
            return Err(ApiError::busy());
        }
        self.permits.try_acquire().map_err(|_| ApiError::busy())
    }

    /// Runs one guest, and returns what it sets.
    async fn call(
        &self,
        to: &Subscription,
        scope: &Scope,
        change: WatchedChange,
    ) -> Result<Vec<(String, Value)>, ApiError> {
        let _permit = self.enter(scope.depth())?;
        let is_certain = scope.is_certain();
        let policy = if is_certain { FailurePolicy::Open } else { to.plugin.policies.events };
        let savepoint = match policy {
            FailurePolicy::Open => Some(Savepoint::set(scope, scope.depth()).await?),
            FailurePolicy::Closed => None,
        };
        let called = to.plugin.change(to.index, &self.auth, scope.clone(), change).await;
        match (called, savepoint) {
            (Ok(Err(_)), Some(savepoint)) if is_certain => {
                tracing::warn!(plugin = to.plugin.shared.id, "an event refuses a change that it may not refuse");
                savepoint.undo().await?;
                Ok(Vec::new())
            }
            (Ok(said), savepoint) => {
                let sets = said.map_err(|error| to.plugin.refusal(error))?;
                if let Some(savepoint) = savepoint {
                    savepoint.forget().await?;
                }
                Ok(sets)
            }
            (Err(failed), None) => Err(failed),
            (Err(failed), Some(savepoint)) => {
                savepoint.undo().await?;
                to.plugin.skipped(None, &failed);
                Ok(Vec::new())
            }
        }
    }
}

#[async_trait]
impl Observer for PluginObserver {
    fn observes(&self, model: &str, action: Action) -> bool {
        self.subscriptions.iter().any(|one| one.model == model && one.action == action)
    }

    async fn before(&self, scope: &Scope, change: &mut Change) -> Result<(), ApiError> {
        let (model, action) = (change.model().to_owned(), change.action());
        for to in self.of_change(&model, action, EventMoment::Before) {
            let mut row = change.row().clone();
            for (name, value) in change.values() {
                row.set(name, value.clone())?;
            }
            if !to.wants(scope, &row).await? {
                continue;
            }
            let names = || change.values().iter().map(|(name, _)| name.clone()).collect();
            let shown = (action == Action::Update).then(names);
            let watched = WatchedChange { action, row, shown, sets: Some(Vec::new()) };
            for (name, value) in self.call(to, scope, watched).await? {
                change.set(&name, value)?;
            }
        }
        Ok(())
    }

    async fn after(&self, scope: &Scope, change: &Change, row: &Record) -> Result<(), ApiError> {
        let action = change.action();
        for to in self.of_change(&row.model().name, action, EventMoment::After) {
            if !to.wants(scope, row).await? {
                continue;
            }
            let watched = WatchedChange { action, row: row.clone(), shown: None, sets: None };
            self.call(to, scope, watched).await?;
        }
        Ok(())
    }
}
