//! Runs policy scripts: before and after endpoints, changes, sign-ins and mails. The only place that names rhai.
//!
//! Invariant: scripts keep nothing from one request to the next but their counters: each call has a scope of its own, and
//! what a closure took from around it is copied for each call.
//!
//! A call runs on the server's worker: it takes microseconds, has no function that waits, and ends after 100,000
//! operations or 10 ms of the processor. A script that took more than 20,000 or 4 ms runs on threads of its own for the
//! next minute.

pub mod cases;
mod check;
mod deliver;
mod desk;
mod error;
mod house_rules;
mod language;
mod lookup;
mod metrics;
mod moments;
mod old_passwords;
mod pool;
mod script;
mod script_log;

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;

use ipnet::IpNet;
use rhai::Engine;
use serde_json::Value as Json;

use crate::config::Config;
use crate::exchange::Exchange;
use crate::exchange::redaction::SecretNames;
use crate::http::Response;
use crate::http::address::networks;
use crate::store::{Field, Owner, Schema, session};
use crate::telemetry;

use desk::Desk;
use language::api::Group;
use language::api_text;
use language::asking::Journal;
use language::facts::Facts;
use pool::Pool;
use script::{Called, Hook, Run};

pub use check::{World, meant};
pub use error::HookError;
pub use language::declare::{Declaration, HookPoint};
pub use language::functions::{Counters, MemoryCounters, Ports};
pub use metrics::ScriptCounts;
pub use moments::change::ScriptObserver;
pub use moments::claims::ScriptClaims;
pub use moments::gate::ScriptGate;
pub use moments::mail::ScriptMailFilter;

/// What a run of a call left: the facts with what the script changed, what it learnt, and how it ended.
type Ran = (Facts, Journal, Result<Run, HookError>);

/// All scripts, compiled.
pub struct ScriptSet {
    engine: Arc<Engine>,
    hooks: Vec<Arc<Hook>>,
    /// Whether some hook runs after what a request did.
    has_events: bool,
    pool: Pool,
    trusted_proxies: Vec<IpNet>,
    plugins: Json,
    secret_names: Arc<SecretNames>,
}

/// What the before-hooks did.
#[derive(Debug)]
pub enum Step {
    /// Nothing to the request.
    Continue,
    /// They changed the request: it is to be checked as if the client had sent it so.
    Changed,
    /// They answered it.
    Answer(Response),
}

/// Where one hook runs.
#[derive(Debug)]
pub struct Registration<'a> {
    /// The script, as the configuration names it.
    pub script: &'a str,
    /// HookPoint, method and places.
    pub declaration: &'a Declaration,
}

impl ScriptSet {
    /// Compiles the scripts of the configuration, in order.
    ///
    /// # Errors
    /// The first script that cannot be used, with the place in its text.
    pub fn load(config: &Config, ports: &Ports) -> Result<Self, HookError> {
        let mut engine = language::engine::sandboxed(ports);
        let mut hooks = Vec::new();
        for hook in &config.hooks {
            hooks.extend(script::load(&mut engine, hook, &config.resolve(&hook.file))?);
        }
        let trusted_proxies = networks(&config.advanced.ip_address.trusted_proxies).collect();
        let plugins = lookup::plugin_options(config);
        Ok(Self {
            engine: Arc::new(engine),
            has_events: hooks.iter().any(|hook| HookPoint::EVENTS.contains(&hook.declaration.moment)),
            hooks,
            pool: Pool::default(),
            trusted_proxies,
            plugins,
            secret_names: Arc::default(),
        })
    }

    /// With these names of secret fields, which no script reads where its entry does not say so.
    #[must_use]
    pub fn hiding(self, secret_names: Arc<SecretNames>) -> Self {
        Self { secret_names, ..self }
    }

