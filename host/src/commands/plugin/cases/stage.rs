//! A server for one case: the component, a database, a clock that the case moves, people and other servers.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value as Json, json};

use super::case::{Case, Cases, Deed, Step, seconds};
use super::compare::{difference, filled, filled_json, set_difference};
use super::lines::Lines;
use super::look;
use super::person::{self, Browser};
use super::upstream::CaseUpstreams;
use crate::app::{App, open_store};
use crate::auth::{Scope, user_change};
use crate::clock::{Clock, Timestamp};
use crate::commands::mail_kinds;
use crate::commands::plugin::check::{Trial, trial_with};
use crate::crypto::random::SystemRandom;
use crate::http::{Mount, Query, Request, Response};
use crate::plugin_host::{Capacity, Ports};
use crate::store::{Store, Value};

/// What a stage is set for.
pub(super) struct Setting<'a> {
    pub(super) cases: &'a Cases,
    pub(super) case: &'a Case,
    pub(super) component: &'a Path,
    pub(super) folder: &'a Path,
    pub(super) secret: &'a str,
    pub(super) index: usize,
    pub(super) lines: Lines,
}

/// Stands still until it is moved.
struct CaseClock(AtomicI64);

impl Clock for CaseClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// The server of one case.
pub(super) struct Stage {
    app: App,
    clock: Arc<CaseClock>,
    upstreams: Arc<CaseUpstreams>,
    lines: Lines,
    browsers: BTreeMap<String, Browser>,
    kept: BTreeMap<String, Json>,
    management_key: String,
    last_lines: Vec<String>,
    requests: u64,
}

impl Stage {
    pub(super) async fn set(setting: Setting<'_>) -> Result<Self, String> {
        let Setting { cases, case, component, folder, secret, index, lines } = setting;
        let options = case.options.as_ref().unwrap_or(&cases.options);
        let trial = Trial { options, server: &cases.server, database: &format!("case-{index}.db"), secret };
        let (config, management_key) = trial_with(folder, component, &trial).map_err(|error| error.to_string())?;
        let clock = Arc::new(CaseClock(AtomicI64::new(case.begins_at()?.0)));
        let upstreams = Arc::new(CaseUpstreams::new(case.upstream.clone()));
        let shown = |error: &dyn std::error::Error| error.to_string();
        open_store(&config).map_err(|error| shown(&error))?.migrate().await.map_err(|error| shown(&error))?;
        let ports = Ports { clock: Arc::<CaseClock>::clone(&clock), random: Arc::new(SystemRandom) };
        let capacity = Capacity::with_upstream(Arc::<CaseUpstreams>::clone(&upstreams));
        let app = App::start_within(config, ports, capacity).await.map_err(|error| shown(&error))?;
        lines.take();
        Ok(Self {
            app,
            clock,
            upstreams,
            lines,
            browsers: BTreeMap::new(),
            kept: BTreeMap::new(),
            management_key,
            last_lines: Vec::new(),
            requests: 0,
        })
    }

    pub(super) async fn end(self) {
        self.app.stop().await;
    }

    /// What the step that failed logged, for whoever looks for the reason.
    pub(super) fn what_was_logged(&mut self) -> String {
        self.last_lines.extend(self.lines.take());
        self.last_lines.iter().map(|line| format!("\n        {line}")).collect()
    }

    /// Does what the step says, and compares.
    pub(super) async fn play(&mut self, step: &Step) -> Result<(), String> {
        self.lines.take();
        self.upstreams.take_sent();
        let mails_before = self.mail_count();
        let answer = self.act(step).await?;
        if let Some(answer) = &answer {
            self.compare_answer(step, answer)?;
            self.keep(step, answer)?;
        }
        self.compare_rows(step).await?;
        self.compare_mails(step, mails_before).await?;
        self.compare_lines(step)?;
        let sent = self.upstreams.take_sent();
        let Some(wanted) = &step.expect.sent else { return Ok(()) };
        fault_of(set_difference("sent", &self.filled_all(wanted)?, &sent))
    }

