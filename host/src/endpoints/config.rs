//! `GET /config`: what a sign-in page needs to know: methods, providers with their names, the rules of passwords.

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value as Json;

use crate::config::Config;
use crate::error::ApiError;
use crate::exchange::{Endpoint, Exchange};
use crate::http::Response;

/// Answers with the same JSON until plugins are loaded anew.
pub struct SignInPage {
    body: Bytes,
}

impl SignInPage {
    /// What the configuration says. `plugin_methods` are the ids of the loaded plugins that sign people in.
    pub fn new(config: &Config, plugin_methods: &[String]) -> Self {
        Self { body: Json::Object(config.public_facts(plugin_methods)).to_string().into() }
    }
}

#[async_trait]
impl Endpoint for SignInPage {
    async fn call(&self, _exchange: &mut Exchange) -> Result<Response, ApiError> {
        Ok(Response::with_type(200, "application/json", self.body.clone()))
    }
}
