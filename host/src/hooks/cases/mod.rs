//! The cases beside a script (`<name>.cases.toml`): what it is asked and what it makes of it, run without a server.

mod case;
mod desk;
mod observe;
mod ports;
mod replay;

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use super::error::HookError;
use super::house_rules::HouseRules;
use super::language::engine;
use super::script;
use crate::config::{Config, HookConfig};
use crate::cookie::Cookies;
use crate::http::origin::TrustedOrigins;

use case::Case;
use observe::Bench;
use ports::CasePorts;

pub use replay::{Replayed, replay};

/// A file of cases.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    /// Constants for the script, so that the cases do not depend on an operator's own.
    #[serde(default)]
    config: toml::Table,
    /// Challenges that it may waive, in place of the operator's.
    #[serde(default)]
    waives: Vec<String>,
    case: Vec<Case>,
}

/// How the cases of one script went.
#[derive(Debug, Default)]
pub struct Report {
    /// Cases that went as expected.
    pub passed: usize,
    /// The others, a text each.
    pub failures: Vec<String>,
}

/// Why cases cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum CasesError {
    /// No file of cases, or it cannot be read.
    #[error("cannot read the cases {file}: {source}")]
    Unreadable {
        /// Its path.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no list of cases.
    #[error("{file}: {message}")]
    Malformed {
        /// Its path.
        file: String,
        /// What is wrong, with line and column.
        message: String,
    },
    /// The script itself cannot be used.
    #[error(transparent)]
    Script(#[from] HookError),
}

/// Runs the cases beside the script at `path`. Cookies and redirect targets are judged as `config` says.
///
/// # Errors
/// When there are no cases, they are malformed, or the script cannot be used.
pub fn run(hook: &HookConfig, path: &Path, config: &Config) -> Result<Report, CasesError> {
    let beside = path.with_extension("cases.toml");
    let file = beside.display().to_string();
    let cases: Cases = read_cases(&beside)?;
    let constants = if cases.config.is_empty() { hook.config.clone() } else { cases.config };
    let ports = CasePorts::new(&hook.file);
    let mut engine = engine::sandboxed(&ports.engine_ports());
    let waives = if cases.waives.is_empty() { hook.waives.clone() } else { cases.waives };
    let hooks = script::load(&mut engine, &HookConfig { config: constants, waives, ..hook.clone() }, path)?;
    let house = House::of(config);
    let bench = Bench { engine: &engine, hooks: &hooks, rules: house.rules(config), ports: &ports };
    let mut report = Report::default();
    for case in cases.case {
        let (name, expected) = (case.name.clone(), expected(&case.expect));
        match bench.observe(case) {
            Ok(observed) if agrees(&expected, &observed) => report.passed += 1,
            Ok(observed) => {
                let observed = without_unasked(&expected, observed);
                report.failures.push(format!("{file}: {name}: expected {expected}, got {observed}"));
            }
            Err(problem) => report.failures.push(format!("{file}: {name}: {problem}")),
        }
    }
    Ok(report)
}

/// Reads a file of cases, of a script or of a plugin.
///
/// # Errors
/// When it cannot be read, or is malformed.
pub fn read_cases<T: DeserializeOwned>(path: &Path) -> Result<T, CasesError> {
    let file = || path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|source| CasesError::Unreadable { file: file(), source })?;
    toml::from_str(&text).map_err(|error| CasesError::Malformed { file: file(), message: error.to_string() })
}

/// What the rules of a server need that does not run.
struct House {
    cookies: Cookies,
    origins: TrustedOrigins,
}

impl House {
    fn of(config: &Config) -> Self {
        let origin = config.origin();
        let trusted = config.trusted_origins.iter().map(String::as_str).chain([origin.as_str()]);
        Self { cookies: Cookies::new(config), origins: TrustedOrigins::new(trusted) }
    }

    fn rules<'a>(&'a self, config: &'a Config) -> HouseRules<'a> {
        HouseRules { config, cookies: &self.cookies, origins: &self.origins, can_send: true }
    }
}

/// Beside what a case expects, `"more"` may happen.
const AND: &str = "and";

/// The two words are short for what they state: `continue` for nothing, `untouched` for no hook at this place.
fn expected(expect: &Json) -> Json {
    match expect.as_str() {
        Some("continue") => json!({}),
        Some("untouched") => json!({ "untouched": true }),
        _ => expect.clone(),
    }
}