    /// Every hook, in the order they run.
    pub fn registrations(&self) -> impl Iterator<Item = Registration<'_>> {
        self.hooks.iter().map(|hook| Registration { script: &hook.script.file, declaration: &hook.declaration })
    }

    /// What in the scripts' texts cannot do what it seems to, a line each.
    pub fn findings(&self, world: &World<'_>) -> Vec<String> {
        let of_one = |script: &Arc<script::Script>| {
            let found = check::findings(&self.engine, script.text(), world);
            let file = script.file.clone();
            found.into_iter().map(move |(line, problem)| format!("{file}:{line}: warning: {problem}"))
        };
        self.scripts().into_iter().flat_map(of_one).collect()
    }

    /// What scripts are granted and nothing has, a line each: fields to set, tables to read, challenges to waive.
    pub fn vain_grants(config: &Config, schema: &Schema) -> Vec<String> {
        let fields: Vec<String> = schema
            .models()
            .iter()
            .flat_map(|model| {
                let own = model.fields.iter().filter(|field| field.owner != Owner::Core && !field.is_credential);
                own.map(|field| format!("{}.{}", model.name, field.name)).collect::<Vec<_>>()
            })
            .collect();
        let tables: Vec<String> = schema
            .models()
            .iter()
            .filter_map(|model| match &model.owner {
                Owner::Plugin(id) => Some(format!("{id}.{}", model.name)),
                Owner::Core | Owner::Config => None,
            })
            .collect();
        let plugins: Vec<String> =
            config.plugins.iter().filter(|plugin| plugin.enabled).map(|plugin| plugin.id.clone()).collect();
        let mut lines = Vec::new();
        for hook in &config.hooks {
            let granted =
                [("sets", &hook.sets, &fields), ("reads", &hook.reads, &tables), ("waives", &hook.waives, &plugins)];
            for (option, given, known) in granted {
                for name in given.iter().filter(|name| !known.contains(name)) {
                    let meant = meant(name, known.iter().map(String::as_str));
                    lines.push(format!(
                        "{}: warning: `{option}` names `{name}`, which no script can be granted{meant}",
                        hook.file
                    ));
                }
            }
        }
        lines
    }

    /// The kinds of mail that the scripts send.
    pub fn sent_kinds(&self) -> Vec<String> {
        self.scripts().into_iter().flat_map(|script| check::sent_kinds(script.text())).collect()
    }

    /// Each script once, in the order of the configuration.
    fn scripts(&self) -> Vec<&Arc<script::Script>> {
        let mut scripts: Vec<_> = self.hooks.iter().map(|hook| &hook.script).collect();
        scripts.dedup_by(|a, b| Arc::ptr_eq(a, b));
        scripts
    }

    /// What each script did since it was loaded, in the order of the configuration.
    pub fn metrics(&self) -> Vec<ScriptCounts> {
        self.scripts().into_iter().map(|script| script.metrics.read(&script.file)).collect()
    }

    /// Calls one hook of a request, whose questions are answered in its transaction.
    async fn call_for(
        &self,
        exchange: &Exchange,
        hook: &Arc<Hook>,
        facts: Facts,
    ) -> (Facts, Result<Called, HookError>) {
        let about = || vec![("doorward.script", hook.script.file.clone())];
        let called = async {
            let scope = hook.script.reads.asks.then(|| exchange.scope());
            let desk = scope.as_ref().map(|scope| Desk { auth: exchange.auth(), scope });
            Ok::<_, Infallible>(self.call(hook, facts, desk).await)
        };
        let Ok(called) = telemetry::span("script", about, pin!(called)).await;
        called
    }

    /// Calls one hook. The facts come back in any case.
    async fn call(
        &self,
        hook: &Arc<Hook>,
        mut facts: Facts,
        desk: Option<Desk<'_>>,
    ) -> (Facts, Result<Called, HookError>) {
        facts.secret_names = Some(Arc::clone(&self.secret_names));
        if let Some(desk) = desk.filter(|_| hook.script.reads.asks) {
            return Box::pin(self.call_at_desk(hook, facts, desk)).await;
        }
        let (facts, _, run) = self.run(hook, facts, Journal::default()).await;
        (facts, run.and_then(|run| done(hook, run)))
    }

    /// Calls the hook of a script that asks, and again with each answer of the desk.
    async fn call_at_desk(
        &self,
        hook: &Arc<Hook>,
        mut facts: Facts,
        desk: Desk<'_>,
    ) -> (Facts, Result<Called, HookError>) {
        let mut journal = Journal::kept();
        loop {
            let given = facts.clone();
            let (returned, learnt, run) = self.run(hook, facts, journal).await;
            let question = match run {
                Ok(Run::Asks(question)) => question,
                run => return (returned, run.and_then(|run| done(hook, run))),
            };
            // What the first run changed, the next one changes again.
            (facts, journal) = (given, learnt);
            match desk.answer(&hook.script, &facts, *question).await {
                Ok(answer) => journal.add(answer),
                Err(error) => return (facts, Err(HookError::Unanswered(hook.script.file.clone(), error))),
            }
        }
    }

    /// Runs a call once: at once, or on a thread of its own when its script was slow.
    async fn run(&self, hook: &Arc<Hook>, facts: Facts, mut journal: Journal) -> Ran {
        if hook.script.is_slow() {
            return Box::pin(self.run_apart(hook, facts, journal)).await;
        }
        let (facts, run) = hook.run(&self.engine, facts, &mut journal);
        (facts, journal, Ok(run))
    }

    async fn run_apart(&self, hook: &Arc<Hook>, facts: Facts, mut journal: Journal) -> Ran {
        // Should the thread not come back, the request must.
        let kept = facts.clone();
        let (engine, slow) = (Arc::clone(&self.engine), Arc::clone(hook));
        let call = move || {
            slow.script.metrics.add_slow();
            let (facts, run) = slow.run(&engine, facts, &mut journal);
            (facts, journal, Ok(run))
        };
        self.pool
            .run(call)
            .await
            .unwrap_or_else(|pool::Busy| (kept, Journal::default(), Err(HookError::Busy(hook.script.file.clone()))))
    }

    fn is_trusted_proxy(&self, peer: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(&peer.to_canonical()))
    }
}

fn done(hook: &Hook, run: Run) -> Result<Called, HookError> {
    match run {
        Run::Done(called) => called,
        Run::Asks(_) => Err(hook.wrong("nobody answers the script at this moment")),
    }
}

/// What scripts call and see, as definitions for editors (`.d.rhai`).
pub fn definitions() -> String {
    api_text::definitions()
}

/// The tables of the documentation that are made from the code, each with the name of its place there.
pub fn tables() -> [(&'static str, String); 5] {
    [
        ("places", api_text::table(Group::Declare)),
        ("parts", api_text::parts_table()),
        ("directives", api_text::table(Group::Do)),
        ("functions", api_text::table(Group::Compute)),
        ("questions", api_text::table(Group::Ask)),
    ]
}

/// The fields of a model that scripts see, or none when there is no such model.
pub fn visible_fields(schema: &Schema, model: &str) -> Vec<String> {
    let Ok(found) = schema.model(model) else { return Vec::new() };
    let is_token = |field: &Field| model == session::MODEL && field.name == "token";
    let fields = found.fields.iter().filter(|field| field.returned && !is_token(field));
    fields.map(|field| field.name.clone()).collect()
}

#[cfg(test)]
fn test_ports() -> Ports {
    Ports {
        clock: Arc::new(crate::clock::SystemClock),
        random: Arc::new(crate::crypto::random::SystemRandom),
        counters: Arc::new(MemoryCounters::default()),
        signing_key: crate::crypto::secret::Secret::new("a key".to_owned()),
    }
}
