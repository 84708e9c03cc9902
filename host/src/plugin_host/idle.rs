//! Says in the log what of the loaded plugins does nothing, or cannot work, beside the others that are loaded.

use std::sync::Arc;

use super::Plugins;
use super::call::plugin::Plugin;
use crate::exchange::PathPattern;

impl Plugins {
    /// Says in the log which hooks wait for paths that nobody has; `is_there` knows whether someone has one.
    pub fn tell_of_idle_hooks(&self, is_there: impl Fn(&PathPattern) -> bool) {
        for plugin in &self.list {
            let manifest = &plugin.manifest;
            let before = manifest.before.iter().map(|hook| ("before", &hook.pattern));
            for (moment, path) in before.chain(manifest.after.iter().map(|hook| ("after", &hook.pattern))) {
                if !is_there(&PathPattern::new(path)) {
                    tracing::warn!(
                        plugin = manifest.id,
                        path,
                        "a hook {moment} a path that no endpoint has never runs"
                    );
                }
            }
        }
    }

    /// Says in the log which listeners wait for events that no loaded plugin emits.
    pub fn tell_of_idle_listeners(&self) {
        let emits = |plugin: &Arc<Plugin>, event: &str| {
            let name = event.strip_prefix(&plugin.manifest.id).and_then(|rest| rest.strip_prefix(':'));
            name.is_some_and(|name| plugin.manifest.emits.iter().any(|rule| rule.name == name))
        };
        for plugin in &self.list {
            let listens = plugin.manifest.listens.iter().map(|rule| rule.event.as_str());
            for event in listens.filter(|event| !self.list.iter().any(|other| emits(other, event))) {
                tracing::warn!(
                    plugin = plugin.manifest.id,
                    event,
                    "it listens to an event that no loaded plugin emits"
                );
            }
        }
    }

    /// Logs plugins that call endpoints below the base path which nobody has.
    pub fn tell_of_missing_calls(&self, is_there: impl Fn(&PathPattern) -> bool) {
        for plugin in &self.list {
            let calls = plugin.manifest.calls.iter().map(|call| call.pattern.as_str());
            // Endpoints of operators are always there, wherever they stand.
            let of_others = calls.filter(|path| !path.starts_with("/api/"));
            let missing: Vec<&str> = of_others.filter(|path| !is_there(&PathPattern::new(path))).collect();
            if !missing.is_empty() {
                tracing::warn!(
                    plugin = plugin.manifest.id,
                    paths = missing.join(", "),
                    "a plugin calls endpoints that there are not: switch on the plugins that have them"
                );
            }
        }
    }
}
