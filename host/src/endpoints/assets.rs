//! `GET /_assets/…`: files of plugins and of the operator, from memory.

use std::collections::HashMap;

use async_trait::async_trait;

use crate::error::ApiError;
use crate::exchange::{Endpoint, Exchange};
use crate::http::Response;
use crate::http::asset::Asset;

/// All of them, by their whole path.
pub struct Assets(HashMap<String, Asset>);

impl Assets {
    /// These assets; no two have one path.
    pub fn new(assets: impl IntoIterator<Item = Asset>) -> Self {
        Self(assets.into_iter().map(|asset| (asset.path.clone(), asset)).collect())
    }
}

#[async_trait]
impl Endpoint for Assets {
    async fn call(&self, exchange: &mut Exchange) -> Result<Response, ApiError> {
        let request = &exchange.request;
        Ok(self.0.get(&request.path).map_or_else(|| Response::bare(404), |asset| asset.answer(&request.headers)))
    }
}
