//! What a hook knows: the request and what belongs to its moment; changes are kept apart until the script has ended well.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use serde_json::{Map, Value as Json};

use super::native::Native;
use super::outcome::Outcome;
use crate::email;
use crate::error::Code;
use crate::exchange::Exchange;
use crate::exchange::redaction::{SecretNames, Texts};
use crate::http::{Query, Request};
use crate::input::Input;

/// Something that is loaded for those who ask.
#[derive(Clone, Debug, Default)]
pub enum Lazy {
    /// Not looked for, as the script's text does not ask.
    #[default]
    Unread,
    /// What was found; null for nothing.
    Read(Json),
}

impl Lazy {
    /// The value.
    ///
    /// # Errors
    /// When it was not looked for.
    pub fn get(&self, name: &str) -> Native<Json> {
        match self {
            Self::Read(json) => Ok(json.clone()),
            Self::Unread => {
                let message = format!(
                    "`ctx.{name}` was not loaded: write it literally, so that the server knows the script needs it"
                );
                Err(message.into())
            }
        }
    }
}

/// What was answered.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body as it would be sent.
    pub body: Bytes,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The session that this request opened, or null.
    pub new_session: Json,
    /// The user of that session, or null.
    pub new_user: Json,
}

/// A row that is made, changed or removed.
#[derive(Clone, Debug, Default)]
pub struct RowFacts {
    /// `user`, `session`, `account` or `verification`.
    pub model: String,
    /// `create`, `update` or `delete`.
    pub action: String,
    /// The new row, or the row as it is.
    pub data: Json,
    /// What an update sets, without what never leaves the server.
    pub changes: Json,
    /// The names of all fields that an update sets.
    pub changed: Vec<String>,
    /// The names of the fields that no script may set.
    pub closed_fields: Vec<String>,
}

/// What a script changed; `None` is as it was.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Of the request.
    pub body: Option<Json>,
    /// Of the request.
    pub query: Option<Json>,
    /// Of the request.
    pub headers: Option<Json>,
    /// The answer's body.
    pub answer: Option<Json>,
    /// The new row.
    pub data: Option<Json>,
    /// What an update sets.
    pub changes: Option<Json>,
    /// The mail.
    pub mail: Option<Json>,
    /// The token's claims.
    pub claims: Option<Json>,
}

/// What a hook knows. Of the parts, those of its moment are filled.
#[derive(Clone, Default)]
pub struct Facts {
    /// The request.
    pub request: Option<Request>,
    /// Values of the route's `:parameters`.
    pub params: Vec<(String, String)>,
    /// Whether the request came through a proxy that the operator trusts.
    pub is_from_proxy: bool,
    /// Cookies that do not belong to the server or to a plugin.
    pub cookies: Lazy,
    /// The acting session, without what a client could sign in with.
    pub session: Lazy,
    /// The user whom it is about: who acts, signs in, owns the row, or is named in the token.
    pub user: Lazy,
    /// The user who acts, where that may be another one.
    pub actor: Lazy,
    /// The user's live sessions.
    pub sessions: Lazy,
    /// The user's accounts.
    pub accounts: Lazy,
    /// Whether the request sets a password that the user had before.
    pub is_old_password: Lazy,
    /// Options of the plugins, by their ids.
    pub plugins: Lazy,
    /// What was answered.
    pub answer: Answer,
    /// How the identity was proven, and whether the session outlives the browser.
    pub sign_in: (String, bool),
    /// The row.
    pub row: RowFacts,
    /// The mail.
    pub mail: Json,
    /// The token's claims.
    pub claims: Json,
    /// What the script changed.
    pub changes: Changes,
    /// Parts of the request that a replayed event does not hold.
    pub unrecorded: Vec<&'static str>,
    /// Which fields are secret; those that are everywhere, when nobody says more.
    pub secret_names: Option<Arc<SecretNames>>,
    /// Whether the script may read them all the same.
    pub reads_secrets: bool,
}

impl Facts {
    /// Moves the request out of an exchange; [`Facts::give_back`] returns it.
    pub fn lend(exchange: &mut Exchange) -> Self {
        let request = std::mem::replace(&mut exchange.request, Request::placeholder());
        Self { request: Some(request), params: exchange.params().to_vec(), ..Self::default() }
    }

