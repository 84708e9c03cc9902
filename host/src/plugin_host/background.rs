//! The work of plugins beside requests: their jobs, their requests to other servers for later, and events for each other.

use std::sync::Arc;

use super::Plugins;
use super::call::names::{CallOf, event_kind, http_kind, job_kind};
use super::call::plugin::Plugin;
use super::package::manifest::Manifest;
use crate::auth::{Auth, Scope};
use crate::outbox::TransportError;
use crate::outbox::jobs::{Known, Task};

/// What a row of a plugin asks for.
enum Work {
    Call(CallOf),
    Http,
}

/// Everything of one plugin that rows may ask for.
fn works(manifest: &Manifest) -> impl Iterator<Item = (Known, Work)> {
    let id = manifest.id.as_str();
    let jobs = (0..).zip(&manifest.jobs).map(move |(index, job)| {
        let known = Known { kind: job_kind(id, &job.name), every_secs: job.period_secs() };
        (known, Work::Call(CallOf::Job(index)))
    });
    let heard = (0..).zip(&manifest.listens).map(move |(index, rule)| {
        (Known { kind: event_kind(id, &rule.event), every_secs: None }, Work::Call(CallOf::Heard(index)))
    });
    let sends = manifest.capabilities.iter().any(|name| name == "http");
    let http = sends.then(|| (Known { kind: http_kind(id), every_secs: None }, Work::Http));
    jobs.chain(heard).chain(http)
}

impl Plugins {
    /// What rows may ask these plugins for.
    pub fn background_kinds(&self) -> Vec<Known> {
        self.list.iter().flat_map(|plugin| works(&plugin.manifest).map(|(known, _)| known)).collect()
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

    /// Does what a row asks for.
    ///
    /// # Errors
    /// When it is not done.
    pub async fn run_in_background(&self, auth: &Arc<Auth>, scope: Scope, task: &Task) -> Result<(), TransportError> {
        for plugin in &self.list {
            let mut works = works(&plugin.manifest);
            match works.find(|(known, _)| known.kind == task.kind).map(|(_, work)| work) {
                Some(Work::Call(what)) => return plugin.background(what, (auth, scope), task).await,
                Some(Work::Http) => return plugin.send_later(&task.payload).await,
                None => {}
            }
        }
        Err(TransportError::passing("its plugin is not loaded"))
    }
}
