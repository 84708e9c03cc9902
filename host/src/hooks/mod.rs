//! Runs policy scripts: before and after endpoints, changes, sign-ins and mails. The only place that names rhai.
//!
//! Invariant: scripts keep nothing from one request to the next but their counters: each call has a scope of its own, and
//! what a closure took from around it is copied for each call.
//!
//! A call runs on the server's worker: it takes microseconds, has no function that waits, and ends after 100,000
//! operations or 10 ms. A script that took more than 20,000 or 4 ms runs on threads of its own for the next minute.

pub mod cases;
mod check;
mod deliver;
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

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use rhai::Engine;
use serde_json::Value as Json;

use crate::config::Config;
use crate::exchange::redaction::SecretNames;
use crate::http::Response;
use crate::http::address::networks;

use language::facts::Facts;
use pool::{Pool, PoolError};
use script::{Called, Hook};

pub use error::HookError;
pub use language::declare::{Declaration, HookPoint};
pub use language::functions::{Counters, MemoryCounters, Ports};
pub use metrics::ScriptCounts;
pub use moments::change::ScriptObserver;
pub use moments::claims::ScriptClaims;
pub use moments::gate::ScriptGate;
pub use moments::mail::ScriptMailFilter;

/// All scripts, compiled.
pub struct ScriptSet {
    engine: Arc<Engine>,
    hooks: Vec<Arc<Hook>>,
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

    /// What in the scripts' texts cannot do what it seems to, a line each. `is_route` tells whether some route has a path.
    pub fn findings(&self, is_route: &dyn Fn(&str) -> bool) -> Vec<String> {
        let of_one = |script: &Arc<script::Script>| {
            let found = check::findings(&self.engine, script.text(), is_route);
            let file = script.file.clone();
            found.into_iter().map(move |(line, problem)| format!("{file}:{line}: warning: {problem}"))
        };
        self.scripts().into_iter().flat_map(of_one).collect()
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

    /// Calls one hook: at once, or on a thread of its own when its script was slow. The facts come back in any case.
    async fn call(&self, hook: &Arc<Hook>, mut facts: Facts) -> (Facts, Result<Called, HookError>) {
        facts.secret_names = Some(Arc::clone(&self.secret_names));
        if !hook.script.is_slow() {
            return hook.call(&self.engine, facts);
        }
        // Should the thread not come back, the request must.
        let kept = facts.clone();
        let (engine, slow) = (Arc::clone(&self.engine), Arc::clone(hook));
        let call = move || {
            slow.script.metrics.add_slow();
            slow.call(&engine, facts)
        };
        match self.pool.run(call).await {
            Ok(done) => done,
            Err(PoolError::Busy) => (kept, Err(HookError::Busy(hook.script.file.clone()))),
            Err(error @ PoolError::Late) => (kept, Err(hook.wrong(&error.to_string()))),
        }
    }

    fn is_trusted_proxy(&self, peer: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(&peer.to_canonical()))
    }
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