    async fn act(&mut self, step: &Step) -> Result<Option<Response>, String> {
        let person = step.person.as_deref();
        let body = step.body.as_ref().map(|body| filled_json(body, &self.kept)).transpose()?;
        match step.deed()? {
            Deed::Request(line) => {
                let (method, path) = line.split_once(' ').ok_or("`request` is a method and a path: `GET /seats`")?;
                self.send((method, path, Mount::Base), person, (step, body)).await.map(Some)
            }
            Deed::Page(path) => self.send(("GET", path, Mount::Root), person, (step, body)).await.map(Some),
            Deed::SignUp(name) => {
                let body = person::sign_up(name, body.as_ref());
                let answer = self.send(("POST", "/sign-up/email", Mount::Base), Some(name), (step, Some(body))).await?;
                if let Some(id) = json_of(&answer).pointer("/user/id") {
                    self.kept.insert(format!("{name}.id"), id.clone());
                }
                Ok(Some(answer))
            }
            Deed::SignIn(name) => {
                let body = person::sign_in(name, body.as_ref());
                self.send(("POST", "/sign-in/email", Mount::Base), Some(name), (step, Some(body))).await.map(Some)
            }
            Deed::SignOut(name) => {
                self.send(("POST", "/sign-out", Mount::Base), Some(name), (step, Some(json!({})))).await.map(Some)
            }
            Deed::Call(name) => self.call(name, body).await.map(Some),
            Deed::Pass(time) => {
                self.clock.0.fetch_add(seconds(time)?.saturating_mul(1000), Ordering::SeqCst);
                Ok(None)
            }
            Deed::Jobs("due") => {
                let auth = self.app.pipeline.auth();
                auth.mail_queued.notify_one();
                let deliveries = self.app.deliveries.as_ref().ok_or("the server does no jobs")?;
                look::all_jobs_done(&auth.store, deliveries, auth.now()).await.map(|()| None)
            }
            Deed::Jobs(other) => {
                Err(format!("`jobs = \"{other}\"` is none: `jobs = \"due\"` waits for those that are due"))
            }
            Deed::Change(change) => self.change(change, step, body).await.map(|()| None),
        }
    }

    /// Sends a request from a person's browser, or from one that nobody has used.
    async fn send(
        &mut self,
        (method, path, mount): (&str, &str, Mount),
        person: Option<&str>,
        (step, body): (&Step, Option<Json>),
    ) -> Result<Response, String> {
        let path = filled(path, &self.kept)?;
        let (path, query) = path.split_once('?').unwrap_or((&path, ""));
        self.requests += 1;
        let mut request = Request::placeholder();
        request.id = format!("case-{}", self.requests);
        (request.mount, request.method, request.path) = (mount, method.to_owned(), path.to_owned());
        request.query = Query::parse(query);
        let peer = step.from.as_deref().unwrap_or("127.0.0.1");
        request.peer = Some(peer.parse::<IpAddr>().map_err(|_| format!("`{peer}` is no address"))?);
        if method != "GET" {
            request.headers.push("origin", self.app.config.origin());
        }
        let given = body_of(step, body, &self.kept)?;
        if let Some((content_type, bytes)) = given {
            request.headers.push("content-type", content_type);
            request.raw_body = bytes.into();
        } else if !matches!(method, "GET" | "DELETE") {
            request.headers.push("content-type", "application/json");
            request.raw_body = "{}".into();
        }
        for (name, value) in &step.headers {
            request.headers.set(&name.to_ascii_lowercase(), filled(value, &self.kept)?);
        }
        let cookies = person.and_then(|name| self.browsers.get(name)).and_then(Browser::header);
        cookies.into_iter().for_each(|cookies| request.headers.push("cookie", cookies));
        let answer = self.app.pipeline.answer(request).await;
        let answer = answer.whole().await.map_err(|error| error.to_string())?;
        if let Some(name) = person {
            self.browsers.entry(name.to_owned()).or_default().keep(&answer);
        }
        Ok(answer)
    }