    /// Returns the request.
    pub fn give_back(self, exchange: &mut Exchange) {
        if let Some(request) = self.request {
            exchange.request = request;
        }
    }

    /// Carries the changes of the request out; whether there were any.
    pub fn apply(&mut self) -> bool {
        let Changes { body, query, headers, .. } = std::mem::take(&mut self.changes);
        let has_changed = body.is_some() || query.is_some() || headers.is_some();
        let before = headers.as_ref().map(|_| self.headers());
        let names = self.hidden().cloned();
        let Some(request) = &mut self.request else { return false };
        if let Some(body) = body {
            let was = request.body.take().unwrap_or_default();
            request.body = Some(restored(names.as_deref(), &was, body));
        }
        if let Some(query) = query {
            let was = request.query.to_json();
            request.query = query_from(&restored(names.as_deref(), &was, query));
        }
        if let (Some(Json::Object(after)), Some(Json::Object(before))) = (headers, before) {
            for (name, _) in before.iter().filter(|(name, _)| !after.contains_key(*name)) {
                request.headers.remove(name);
            }
            for (name, value) in after.iter().filter(|(name, value)| before.get(*name) != Some(*value)) {
                request.headers.set(name, value.as_str().unwrap_or_default());
            }
        }
        has_changed
    }

    /// Refuses a part of the request that was not written down: without it, the script would decide otherwise than it did.
    ///
    /// # Errors
    /// When it was not.
    pub fn is_recorded(&self, part: &str) -> Native<()> {
        if self.unrecorded.contains(&part) { Err(format!("no event holds `ctx.{part}`").into()) } else { Ok(()) }
    }

    /// The request's headers but for credentials; several of one name in one text.
    pub fn headers(&self) -> Json {
        let headers = self.request.iter().flat_map(|request| request.headers.iter());
        self.joined(headers.filter(|(name, _)| !is_secret(name)))
    }

    /// The headers when a trusted proxy sent them, or else none: the client could have written them itself.
    pub fn proxy_headers(&self) -> Json {
        if self.is_from_proxy { self.headers() } else { Json::Object(Map::new()) }
    }

    /// The answer's headers.
    pub fn response_headers(&self) -> Json {
        self.joined(self.answer.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }

    /// The request's body as an object. No body is an empty one; what is no object is refused, as every endpoint refuses
    /// it.
    ///
    /// # Errors
    /// The refusal.
    pub fn body(&self) -> Native<Json> {
        let body = self.changes.body.as_ref().or_else(|| self.request.as_ref()?.body.as_ref());
        match body {
            None | Some(Json::Null) => Ok(Json::Object(Map::new())),
            Some(body @ Json::Object(_)) => Ok(self.shown(&with_addresses(body.clone()))),
            other @ Some(_) => Err(refusal(Input::body(other).finish().err())),
        }
    }

    /// The names of what the script does not read; none when it reads all.
    pub fn hidden(&self) -> Option<&Arc<SecretNames>> {
        static EVERYWHERE: LazyLock<Arc<SecretNames>> = LazyLock::new(Arc::default);
        (!self.reads_secrets).then(|| self.secret_names.as_ref().unwrap_or(&EVERYWHERE))
    }

    /// The value as the script sees it.
    pub fn shown(&self, json: &Json) -> Json {
        self.hidden().map_or_else(|| json.clone(), |names| names.redact(json))
    }

    /// The path as the script sees it: without a token that is part of it.
    pub fn path(&self) -> Option<String> {
        let path = &self.request.as_ref()?.path;
        Some(self.hidden().map_or_else(|| path.clone(), |names| names.redact_path(path, &self.params)))
    }

    /// The answer's body as the script sees it.
    pub fn response(&self) -> Json {
        let sent = || serde_json::from_slice(&self.answer.body).unwrap_or_default();
        let body = self.changes.answer.clone().unwrap_or_else(sent);
        self.hidden().map_or_else(|| body.clone(), |names| names.redact_answer(self.answer.status, &body))
    }

    /// The answer's body as the script changed it, with the secrets that it was not shown.
    pub fn changed_response(&mut self) -> Option<Json> {
        let changed = self.changes.answer.take()?;
        let Some(names) = self.hidden() else { return Some(changed) };
        let sent: Json = serde_json::from_slice(&self.answer.body).unwrap_or_default();
        Some(names.restore_answer(self.answer.status, &sent, changed))
    }

    /// A part of the mail as the script sees it.
    pub fn mail_part(&self, name: &str) -> Json {
        let mail = self.changes.mail.as_ref().unwrap_or(&self.mail);
        let part = mail.get(name).cloned().unwrap_or_default();
        let Some(names) = self.hidden() else { return part };
        let data = self.mail.get("data").unwrap_or(&Json::Null);
        let texts = Texts::around(names, data);
        match part {
            Json::String(text) if name != "kind" && name != "to" => texts.shown(&text).into(),
            Json::Object(_) => texts.data(&part),
            part => part,
        }
    }

    /// A text of the mail as the script changed it, with the secrets that stood in it before.
    pub fn changed_mail_part(&self, name: &str) -> Option<String> {
        let written = self.changes.mail.as_ref()?.get(name)?.as_str()?;
        let Some(names) = self.hidden() else { return Some(written.to_owned()) };
        let data = self.mail.get("data").unwrap_or(&Json::Null);
        let original = self.mail.get(name).and_then(Json::as_str).unwrap_or_default();
        Some(Texts::around(names, data).restored(original, written))
    }

    /// Header lines by their names; several of one name in one text.
    fn joined<'a>(&self, headers: impl Iterator<Item = (&'a str, &'a str)>) -> Json {
        let mut object = Map::new();
        let names = self.hidden();
        for (name, value) in headers.filter(|(name, _)| !names.is_some_and(|names| names.holds(name))) {
            let value = names.map_or_else(|| value.to_owned(), |names| names.redact_url(value));
            match object.get_mut(name) {
                Some(Json::String(known)) => *known = format!("{known}, {value}"),
                _ => _ = object.insert(name.to_owned(), value.into()),
            }
        }
        Json::Object(object)
    }
}

