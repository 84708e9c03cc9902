//! Runs the hooks that a case meets and states what they did, as a case would state it.

use std::sync::Arc;

use rhai::Engine;
use serde_json::{Map, Value as Json, json};

use super::case::{Case, Place};
use super::desk::CaseDesk;
use super::ports::CasePorts;
use crate::hooks::error::HookError;
use crate::hooks::house_rules::HouseRules;
use crate::hooks::language::asking::Journal;
use crate::hooks::language::context::differences;
use crate::hooks::language::declare::HookPoint;
use crate::hooks::language::directive::{Directives, Event};
use crate::hooks::language::facts::Facts;
use crate::hooks::language::outcome::Outcome;
use crate::hooks::script::{Called, Hook, Run};
use crate::http::Request;

/// What cases run on.
pub struct Bench<'a> {
    /// Runs the script.
    pub engine: &'a Engine,
    /// The script's hooks.
    pub hooks: &'a [Arc<Hook>],
    /// What no script may do.
    pub rules: HouseRules<'a>,
    /// Time and counters.
    pub ports: &'a CasePorts,
}

impl Bench<'_> {
    /// Runs every matching hook until one ends it; what they did, as a case would state it.
    ///
    /// # Errors
    /// When the case itself cannot be understood.
    pub fn observe(&self, mut case: Case) -> Result<Json, String> {
        let (moment, place) = case.place()?;
        let matching = |hook: &&Arc<Hook>| match &place {
            Place::Endpoint(method, path) => hook.is_at_endpoint(moment, method, path),
            Place::Change(model, action) => hook.is_at_change(moment, model, *action),
            Place::Mail(kind) => hook.is_at(moment) && hook.is_at_mail(kind),
            Place::Everywhere => hook.is_at(moment),
        };
        let hooks: Vec<&Arc<Hook>> = self.hooks.iter().filter(matching).collect();
        if hooks.is_empty() {
            return Ok(json!({ "untouched": true }));
        }
        self.ports.set_now(case.moment_in_time()?);
        if let Some(counters) = &case.counters {
            self.ports.set_counters(counters);
        }
        let mut desk = case.desk();
        let facts = case.facts()?;
        let mut seen = self
            .call_all((moment, &mut desk), &hooks, facts)
            .unwrap_or_else(|error| Map::from_iter([("error".to_owned(), Json::from(error.to_string()))]));
        seen.insert("counters".into(), self.ports.counted());
        desk.state(&mut seen);
        Ok(seen.into())
    }

    /// Calls a hook, again after each question.
    fn call(&self, hook: &Arc<Hook>, mut facts: Facts, desk: &mut CaseDesk) -> (Facts, Result<Called, HookError>) {
        let mut journal = Journal::kept();
        loop {
            let given = facts.clone();
            match hook.run(self.engine, facts, &mut journal) {
                (returned, Run::Done(called)) => return (returned, called),
                (_, Run::Asks(question)) => journal.add(desk.answer(*question)),
            }
            facts = given;
        }
    }

    fn call_all(
        &self,
        (moment, desk): (HookPoint, &mut CaseDesk),
        hooks: &[&Arc<Hook>],
        mut facts: Facts,
    ) -> Result<Map<String, Json>, HookError> {
        let original = facts.request.clone();
        let mut all = Directives::default();
        let (mut end, mut seen) = (None, Map::new());
        for hook in hooks {
            let (returned, called) = self.call(hook, facts, desk);
            facts = returned;
            let (outcome, directives) = called?;
            let checked = self.rules.check(&hook.script, outcome.as_ref(), &directives);
            checked.map_err(|problem| hook.wrong(&problem))?;
            all.merge(directives);
            state_changes(&mut facts, &mut seen);
            facts.apply();
            end = outcome.or(end);
            if end.is_some() && moment != HookPoint::After {
                break;
            }
        }
        state_outcome(end, &mut seen);
        state_directives(all, &mut seen);
        if let (Some(original), Some(now)) = (original, &facts.request) {
            state_request(&original, now, &mut seen);
        }
        Ok(seen)
    }
}

/// States what a script changed beside the request, and makes it what the next hook sees.
fn state_changes(facts: &mut Facts, seen: &mut Map<String, Json>) {
    let changes = &mut facts.changes;
    let mut state = |name: &str, before: &mut Json, after: Option<Json>| {
        let Some(after) = after else { return };
        let changed = seen.entry(name).or_insert_with(|| Json::Object(Map::new()));
        if let Some(changed) = changed.as_object_mut() {
            changed.extend(differences(before, &after));
        }
        *before = after;
    };
    state("changed_data", &mut facts.row.data, changes.data.take());
    state("changed_changes", &mut facts.row.changes, changes.changes.take());
    state("changed_mail", &mut facts.mail, changes.mail.take());
    state("changed_claims", &mut facts.claims, changes.claims.take());
    if let Some(answer) = changes.answer.take() {
        facts.answer.body = answer.to_string().into();
        seen.insert("changed_response".into(), answer);
    }
}

fn state_outcome(end: Option<Outcome>, seen: &mut Map<String, Json>) {
    let (name, value) = match end {
        Some(Outcome::Reject { status, code, message }) => {
            ("reject", json!({ "status": status, "code": code, "message": message }))
        }
        Some(Outcome::Respond { status, body }) => ("respond", json!({ "status": status, "body": body })),
        Some(Outcome::Redirect(target)) => ("redirect", target.into()),
        Some(Outcome::Challenge { name, mut data }) => {
            data.insert("name".into(), name.into());
            ("challenge", data.into())
        }
        Some(Outcome::Stop) => ("stop", true.into()),
        None => return,
    };
    seen.insert(name.into(), value);
}

fn state_directives(all: Directives, seen: &mut Map<String, Json>) {
    let mut state = |name: &str, value: Json| {
        let is_nothing = match &value {
            Json::Object(fields) => fields.is_empty(),
            Json::Array(values) => values.is_empty(),
            other => other.is_null() || *other == 0,
        };
        if !is_nothing {
            seen.insert(name.into(), value);
        }
    };
    let events =
        |events: Vec<Event>| events.into_iter().map(|event| json!({ "event": event.name, "data": event.data }));
    let headers = all.headers.into_iter().map(|(name, value)| (name, value.into()));
    state("set_headers", Json::Object(headers.collect()));
    let cookies = all.cookies.into_iter().map(|cookie| (cookie.name, cookie.value.into()));
    state("set_cookies", Json::Object(cookies.collect()));
    let mails = all.mails.into_iter().map(|mail| json!({ "to": mail.to, "kind": mail.kind, "data": mail.data }));
    state("mails", mails.collect());
    state("webhooks", events(all.webhooks).collect());
    state("audits", events(all.audits).collect());
    state("ended_sessions", all.ended_sessions.into());
    state("delay_ms", all.delay_ms.into());
    state("waived", all.waived.into());
    state("kept_passwords", all.kept_passwords.into());
}

fn state_request(original: &Request, now: &Request, seen: &mut Map<String, Json>) {
    if original.body != now.body {
        seen.insert("changed_body".into(), now.body.clone().unwrap_or_default());
    }
    if original.query.to_json() != now.query.to_json() {
        seen.insert("changed_query".into(), now.query.to_json());
    }
    let names = original.headers.iter().chain(now.headers.iter()).map(|(name, _)| name);
    let changed = names.filter(|name| original.headers.get(name) != now.headers.get(name));
    let changed: Map<String, Json> = changed.map(|name| (name.to_owned(), now.headers.get(name).into())).collect();
    if !changed.is_empty() {
        seen.insert("changed_headers".into(), changed.into());
    }
}