    async fn call(&self, name: &str, body: Option<Json>) -> Result<Response, String> {
        let management = self.app.management.as_ref().ok_or("the server has no management address")?;
        let mut request = Request::placeholder();
        request.method = "POST".to_owned();
        request.path = format!("/{name}");
        request.headers.push("authorization", format!("Bearer {}", self.management_key));
        request.raw_body = json!({ "body": body.unwrap_or_else(|| json!({})) }).to_string().into();
        Ok(management.answer(&self.app.pipeline, request).await)
    }

    /// Changes a user as a command would, without a request.
    async fn change(&self, change: &str, step: &Step, body: Option<Json>) -> Result<(), String> {
        let name = step.of.as_deref().ok_or("a change names `of` whom it is")?;
        let id = self.kept.get(&format!("{name}.id")).and_then(Json::as_str);
        let id = id.ok_or_else(|| format!("nobody signed up as `{name}`"))?;
        let auth = self.app.pipeline.auth();
        let observers = Arc::clone(&self.app.pipeline.extensions().deciders.observers);
        let scope = Scope::new(Arc::<Store>::clone(&auth.store), observers);
        let done = match change {
            "user.delete" => user_change::delete(auth, &scope, id).await.map(|_| ()),
            "user.update" => {
                let fields = body.as_ref().and_then(Json::as_object).cloned().unwrap_or_default();
                let model = auth.schema().model("user").map_err(|error| error.to_string())?;
                let value = |(name, json): (String, Json)| {
                    let kind = model.field(&name).map_err(|error| error.to_string())?.kind;
                    let value = Value::from_json(&json, kind).ok_or_else(|| format!("user.{name} is no {json}"))?;
                    Ok::<_, String>((name, value))
                };
                let fields = fields.into_iter().map(value).collect::<Result<Vec<_>, _>>()?;
                user_change::update(auth, &scope, id, fields).await.map(|_| ())
            }
            _ => return Err(format!("`{change}` is neither user.update nor user.delete")),
        };
        let said = done.err().map(|error| error.to_string());
        match (&step.expect.code, said) {
            (None, None) => Ok(()),
            (Some(code), Some(said)) if said.contains(code.as_str()) => Ok(()),
            (Some(code), said) => Err(format!("expected {code}, got {}", said.unwrap_or_else(|| "no error".into()))),
            (None, Some(said)) => Err(said),
        }
    }

    fn compare_answer(&self, step: &Step, answer: &Response) -> Result<(), String> {
        let expect = &step.expect;
        let body = String::from_utf8_lossy(&answer.body);
        let shown = || body.chars().take(500).collect::<String>();
        let is_fine =
            expect.status.map_or(expect.code.is_some() || answer.status < 400, |status| status == answer.status);
        if !is_fine {
            let wanted = expect.status.map_or_else(|| "no error".to_owned(), |status| status.to_string());
            return Err(format!("expected {wanted}, got {} {}", answer.status, shown()));
        }
        let json = json_of(answer);
        let code = expect.code.as_ref().map(|code| difference("code", &code.as_str().into(), json.get("code")));
        let wanted = expect.body.as_ref().map(|body| filled_json(body, &self.kept)).transpose()?;
        let body_fault = wanted.and_then(|wanted| difference("body", &wanted, Some(&json)));
        let text = expect.text.as_ref().map(|text| filled(text, &self.kept)).transpose()?;
        let text_fault = text.filter(|text| !body.contains(text.as_str()));
        let text_fault = text_fault.map(|text| format!("expected {text:?} in the body, got {}", shown()));
        let headers = expect.headers.iter().flatten().find_map(|(name, wanted)| {
            let seen = answer.headers.get(&name.to_ascii_lowercase()).map(Json::from);
            difference(&format!("header {name}"), wanted, seen.as_ref())
        });
        fault_of(code.flatten().or(body_fault).or(text_fault).or(headers))
    }

