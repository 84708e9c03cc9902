//! What a server with a configuration answers, told without a database.

use std::sync::{Arc, Weak};

use super::StartError;
use super::extensions::{functions, router};
use super::live::Live;
use crate::config::Config;
use crate::endpoints::operate_plugins::Extended;
use crate::exchange::SettingsDesk;
use crate::pipeline::description::ApiDescription;
use crate::plugin_host::{Capacity, Plugins, Ports};
use crate::routes;

/// What a server with this configuration answers. No database is asked.
///
/// # Errors
/// When a plugin cannot be loaded, or two owners claim one thing.
pub async fn describe(config: &Config) -> Result<ApiDescription, StartError> {
    let schema = super::schema(config)?;
    let ports = Ports::default();
    let plugins = Plugins::load(config, &ports, &Capacity::default()).await?;
    let nobody: Weak<dyn SettingsDesk> = Weak::<Live>::new();
    let extended = Extended { config: Arc::new(config.clone()), plugins: Weak::new(), scripts: Weak::new() };
    let operations = routes::operations(&nobody, &Arc::new(extended));
    let router = router(config, &plugins, &operations, None)?;
    let functions = functions(&plugins, &operations, &router)?;
    Ok(ApiDescription::new(config, &schema, &router, &functions))
}
