//! The cases beside a script (`<name>.cases.toml`): requests and what the script makes of them, run without a server.

use std::path::Path;

use rhai::Engine;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::context::{Answer, Facts, Identity};
use super::error::HookError;
use super::house_rules::HouseRules;
use super::outcome::{Directives, Outcome};
use super::script::{self, Hook};
use super::{Moment, after, before, engine};
use crate::config::{Config, HookConfig};
use crate::cookie::Cookies;
use crate::http::{Headers, Query, Request};
use crate::origin::TrustedOrigins;

/// A file of cases.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    /// Constants for the script, so that the cases do not depend on an operator's own.
    #[serde(default)]
    config: toml::Table,
    case: Vec<Case>,
}

/// One request and what is expected of the script.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default = "before_moment")]
    moment: String,
    #[serde(default = "post")]
    method: String,
    path: String,
    #[serde(default)]
    params: Map<String, Json>,
    #[serde(default)]
    query: String,
    #[serde(default)]
    headers: Map<String, Json>,
    body: Option<Json>,
    client_address: Option<String>,
    session: Option<Json>,
    user: Option<Json>,
    status: Option<u16>,
    response: Option<Json>,
    new_session: Option<Json>,
    new_user: Option<Json>,
    expect: Json,
}

fn before_moment() -> String {
    "before".into()
}

fn post() -> String {
    "POST".into()
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
    let text =
        std::fs::read_to_string(&beside).map_err(|source| CasesError::Unreadable { file: file.clone(), source })?;
    let cases: Cases = toml::from_str(&text)
        .map_err(|error| CasesError::Malformed { file: file.clone(), message: error.to_string() })?;
    let constants = if cases.config.is_empty() { hook.config.clone() } else { cases.config };
    let mut engine = engine::sandboxed();
    let hooks = script::load(&mut engine, &HookConfig { config: constants, ..hook.clone() }, path)?;
    let origin = config.origin();
    let trusted = config.trusted_origins.iter().map(String::as_str).chain([origin.as_str()]);
    let (cookies, origins) = (Cookies::new(config), TrustedOrigins::new(trusted));
    let rules = HouseRules { config, cookies: &cookies, origins: &origins };
    let bench = Bench { engine: &engine, hooks: &hooks, rules };
    let mut report = Report::default();
    for case in cases.case {
        let (name, expected) = (case.name.clone(), expected(&case.expect));
        match bench.observe(case) {
            Ok(observed) if agrees(&expected, &observed) => report.passed += 1,
            Ok(observed) => report.failures.push(format!("{file}: {name}: expected {expected}, got {observed}")),
            Err(problem) => report.failures.push(format!("{file}: {name}: {problem}")),
        }
    }
    Ok(report)
}

struct Bench<'a> {
    engine: &'a Engine,
    hooks: &'a [Hook],
    rules: HouseRules<'a>,
}

impl Bench<'_> {
    /// Runs every matching hook until one ends the request; what they did, as a case would state it.
    fn observe(&self, case: Case) -> Result<Json, String> {
        let moment = Moment::ALL.into_iter().find(|moment| moment.name() == case.moment);
        let moment = moment.ok_or_else(|| format!("there is no moment `{}`", case.moment))?;
        let matching = |hook: &&Hook| hook.matches(moment, &case.method, &case.path);
        let hooks: Vec<&Hook> = self.hooks.iter().filter(matching).collect();
        if hooks.is_empty() {
            return Ok(json!({ "untouched": true }));
        }
        let facts = facts(case)?;
        let seen = match moment {
            Moment::Before => self.observe_before(&hooks, facts),
            Moment::After => self.observe_after(&hooks, facts),
        };
        Ok(seen.unwrap_or_else(|error| json!({ "error": error.to_string() })))
    }

    fn observe_before(&self, hooks: &[&Hook], mut facts: Facts) -> Result<Json, HookError> {
        let original = facts.request().cloned();
        let mut all = Directives::default();
        let mut end = None;
        for hook in hooks {
            let (returned, done) = before::run(self.engine, hook, facts, &self.rules);
            facts = returned;
            let done = done?;
            merge(&mut all, done.directives);
            end = done.outcome;
            if end.is_some() {
                break;
            }
        }
        let mut seen = stated(end, all);
        if let (Some(original), Some(now)) = (original, facts.request()) {
            if original.body != now.body {
                seen.insert("changed_body".into(), now.body.clone().unwrap_or_default());
            }
            if original.query.to_json() != now.query.to_json() {
                seen.insert("changed_query".into(), now.query.to_json());
            }
            let changed = changed_headers(&original.headers, &now.headers);
            if !changed.is_empty() {
                seen.insert("changed_headers".into(), changed.into());
            }
        }
        Ok(seen.into())
    }

    fn observe_after(&self, hooks: &[&Hook], mut facts: Facts) -> Result<Json, HookError> {
        let mut all = Directives::default();
        let (mut end, mut response) = (None, None);
        for hook in hooks {
            let (returned, done) = after::run(self.engine, hook, facts, &self.rules);
            facts = returned;
            let done = done?;
            merge(&mut all, done.directives);
            response = done.changed_response.or(response);
            end = done.outcome.or(end);
        }
        let mut seen = stated(end, all);
        if let Some(response) = response {
            seen.insert("changed_response".into(), response);
        }
        Ok(seen.into())
    }
}

