//! `GET` and `POST /plugins`: what extends the server, and the switch of each plugin. For operators.

use std::sync::{Arc, Weak};

use async_trait::async_trait;
use serde_json::{Map, Value as Json, json};

use super::settings::answer;
use crate::config::{Config, Fault};
use crate::error::ApiError;
use crate::exchange::{Changed, Endpoint, Exchange, SettingsDesk};
use crate::hooks::ScriptSet;
use crate::http::Response;
use crate::input::Input;
use crate::plugin_host::Plugins;

/// What a server extends itself with now.
pub struct Extended {
    /// With all that counts.
    pub config: Arc<Config>,
    /// The loaded plugins; they may hold what describes these endpoints.
    pub plugins: Weak<Plugins>,
    /// The policies.
    pub scripts: Weak<ScriptSet>,
}

/// Answers `{"plugins": [{"id", "state": "on" | "paused" | "off", "locked", …}], "policies": [{"script", "calls", "outcomes",
/// "failures", "micros"}]}`, both in the order of the configuration.
pub struct ListPlugins(pub Arc<Extended>);

/// Takes `{"id", "enabled"}`. The switch is a setting: it counts on every node, and after a restart. Answers as
/// [`ListPlugins`] does from then on.
pub struct SwitchPlugin {
    /// What is there now.
    pub extended: Arc<Extended>,
    /// Where settings are changed.
    pub desk: Weak<dyn SettingsDesk>,
}

#[async_trait]
impl Endpoint for ListPlugins {
    async fn call(&self, _exchange: &mut Exchange) -> Result<Response, ApiError> {
        Ok(Response::json(&self.0.to_json()))
    }
}

#[async_trait]
impl Endpoint for SwitchPlugin {
    async fn call(&self, exchange: &mut Exchange) -> Result<Response, ApiError> {
        let mut input = Input::body(exchange.request.body.as_ref());
        let (id, is_on) = read(&mut input);
        input.finish()?;
        let key = Config::switch_of(&id);
        if !is_on && self.extended.is_needed(&id) {
            let text = format!(
                "`{id}` decides what operators may do; without it nobody could switch it on again. Switch it off in the configuration file"
            );
            return answer(exchange, Changed::Refused(vec![Fault { key, text }]));
        }
        let desk = self.desk.upgrade().ok_or_else(ApiError::busy)?;
        let version = desk.show(exchange).await?.get("version").and_then(Json::as_i64).unwrap_or_default();
        // On is what the file says.
        let value = (!is_on).then(|| Json::Bool(false));
        match desk.change(exchange, version, vec![(key, value)]).await? {
            Changed::Done => Ok(Response::json(&json!({ "id": id, "enabled": is_on }))),
            refused => answer(exchange, refused),
        }
    }
}

/// The plugin's id, and whether it is to be on.
pub(super) fn read(input: &mut Input<'_>) -> (String, bool) {
    (input.text("id").to_owned(), input.boolean("enabled"))
}

impl Extended {
    fn is_needed(&self, id: &str) -> bool {
        self.plugins.upgrade().is_some_and(|plugins| plugins.decides_permissions() == Some(id))
    }

    fn to_json(&self) -> Json {
        let mut facts = self.plugins.upgrade().map(|plugins| plugins.facts()).unwrap_or_default();
        let plugins = self.config.plugins.iter().filter(|entry| self.config.can_switch(entry));
        let plugins = plugins.map(|entry| {
            let mut plugin = Map::from_iter([("id".to_owned(), json!(entry.id))]);
            match facts.remove(&entry.id) {
                Some(Json::Object(more)) => plugin.extend(more),
                _ => _ = plugin.insert("state".to_owned(), json!("off")),
            }
            plugin.insert("locked".to_owned(), json!(self.is_needed(&entry.id)));
            Json::Object(plugin)
        });
        let policy = |counts: crate::hooks::ScriptCounts| {
            json!({
                "script": counts.script, "calls": counts.calls, "outcomes": counts.outcomes,
                "failures": counts.failures, "micros": counts.micros(),
            })
        };
        let policies: Vec<Json> =
            self.scripts.upgrade().map(|scripts| scripts.metrics()).into_iter().flatten().map(policy).collect();
        json!({ "plugins": plugins.collect::<Vec<_>>(), "policies": policies })
    }
}
