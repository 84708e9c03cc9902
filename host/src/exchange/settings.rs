//! What operators set while the server runs, as endpoints see it.

use async_trait::async_trait;
use serde_json::Value as Json;

use super::Exchange;
use crate::config::Fault;
use crate::error::ApiError;

/// How a wanted change ended.
#[derive(Debug)]
pub enum Changed {
    /// It counts, on this node at once and on the others within seconds.
    Done,
    /// Nothing was changed, because of these.
    Refused(Vec<Fault>),
    /// Nothing was changed: somebody else has changed something since.
    Outdated,
}

/// Shows and changes settings.
#[async_trait]
pub trait SettingsDesk: Send + Sync {
    /// All settings: `{"version", "settings", "faults"}`.
    ///
    /// # Errors
    /// When the store fails.
    async fn show(&self, exchange: &mut Exchange) -> Result<Json, ApiError>;

    /// Sets values, or removes them where there is none. `version` is the one that whoever asks has seen.
    ///
    /// # Errors
    /// When the store fails.
    async fn change(
        &self,
        exchange: &mut Exchange,
        version: i64,
        values: Vec<(String, Option<Json>)>,
    ) -> Result<Changed, ApiError>;
}
