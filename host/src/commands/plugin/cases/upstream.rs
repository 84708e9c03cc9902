//! Other servers in a case: they answer what the case says, and keep what they were asked.

use std::sync::{Mutex, PoisonError};

use serde_json::{Value as Json, json};

use super::case::UpstreamAnswer;
use crate::http::outgoing::{Failure, Request, Response, Upstream};

/// The servers of one case.
#[derive(Debug)]
pub(super) struct CaseUpstreams {
    answers: Vec<UpstreamAnswer>,
    sent: Mutex<Vec<Json>>,
}

impl CaseUpstreams {
    pub(super) fn new(answers: Vec<UpstreamAnswer>) -> Self {
        Self { answers, sent: Mutex::default() }
    }

    /// What was asked since the last time: method, URL, headers and body of each request.
    pub(super) fn take_sent(&self) -> Vec<Json> {
        std::mem::take(&mut *self.sent.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Upstream for CaseUpstreams {
    fn answer(&self, request: &Request) -> Result<Response, Failure> {
        let body = request.body.as_deref().unwrap_or_default();
        let body = serde_json::from_slice(body).unwrap_or_else(|_| Json::from(String::from_utf8_lossy(body)));
        let headers = request.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.as_str().into()));
        let headers: serde_json::Map<String, Json> = headers.collect();
        let sent = json!({ "method": request.method, "url": request.url, "headers": headers, "body": body });
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).push(sent);
        let is_it = |answer: &&UpstreamAnswer| {
            answer.url == request.url && answer.method.as_ref().is_none_or(|method| *method == request.method)
        };
        let answer = self.answers.iter().find(is_it).ok_or(Failure::Unreachable)?;
        let body = match &answer.body {
            Json::Null => Vec::new(),
            Json::String(text) => text.clone().into_bytes(),
            json => json.to_string().into_bytes(),
        };
        let headers = answer.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
        Ok(Response { status: answer.status, headers: headers.collect(), body })
    }
}
