//! Answers that a plugin makes chunk by chunk, each in an instance of its own, while the client takes them.
//!
//! Invariant: between two chunks, neither an instance nor a turn is held: a slow client costs a connection and no more.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use doorward_contract::Moment;
use wasmtime::component::Resource;

use super::breaker::Circumstances;
use super::budget::Spent;
use super::convert::Place;
use super::guests::{self, Guest};
use super::names::CallOf;
use super::plugin::Plugin;
use super::running;
use super::state::Work;
use crate::auth::{Auth, Scope};
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::http::Response;
use crate::http::chunks::{Chunks, CutOff, Rest};
use crate::plugin_host::admission::hook_rights::Sight;
use crate::plugin_host::bindings::exports::doorward::plugin::answers::Answer;
use crate::plugin_host::bindings::exports::doorward::plugin::chunks::{Chunk, Opening, Start};
use crate::plugin_host::error::Limit;

/// The chunks of one answer.
struct PluginChunks {
    plugin: Arc<Plugin>,
    index: u32,
    auth: Arc<Auth>,
    scope: Scope,
    request_id: String,
    most_bytes: u64,
    until: Instant,
}

/// Answers a request with route `index` of the manifest, which may answer in chunks. The first one is made at once, so that
/// what keeps it from being made is an answer of its own.
///
/// # Errors
/// The guest's refusal, or 5xx when a call failed.
pub(in crate::plugin_host) async fn open(
    plugin: &Arc<Plugin>,
    index: u32,
    exchange: &mut Exchange,
) -> Result<Response, ApiError> {
    let (opening, circumstances) = plugin.open(index, exchange).await?;
    let Start { status, headers, content_type, cursor } = match opening {
        Opening::Whole(answer) => return plugin.answer(answer, Place::Route, circumstances),
        Opening::Chunked(start) => start,
    };
    let head = Answer { status, headers, content_type: Some(content_type), body: Vec::new() };
    let response = plugin.answer(head, Place::Route, circumstances)?;
    guests::leave(exchange);
    let source = PluginChunks {
        plugin: Arc::clone(plugin),
        index,
        auth: Arc::clone(exchange.auth()),
        scope: exchange.scope(),
        request_id: exchange.request.id.clone(),
        most_bytes: plugin.most_answer_bytes(index),
        until: Instant::now() + Duration::from_millis(plugin.shared.limits.stream_ms),
    };
    let (body, cursor) = source.make(&cursor, 0).await?;
    let sent = body.len() as u64;
    let source: Arc<dyn Chunks> = Arc::new(source);
    let rest = cursor.map(|cursor| Rest { source, cursor, sent });
    Ok(Response { body, rest, ..response })
}

impl PluginChunks {
    async fn make(&self, cursor: &str, sent: u64) -> Result<(Bytes, Option<String>), ApiError> {
        let limits = &self.plugin.shared.limits;
        if Instant::now() > self.until {
            return Err(self.plugin.without_answer(self.name(), Limit::Stream(limits.stream_ms).to_string()).into());
        }
        let chunk = self.plugin.next_chunk(self.index, (&self.auth, self.scope.clone()), cursor).await?;
        if sent.saturating_add(chunk.bytes.len() as u64) > self.most_bytes {
            let reason = Limit::StreamBytes(self.most_bytes).to_string();
            return Err(self.plugin.call_failed(self.name(), reason).into());
        }
        Ok((chunk.bytes.into(), chunk.cursor))
    }

    fn name(&self) -> &str {
        self.plugin.shared.names.name(CallOf::Chunk(self.index))
    }
}

#[async_trait]
impl Chunks for PluginChunks {
    async fn next(&self, cursor: &str, sent: u64) -> Result<(Bytes, Option<String>), CutOff> {
        self.make(cursor, sent).await.map_err(|error| {
            let cause = error.source.as_ref().map_or_else(|| error.to_string(), ToString::to_string);
            tracing::error!(request_id = self.request_id, sent, cause, "an answer in chunks was cut off");
            CutOff
        })
    }
}

impl Plugin {
    /// The most bytes of an answer in chunks: what the plugin declares, or what the operator allows.
    fn most_answer_bytes(&self, index: u32) -> u64 {
        let route = self.manifest.routes.get(index as usize);
        route.and_then(|route| route.most_answer_bytes).unwrap_or_default()
    }

    async fn open(&self, index: u32, exchange: &mut Exchange) -> Result<(Opening, Circumstances), ApiError> {
        let Some(exports) = &self.exports.chunks else { return Err(self.has_no("chunks")) };
        let work = |exchange| Work { moment: Moment::Route, sight: Sight::OWN, exchange, reply: None, attempt: None };
        let called = self
            .call(exchange, CallOf::Route(index), work, async |guest: &mut Guest| {
                let exports = exports.load(&mut guest.store, &guest.instance)?;
                exports.call_open(&mut guest.store, index, Resource::new_borrow(0)).await
            })
            .await?;
        let opening = called.value.map_err(|error| self.refusal(error))?;
        Ok((opening, called.circumstances))
    }

    /// The chunk at `cursor`, made in an instance of its own.
    async fn next_chunk(
        &self,
        index: u32,
        (auth, scope): (&Arc<Auth>, Scope),
        cursor: &str,
    ) -> Result<Chunk, ApiError> {
        let Some(exports) = &self.exports.chunks else { return Err(self.has_no("chunks")) };
        let what = CallOf::Chunk(index);
        let _turn = self.shared.turns.take().await?;
        let circumstances = Circumstances::of(self.enter()?);
        let (spent, begun) = (Arc::<Spent>::default(), Instant::now());
        let work = async {
            let mut guest = self.start(Arc::clone(&spent)).await?;
            guest.store.data_mut().calling = what;
            guest.store.data_mut().begin_apart(Moment::Chunk, Arc::clone(auth), scope);
            let exports = exports.load(&mut guest.store, &guest.instance)?;
            let made = exports.call_next(&mut guest.store, index, cursor).await;
            let made = made.map_err(|trap| guest.cause(trap))?;
            let state = guest.store.data_mut();
            self.breaker.took(begun.elapsed(), state.limits.most_bytes());
            state.end();
            Ok(made)
        };
        let called = self.in_time(&spent, running::told(&self.shared, what, work)).await;
        let made = called.map_err(|trap| self.failed(self.shared.names.name(what), &trap, circumstances))?;
        let chunk = made.map_err(|error| self.refusal(error))?;
        let most = self.shared.limits.result_bytes;
        if chunk.bytes.len() > most {
            return Err(self.failed(self.shared.names.name(what), &Limit::Result(most).into(), circumstances));
        }
        if chunk.bytes.is_empty() && chunk.cursor.is_some() {
            let reason = "a chunk that is not the last one is empty".to_owned();
            return Err(self.call_failed(self.shared.names.name(what), reason).into());
        }
        self.answered(circumstances.passage);
        Ok(chunk)
    }
}
