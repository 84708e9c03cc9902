//! Calls of endpoints by a request that is being answered.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt;
use serde_json::Value as Json;

use super::{Extensions, audit, settle, stages};
use crate::exchange::{EndpointSource, Exchange, InnerAnswer, NotCalled};
use crate::http::{Mount, RequestHead, Response};

#[async_trait]
impl EndpointSource for Extensions {
    async fn answer(self: Arc<Self>, mut inner: Exchange) -> Result<InnerAnswer, NotCalled> {
        let stages = if self.leads_to_operation(&mut inner) { stages::INNER_OPERATION } else { stages::INNER };
        if self.router.find(&inner.request).is_some_and(|route| route.is_sign_in) {
            return Err(NotCalled::SignsIn);
        }
        let walk = AssertUnwindSafe(self.walk(stages, &mut inner, None)).catch_unwind();
        let walked = Box::pin(walk).await;
        let response = settle(&mut inner, walked).await;
        audit::record(&inner, &response);
        // Its cookie goes nowhere, so that nobody could end it.
        if let Err(error) = inner.revoke_opened_session().await {
            let request_id = &inner.request.id;
            tracing::error!(request_id, %error, "the session that a called endpoint opened could not be ended");
        }
        Ok(told(&response))
    }
}

/// What the paths of operators begin with in a call, wherever the operator has put them.
const OPERATORS: &str = "/api/";

impl Extensions {
    /// Whether the call is for operators. Then its path is where they are.
    fn leads_to_operation(&self, inner: &mut Exchange) -> bool {
        let Some(rest) = inner.request.path.strip_prefix(OPERATORS) else { return false };
        let path = format!("{}/{rest}", inner.auth().config.operator_path());
        let head = RequestHead { mount: Mount::Root, path, ..RequestHead::clone(&inner.request.head) };
        let is_one = self.router.find(&head).is_some_and(|route| route.is_for_operators);
        if is_one {
            inner.request.head = Arc::new(head);
        }
        is_one
    }
}

fn told(response: &Response) -> InnerAnswer {
    let content_type = response.headers.get("content-type").unwrap_or_default();
    // A body that comes in chunks is not told: nobody here has room for it.
    let is_json =
        response.rest.is_none() && content_type.split(';').next().is_some_and(|kind| kind.trim() == "application/json");
    let body = is_json.then(|| serde_json::from_slice(&response.body).ok()).flatten();
    InnerAnswer { status: response.status, body: body.unwrap_or(Json::Null) }
}
