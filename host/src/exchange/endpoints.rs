//! Other endpoints of this server, called while a request is answered, with the rights of whoever makes it.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value as Json;

use super::Exchange;
use crate::http::{Headers, Mount, Query, Request, RequestHead};

/// Most requests that call each other.
const DEEPEST: u8 = 3;
/// What the called endpoint learns of the client, beside its address.
const PASSED_ON: [&str; 4] = ["cookie", "authorization", "user-agent", "accept-language"];

/// What is called.
#[derive(Clone, Debug)]
pub struct InnerCall {
    /// In capitals.
    pub method: String,
    /// Below the base path.
    pub path: String,
    /// Names and values, decoded.
    pub query: Vec<(String, String)>,
    /// JSON text.
    pub body: Option<String>,
}

/// What an endpoint answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InnerAnswer {
    /// HTTP status.
    pub status: u16,
    /// Null where there is no JSON.
    pub body: Json,
}

/// Why an endpoint was not called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCalled {
    /// A browser that reads a page must change nothing.
    #[error("while a GET is answered, only endpoints that are GET can be called")]
    WhileReading,
    /// The session's cookie would go nowhere.
    #[error("an endpoint that signs people in cannot be called")]
    SignsIn,
    /// A circle, most likely.
    #[error("requests call each other at most {DEEPEST} deep")]
    TooDeep,
    /// The stages are not there, as in a test of one part.
    #[error("no endpoint can be called here")]
    NoEndpoints,
}

/// Knows all endpoints, and what stands around them.
#[async_trait]
pub trait EndpointSource: Send + Sync {
    /// Passes a request through all stages but those for browsers. The answer tells no cookies and no other headers.
    ///
    /// # Errors
    /// When the endpoint must not be called so.
    async fn answer(self: Arc<Self>, inner: Exchange) -> Result<InnerAnswer, NotCalled>;
}

impl Exchange {
    /// Says where the request finds other endpoints.
    pub fn set_endpoints(&mut self, source: Arc<dyn EndpointSource>) {
        self.endpoints = Some(source);
    }

    /// The request for a call, and who answers it. It has the session, the address and the id of this one, and no more.
    ///
    /// # Errors
    /// When nothing can be called now.
    pub fn inner(&self, call: InnerCall) -> Result<(Exchange, Arc<dyn EndpointSource>), NotCalled> {
        let source = self.endpoints.as_ref().ok_or(NotCalled::NoEndpoints)?;
        if self.depth >= DEEPEST {
            return Err(NotCalled::TooDeep);
        }
        if self.request.method == "GET" && call.method != "GET" {
            return Err(NotCalled::WhileReading);
        }
        let outer = &self.request;
        let mut headers = Headers::default();
        for name in PASSED_ON {
            outer.headers.all(name).for_each(|value| headers.push(name, value));
        }
        if call.body.is_some() {
            headers.push("content-type", "application/json");
        }
        let head = RequestHead {
            id: outer.id.clone(),
            method: call.method,
            is_head: false,
            mount: Mount::Base,
            path: call.path,
            query: Query::of(call.query),
            headers,
            peer: outer.peer,
            client_address: outer.client_address.clone(),
        };
        let raw_body = call.body.map(Bytes::from).unwrap_or_default();
        let request =
            Request { head: Arc::new(head), raw_body, upload: None, body: None, received_at: outer.received_at };
        let mut inner = Exchange::new(Arc::clone(&self.auth), Arc::clone(&self.deciders), request);
        inner.endpoints = Some(Arc::clone(source));
        inner.depth = self.depth + 1;
        Ok((inner, Arc::clone(source)))
    }
}
