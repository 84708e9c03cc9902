//! Policy scripts: what they can do, what they cannot, and that the shipped ones pass their cases.

mod commands;
mod events;
mod fail_closed;
mod functions;
mod granted;
mod hostile;
mod isolation;
mod moments;
mod outcomes;
mod safety;
mod values;

use std::fmt::Write;
use std::sync::Arc;

use doorward::clock::SystemClock;
use doorward::config::{Config, HookConfig};
use doorward::crypto::random::SystemRandom;
use doorward::crypto::secret::Secret;
use doorward::hooks::{MemoryCounters, Ports, ScriptSet};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::fixture::Fixture;
use crate::store::Place;

/// A server with scripts, and the folder they lie in.
struct Scripted {
    server: Fixture,
    _folder: TempDir,
}

impl Scripted {
    /// Starts a server with one script.
    async fn start(place: &Place, script: &str) -> Self {
        Self::start_with(place, &[(script, "")], "").await
    }

    /// Starts a server with scripts, each with more options of its section, and with options of the server.
    async fn start_with(place: &Place, scripts: &[(&str, &str)], options: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut text = format!("{options}\n");
        for (index, (script, more)) in scripts.iter().enumerate() {
            let file = folder.path().join(format!("{index}.rhai"));
            std::fs::write(&file, script).unwrap();
            write!(text, "[[hooks]]\nfile = {:?}\n{more}\n", file.display().to_string()).unwrap();
        }
        Self { server: Fixture::start(place, &text).await, _folder: folder }
    }
}

/// Loads one script without a server; the error's text when it cannot be used.
fn load(script: &str) -> Result<ScriptSet, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("policy.rhai"), script).unwrap();
    let hooks = vec![HookConfig::new("policy.rhai")];
    let config = Config { hooks, folder: folder.path().to_owned(), ..Config::default() };
    let ports = Ports {
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        counters: Arc::new(MemoryCounters::default()),
        signing_key: Secret::new("a key".to_owned()),
    };
    ScriptSet::load(&config, &ports).map_err(|error| error.to_string())
}

/// The body of a sign-up.
fn sign_up(email: &str) -> Json {
    json!({ "name": "Ada", "email": email, "password": "correct horse 1" })
}

const FAILED: &str = "500 HOOK_ERROR A policy script failed";