/// Counters and values are compared when a case states them.
fn without_unasked(expected: &Json, mut observed: Json) -> Json {
    if let Some(observed) = observed.as_object_mut() {
        for name in ["counters", "shared_counters", "values", "user_values"] {
            if expected.get(name).is_none() {
                observed.shift_remove(name);
            }
        }
    }
    observed
}

/// Whether all is as expected: everything that happened is named, and what is named of each has these values. `error` is a
/// part of the text. With `and = "more"`, other things may have happened too.
fn agrees(expected: &Json, observed: &Json) -> bool {
    let observed = without_unasked(expected, observed.clone());
    let (Some(wanted), Some(seen)) = (expected.as_object(), observed.as_object()) else { return false };
    let may_be_more = wanted.get(AND).is_some_and(|and| and == "more");
    let named = || wanted.iter().filter(|(name, _)| !(may_be_more && *name == AND));
    let one = |name: &String, wanted: &Json| match (name.as_str(), seen.get(name)) {
        ("error", Some(Json::String(seen))) => wanted.as_str().is_some_and(|part| seen.contains(part)),
        // What a request or a row becomes is stated whole, or not at all.
        ("changed_body" | "changed_query", seen) if !may_be_more => seen == Some(wanted),
        (_, Some(seen)) => names(wanted, seen),
        (_, None) => false,
    };
    (may_be_more || named().count() == seen.len()) && named().all(|(name, value)| one(name, value))
}

/// Whether `seen` has all that `wanted` names. A list is as long; an empty table names nothing, so that it stands for an
/// empty one.
fn names(wanted: &Json, seen: &Json) -> bool {
    match (wanted, seen) {
        (Json::Object(wanted), Json::Object(seen)) => {
            wanted.is_empty() == seen.is_empty()
                && wanted.iter().all(|(key, value)| seen.get(key).is_some_and(|seen| names(value, seen)))
        }
        (Json::Array(wanted), Json::Array(seen)) => {
            wanted.len() == seen.len() && wanted.iter().zip(seen).all(|(wanted, seen)| names(wanted, seen))
        }
        (wanted, seen) => wanted == seen,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_happened_must_be_expected() {
        let reject = json!({ "reject": { "status": 400, "code": "NO", "message": "No" } });
        for (expect, observed, agreed) in [
            (json!("continue"), json!({}), true),
            (json!("continue"), json!({ "untouched": true }), false),
            (json!("continue"), json!({ "changed_body": {} }), false),
            (json!("continue"), json!({ "counters": { "a": 1 } }), true),
            (json!({ "counters": {} }), json!({ "counters": { "a": 1 } }), false),
            (json!("untouched"), json!({ "untouched": true }), true),
            (json!({ "reject": { "status": 400, "code": "NO" } }), reject.clone(), true),
            (json!({ "reject": { "status": 403, "code": "NO" } }), reject.clone(), false),
            (json!({ "reject": {} }), reject.clone(), false),
            (json!("continue"), reject, false),
            (json!({ "error": "line 1" }), json!({ "error": "x: line 1" }), true),
            (json!({ "error": "line 2" }), json!({ "error": "x: line 1" }), false),
            (json!({ "error": "x" }), json!({}), false),
            (json!("contineu"), json!({}), false),
            (json!({ "mails": [{ "to": "a" }] }), json!({ "mails": [{ "to": "a", "kind": "b" }] }), true),
            (json!({ "mails": [{ "to": "a" }] }), json!({ "mails": [{ "to": "b", "kind": "b" }] }), false),
            (json!({ "mails": [{ "to": "a" }] }), json!({ "mails": [{ "to": "a" }, { "to": "b" }] }), false),
            (json!({ "mails": [{ "cc": "a" }] }), json!({ "mails": [{ "to": "a" }] }), false),
            (json!({ "changed_body": { "a": 1 } }), json!({ "changed_body": { "a": 1, "b": 2 } }), false),
            (
                json!({ "changed_body": { "a": 1 }, "and": "more" }),
                json!({ "changed_body": { "a": 1, "b": 2 }, "stop": true }),
                true,
            ),
            (json!({ "stop": true, "and": "more" }), json!({ "delay_ms": 1 }), false),
            (json!({ "stop": true, "and": "less" }), json!({ "stop": true }), false),
            (json!({ "values": { "a": 1 } }), json!({ "values": { "a": 1 }, "user_values": {} }), true),
            (json!({ "values": { "a": 1 } }), json!({ "values": { "a": 2 } }), false),
            (json!({ "values": {} }), json!({ "values": { "a": 2 } }), false),
        ] {
            assert_eq!(agrees(&super::expected(&expect), &observed), agreed, "{expect} {observed}");
        }
    }
}
