//! The work of plugins beside requests: their jobs, their requests to other servers for later, and events for each other.

use std::sync::Arc;

use super::Plugins;
use super::call::names::{CallOf, event_kind, http_kind, job_kind};
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