fn facts(case: Case) -> Result<Facts, String> {
    let text = |value: &Json| value.as_str().map(str::to_owned).ok_or_else(|| format!("{value} is no text"));
    let mut headers = Headers::default();
    for (name, value) in &case.headers {
        headers.push(name.to_ascii_lowercase(), text(value)?);
    }
    let params = case.params.iter().map(|(name, value)| Ok((name.clone(), text(value)?)));
    let params = params.collect::<Result<_, String>>()?;
    let request = Request {
        method: case.method,
        path: case.path,
        query: Query::parse(&case.query),
        headers,
        body: case.body,
        client_address: case.client_address,
        ..Request::placeholder()
    };
    let pair = |session: Option<Json>, user: Option<Json>| match (session, user) {
        (None, None) => None,
        (session, user) => Some((session.unwrap_or_default(), user.unwrap_or_default())),
    };
    let answer = Answer {
        status: case.status.unwrap_or(200),
        body: case.response.map(|body| body.to_string().into()).unwrap_or_default(),
        new_session: pair(case.new_session, case.new_user),
    };
    Ok(Facts::new(request, params, Identity::Read(pair(case.session, case.user))).answered(answer))
}

fn merge(all: &mut Directives, more: Directives) {
    for (name, value) in more.headers {
        all.headers.retain(|(other, _)| *other != name);
        all.headers.push((name, value));
    }
    all.cookies.extend(more.cookies);
}

fn stated(end: Option<Outcome>, directives: Directives) -> Map<String, Json> {
    let mut seen = Map::new();
    match end {
        Some(Outcome::Reject { status, code, message }) => {
            seen.insert("reject".into(), json!({ "status": status, "code": code, "message": message }));
        }
        Some(Outcome::Respond { status, body }) => {
            seen.insert("respond".into(), json!({ "status": status, "body": body }));
        }
        Some(Outcome::Redirect(target)) => _ = seen.insert("redirect".into(), target.into()),
        None => {}
    }
    if !directives.headers.is_empty() {
        let headers: Map<_, _> = directives.headers.into_iter().map(|(name, value)| (name, value.into())).collect();
        seen.insert("set_headers".into(), headers.into());
    }
    if !directives.cookies.is_empty() {
        let cookies: Map<_, _> =
            directives.cookies.into_iter().map(|cookie| (cookie.name, cookie.value.into())).collect();
        seen.insert("set_cookies".into(), cookies.into());
    }
    seen
}

fn changed_headers(before: &Headers, after: &Headers) -> Map<String, Json> {
    let names = before.iter().chain(after.iter()).map(|(name, _)| name);
    let changed = names.filter(|name| before.get(name) != after.get(name));
    changed.map(|name| (name.to_owned(), after.get(name).into())).collect()
}

/// The two words are short for what they state: `continue` for nothing, `untouched` for no hook at this path.
fn expected(expect: &Json) -> Json {
    match expect.as_str() {
        Some("continue") => json!({}),
        Some("untouched") => json!({ "untouched": true }),
        _ => expect.clone(),
    }
}

/// Whether all is as expected. An expected rejection may leave its message open; `error` is a part of the text.
fn agrees(expected: &Json, observed: &Json) -> bool {
    let (Some(wanted), Some(seen)) = (expected.as_object(), observed.as_object()) else { return false };
    let one = |name: &String, wanted: &Json| match (name.as_str(), seen.get(name)) {
        ("reject", Some(Json::Object(seen))) => {
            let wanted = wanted.as_object();
            wanted.is_some_and(|wanted| {
                !wanted.is_empty() && wanted.iter().all(|(key, value)| seen.get(key) == Some(value))
            })
        }
        ("error", Some(Json::String(seen))) => wanted.as_str().is_some_and(|part| seen.contains(part)),
        (_, seen) => seen == Some(wanted),
    };
    wanted.len() == seen.len() && wanted.iter().all(|(name, value)| one(name, value))
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
            (json!("untouched"), json!({ "untouched": true }), true),
            (json!({ "reject": { "status": 400, "code": "NO" } }), reject.clone(), true),
            (json!({ "reject": { "status": 403, "code": "NO" } }), reject.clone(), false),
            (json!({ "reject": {} }), reject.clone(), false),
            (json!("continue"), reject, false),
            (json!({ "error": "not found" }), json!({ "error": "x: Function not found" }), true),
            (json!({ "set_headers": { "a": "b" } }), json!({ "set_headers": { "a": "b" }, "set_cookies": {} }), false),
            (json!("nonsense"), json!({}), false),
        ] {
            assert_eq!(agrees(&expected(&expect), &observed), agreed, "{expect} {observed}");
        }
    }
}