    fn keep(&mut self, step: &Step, answer: &Response) -> Result<(), String> {
        let body = json_of(answer);
        for (name, pointer) in &step.keep {
            let value = body.pointer(pointer).ok_or_else(|| format!("the body has no {pointer} to keep: {body}"))?;
            self.kept.insert(name.clone(), value.clone());
        }
        Ok(())
    }

    async fn compare_rows(&self, step: &Step) -> Result<(), String> {
        for (model, wanted) in &step.expect.rows {
            let rows = look::rows(&self.app.pipeline.auth().store, model).await?;
            let place = format!("rows of {model}");
            fault_of(match wanted {
                Json::Array(wanted) => set_difference(&place, &self.filled_all(wanted)?, &rows),
                count => difference(&place, count, Some(&rows.len().into())),
            })?;
        }
        Ok(())
    }

    fn mail_count(&self) -> usize {
        self.app.mailbox.as_ref().map_or(0, |mailbox| mailbox.mails().len())
    }

    async fn compare_mails(&self, step: &Step, before: usize) -> Result<(), String> {
        let (Some(wanted), Some(mailbox)) = (&step.expect.mails, &self.app.mailbox) else { return Ok(()) };
        self.refuse_unknown_kinds(wanted)?;
        look::all_mail_left(&self.app.pipeline.auth().store).await?;
        let mails = mailbox.mails();
        let new = mails.iter().take(mails.len().saturating_sub(before));
        let new = new.map(|mail| json!({ "kind": mail.kind, "to": mail.to, "subject": mail.subject, "text": mail.text, "data": mail.data }));
        fault_of(set_difference("mails", &self.filled_all(wanted)?, &new.collect::<Vec<_>>()))
    }

    /// A kind that nobody sends is a slip of the pen.
    fn refuse_unknown_kinds(&self, wanted: &[Json]) -> Result<(), String> {
        let sent = self.app.pipeline.extensions().scripts.sent_kinds();
        let known = [mail_kinds::names(&self.app.config).map_err(|error| error.to_string())?, sent].concat();
        let mut kinds = wanted.iter().filter_map(|mail| mail.get("kind").and_then(Json::as_str));
        match kinds.find(|kind| !known.iter().any(|known| known == kind)) {
            Some(kind) => Err(format!("mails: nobody sends the kind {kind:?}; there are {}", known.join(", "))),
            None => Ok(()),
        }
    }

    fn compare_lines(&mut self, step: &Step) -> Result<(), String> {
        self.last_lines = self.lines.take();
        let lines = &self.last_lines;
        match step.expect.logs.as_deref() {
            None => Ok(()),
            Some([]) if lines.is_empty() => Ok(()),
            Some([]) => Err("logs: expected none".to_owned()),
            Some(parts) => match parts.iter().find(|part| !lines.iter().any(|line| line.contains(part.as_str()))) {
                Some(part) => Err(format!("logs: expected a line with {part:?}")),
                None => Ok(()),
            },
        }
    }

    fn filled_all(&self, wanted: &[Json]) -> Result<Vec<Json>, String> {
        wanted.iter().map(|one| filled_json(one, &self.kept)).collect()
    }
}

fn fault_of(difference: Option<String>) -> Result<(), String> {
    difference.map_or(Ok(()), Err)
}

fn json_of(answer: &Response) -> Json {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

/// Type and bytes of what a step sends.
fn body_of(
    step: &Step,
    body: Option<Json>,
    kept: &BTreeMap<String, Json>,
) -> Result<Option<(String, Vec<u8>)>, String> {
    if let Some(form) = &step.form {
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in form {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            pairs.append_pair(name, &filled(&value, kept)?);
        }
        return Ok(Some(("application/x-www-form-urlencoded".to_owned(), pairs.finish().into_bytes())));
    }
    if let Some(text) = &step.text {
        return Ok(Some(("text/plain".to_owned(), filled(text, kept)?.into_bytes())));
    }
    Ok(body.map(|body| ("application/json".to_owned(), body.to_string().into_bytes())))
}
