//! One case: what is given, and the facts that a hook gets of it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::desk::CaseDesk;
use crate::auth::lifecycle::Action;
use crate::clock::Timestamp;
use crate::hooks::check::meant;
use crate::hooks::language::declare::HookPoint;
use crate::hooks::language::facts::{Answer, Facts, Lazy, RowFacts};
use crate::http::{Headers, Query, Request, RequestHead};

/// What is given and what is expected of the script.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Says what is shown.
    pub name: String,
    #[serde(default = "before_moment")]
    moment: String,
    #[serde(default = "noon")]
    now: String,
    /// The counters before it; absent means as the case before left them, where cases follow each other.
    #[serde(default = "no_counters")]
    pub counters: Option<BTreeMap<String, i64>>,
    #[serde(default = "post")]
    method: String,
    #[serde(default)]
    path: String,
    change: Option<String>,
    #[serde(default)]
    params: Map<String, Json>,
    #[serde(default)]
    query: String,
    #[serde(default)]
    headers: Map<String, Json>,
    #[serde(default)]
    cookies: Map<String, Json>,
    #[serde(default)]
    from_proxy: bool,
    body: Option<Json>,
    client_address: Option<String>,
    session: Option<Json>,
    user: Option<Json>,
    actor: Option<Json>,
    #[serde(default)]
    sessions: Vec<Json>,
    #[serde(default)]
    accounts: Vec<Json>,
    #[serde(default)]
    is_old_password: bool,
    #[serde(default)]
    plugins: Map<String, Json>,
    status: Option<u16>,
    response: Option<Json>,
    #[serde(default)]
    response_headers: Map<String, Json>,
    new_session: Option<Json>,
    new_user: Option<Json>,
    sign_in_method: Option<String>,
    #[serde(default = "yes")]
    remember: bool,
    data: Option<Json>,
    changes: Option<Json>,
    #[serde(default)]
    changed: Vec<String>,
    mail: Option<Json>,
    claims: Option<Json>,
    #[serde(default)]
    values: Map<String, Json>,
    #[serde(default)]
    user_values: Map<String, Json>,
    #[serde(default)]
    shared_counters: BTreeMap<String, i64>,
    #[serde(default)]
    rows: Map<String, Json>,
    password: Option<String>,
    /// What the script makes of it.
    pub expect: Json,
    /// Parts of the request that were not written down.
    #[serde(skip)]
    unrecorded: Vec<&'static str>,
}

fn before_moment() -> String {
    "before".into()
}

/// A Thursday.
fn noon() -> String {
    "2026-01-01T12:00:00Z".into()
}

#[expect(clippy::unnecessary_wraps, reason = "has the shape of a default")]
fn no_counters() -> Option<BTreeMap<String, i64>> {
    Some(BTreeMap::new())
}

fn post() -> String {
    "POST".into()
}

fn yes() -> bool {
    true
}

/// Where a case happens.
pub enum Place {
    /// At an endpoint: method and path.
    Endpoint(String, String),
    /// At a change.
    Change(String, Action),
    /// At a mail of this kind.
    Mail(String),
    /// Wherever the moment comes.
    Everywhere,
}

impl Case {
    /// The case with these parts of the request unknown: nobody wrote them down.
    pub fn without(self, parts: &[&'static str]) -> Self {
        Self { unrecorded: parts.to_vec(), ..self }
    }

    /// The moment and the place.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn place(&self) -> Result<(HookPoint, Place), String> {
        let endpoint = || Place::Endpoint(self.method.clone(), self.path.clone());
        let kind = || self.mail.as_ref().and_then(|mail| mail.get("kind")?.as_str()).unwrap_or_default().to_owned();
        match (self.moment.as_str(), &self.change) {
            ("before", None) => Ok((HookPoint::Before, endpoint())),
            ("after", None) => Ok((HookPoint::After, endpoint())),
            ("before", Some(change)) => Ok((HookPoint::BeforeChange, change_from(change)?)),
            ("after", Some(change)) => Ok((HookPoint::AfterChange, change_from(change)?)),
            ("before_mail", None) => Ok((HookPoint::Mail, Place::Mail(kind()))),
            (name, None) if let Some(moment) = HookPoint::ALONE.into_iter().find(|moment| moment.name() == name) => {
                Ok((moment, Place::Everywhere))
            }
            (moment, _) => {
                let known = HookPoint::ALL.map(HookPoint::name);
                Err(format!("there is no moment `{moment}`{}", meant(moment, known.into_iter())))
            }
        }
    }