/// The object with its e-mail addresses in the form in which they are stored, so that no spelling slips past a comparison.
pub fn with_addresses(mut object: Json) -> Json {
    for name in ["email", "newEmail"] {
        if let Some(Json::String(address)) = object.get_mut(name) {
            *address = email::normalize(address);
        }
    }
    object
}

/// What was written, with the secrets that were hidden.
fn restored(names: Option<&SecretNames>, was: &Json, written: Json) -> Json {
    match names {
        Some(names) => names.restore(was, written),
        None => written,
    }
}

/// Ends the script with an error that is the client's own; without one, with that of a body that is too large.
pub fn refusal(error: Option<crate::error::ApiError>) -> Box<rhai::EvalAltResult> {
    let error = error.unwrap_or_else(|| Code::PAYLOAD_TOO_LARGE.into());
    let crate::error::ErrorBody::Coded { code, message } = error.body else { return "the body is no object".into() };
    let outcome = Outcome::Reject { status: error.status, code: code.into_owned(), message: message.into_owned() };
    Box::new(rhai::EvalAltResult::ErrorTerminated(rhai::Dynamic::from(outcome), rhai::Position::NONE))
}

/// Credentials are for the server alone.
fn is_secret(header: &str) -> bool {
    matches!(header, "cookie" | "authorization" | "proxy-authorization")
}

/// What later stages have checked already, or what frames the message.
pub fn is_settled(header: &str) -> bool {
    const SETTLED: [&str; 9] = [
        "connection",
        "content-length",
        "content-type",
        "host",
        "origin",
        "referer",
        "transfer-encoding",
        "x-real-ip",
        "forwarded",
    ];
    is_secret(header) || SETTLED.contains(&header) || header.starts_with("sec-") || header.starts_with("x-forwarded-")
}

fn query_from(object: &Json) -> Query {
    let mut encoded = url::form_urlencoded::Serializer::new(String::new());
    for (key, value) in object.as_object().into_iter().flatten() {
        match value {
            Json::Array(values) => {
                _ = encoded.extend_pairs(values.iter().filter_map(|value| Some((key, value.as_str()?))))
            }
            value => _ = encoded.append_pair(key, value.as_str().unwrap_or_default()),
        }
    }
    Query::parse(&encoded.finish())
}