    /// When it happens.
    ///
    /// # Errors
    /// When `now` is no date.
    pub fn moment_in_time(&self) -> Result<Timestamp, String> {
        Timestamp::parse_iso(&self.now).ok_or_else(|| format!("`{}` is no date such as 2026-01-31T12:00:00Z", self.now))
    }

    /// What a script finds that asks.
    pub fn desk(&mut self) -> CaseDesk {
        CaseDesk {
            values: std::mem::take(&mut self.values),
            user_values: std::mem::take(&mut self.user_values),
            shared_counters: std::mem::take(&mut self.shared_counters),
            rows: std::mem::take(&mut self.rows),
            password: self.password.take(),
        }
    }

    /// What a hook gets.
    ///
    /// # Errors
    /// When a header or a parameter is no text.
    pub fn facts(self) -> Result<Facts, String> {
        let params = texts(&self.params)?;
        let answer = Answer {
            status: self.status.unwrap_or(200),
            body: self.response.as_ref().map(|body| body.to_string().into()).unwrap_or_default(),
            headers: texts(&self.response_headers)?,
            new_session: self.new_session.clone().unwrap_or_default(),
            new_user: self.new_user.clone().unwrap_or_default(),
        };
        let row = self.row()?;
        let read = |json: Option<Json>| Lazy::Read(json.unwrap_or_default());
        Ok(Facts {
            request: Some(self.request()?),
            params,
            is_from_proxy: self.from_proxy,
            cookies: Lazy::Read(Json::Object(self.cookies)),
            session: read(self.session),
            user: read(self.user),
            actor: read(self.actor),
            sessions: Lazy::Read(Json::Array(self.sessions)),
            accounts: Lazy::Read(Json::Array(self.accounts)),
            is_old_password: Lazy::Read(self.is_old_password.into()),
            plugins: Lazy::Read(Json::Object(self.plugins)),
            answer,
            sign_in: (self.sign_in_method.unwrap_or_else(|| "email".into()), self.remember),
            row,
            mail: self.mail.unwrap_or_default(),
            claims: self.claims.unwrap_or_else(|| Json::Object(Map::new())),
            unrecorded: self.unrecorded,
            ..Facts::default()
        })
    }

    fn request(&self) -> Result<Request, String> {
        let mut headers = Headers::default();
        for (name, value) in texts(&self.headers)? {
            headers.push(name.to_ascii_lowercase(), value);
        }
        let head = RequestHead {
            method: self.method.clone(),
            path: self.path.clone(),
            query: Query::parse(&self.query),
            headers,
            client_address: self.client_address.clone(),
            ..RequestHead::default()
        };
        Ok(Request { body: self.body.clone(), ..Request::new(head) })
    }

    fn row(&self) -> Result<RowFacts, String> {
        let Some(change) = &self.change else { return Ok(RowFacts::default()) };
        let (model, action) = change.split_once('.').unwrap_or_default();
        let changes = self.changes.clone().unwrap_or_else(|| Json::Object(Map::new()));
        let names = changes.as_object().into_iter().flatten().map(|(name, _)| name.clone());
        Ok(RowFacts {
            closed_fields: RowFacts::closed_in_core(model),
            model: model.to_owned(),
            action: action.to_owned(),
            data: self.data.clone().unwrap_or_else(|| Json::Object(Map::new())),
            changed: names.chain(self.changed.iter().cloned()).collect(),
            changes,
        })
    }
}

fn change_from(change: &str) -> Result<Place, String> {
    let (model, action) = change.split_once('.').unwrap_or_default();
    let action = match action {
        "create" => Action::Create,
        "update" => Action::Update,
        "delete" => Action::Delete,
        _ => return Err(format!("`{change}` is no change such as user.create")),
    };
    Ok(Place::Change(model.to_owned(), action))
}

fn texts(fields: &Map<String, Json>) -> Result<Vec<(String, String)>, String> {
    let text = |value: &Json| value.as_str().map(str::to_owned).ok_or_else(|| format!("{value} is no text"));
    fields.iter().map(|(name, value)| Ok((name.clone(), text(value)?))).collect()
}
