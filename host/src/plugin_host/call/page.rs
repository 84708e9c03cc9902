//! Calls of a guest for pages: the page itself, and sections for pages of others.

use std::time::Duration;

use doorward_contract::{Moment, Section};
use wasmtime::component::Resource;

use super::convert::Place;
use super::guests::Guest;
use super::names::CallOf;
use super::plugin::{Decided, Plugin};
use super::state::Work;
use crate::error::ApiError;
use crate::exchange::{Contributor, Exchange, FoundSection, SectionQuestion};
use crate::http::Response;
use crate::plugin_host::admission::hook_rights::Sight;
use crate::plugin_host::error::Limit;

/// How long the page of another waits for a section.
const SECTION_WAIT_MS: u64 = 1000;
/// Longest section, as JSON text.
const LONGEST_SECTION: usize = 64 << 10;

impl Plugin {
    /// Answers a request with page `index` of the manifest, under the host's policy.
    ///
    /// # Errors
    /// The guest's refusal, or 500 or 504 when the call failed.
    pub(in crate::plugin_host) async fn page(&self, index: u32, exchange: &mut Exchange) -> Result<Response, ApiError> {
        let Some(exports) = &self.exports.answers else { return Err(self.has_no("answers")) };
        let work = |exchange| Work { moment: Moment::Page, sight: Sight::OWN, exchange, reply: None, attempt: None };
        let called = self
            .call(exchange, CallOf::Page(index), work, async |guest: &mut Guest| {
                let exports = exports.load(&mut guest.store, &guest.instance)?;
                exports.call_page(&mut guest.store, index, Resource::new_borrow(0)).await
            })
            .await?;
        let answer = called.value.map_err(|error| self.refusal(error))?;
        let mut response = self.answer(answer, Place::Page, called.circumstances)?;
        let headers = &mut response.headers;
        headers.push("content-security-policy", self.shared.places.policy(&exchange.page_parts));
        headers.push("cross-origin-opener-policy", "same-origin");
        headers.push("cross-origin-resource-policy", "same-origin");
        headers.push("cache-control", "no-store");
        let tells_secret = exchange.address_names().any(|name| self.shared.secret_names.holds(name));
        headers.push("referrer-policy", if tells_secret { "no-referrer" } else { "same-origin" });
        Ok(response)
    }

    /// The section that the plugin adds by contribution `index` of the manifest. `None` when it has nothing to show, and
    /// when it fails, which the log tells: the page of another goes on without it.
    pub(in crate::plugin_host) async fn section(
        &self,
        index: u32,
        contributor: &Contributor,
        exchange: &mut Exchange,
        question: &SectionQuestion,
    ) -> Option<FoundSection> {
        let undo = self.undo(true, exchange);
        let text = match self.call_section(index, exchange, question).await {
            Ok(Ok(text)) => text?,
            Ok(Err(refusal)) => {
                let code = self.refusal(refusal).code().map(str::to_owned);
                tracing::info!(
                    plugin = self.shared.id,
                    slot = question.slot,
                    code,
                    "a section was refused by its plugin"
                );
                return None;
            }
            Err(failed) => {
                // An undo is there, so that this cannot fail.
                _ = self.skip(undo, exchange, failed);
                return None;
            }
        };
        match self.settled(&text) {
            Ok(section) => Some(FoundSection {
                contributor: contributor.clone(),
                posts: section.posts().into_iter().map(str::to_owned).collect(),
                modules: self.shared.places.folder().filter(|_| !section.scripts.is_empty()).map(str::to_owned),
                section: serde_json::to_string(&section).unwrap_or_default(),
            }),
            Err(reason) => {
                let failed = self.call_failed(&format!("section for {}", question.slot), reason);
                self.skipped(Some(&exchange.request.id), &failed.into());
                None
            }
        }
    }

    fn settled(&self, text: &str) -> Result<Section, String> {
        if text.len() > LONGEST_SECTION {
            return Err(format!("it is longer than {LONGEST_SECTION} bytes"));
        }
        let mut section: Section = serde_json::from_str(text).map_err(|error| format!("it is none: {error}"))?;
        section.settle(&self.shared.places).map(|()| section)
    }

    async fn call_section(
        &self,
        index: u32,
        exchange: &mut Exchange,
        question: &SectionQuestion,
    ) -> Decided<Option<String>> {
        let Some(exports) = &self.exports.contributions else { return Err(self.has_no("contributions")) };
        let sight = Sight::default();
        let work = |exchange| Work { moment: Moment::Section, sight, exchange, reply: None, attempt: None };
        let called = self
            .call(exchange, CallOf::Section(index), work, async |guest: &mut Guest| {
                let exports = exports.load(&mut guest.store, &guest.instance)?;
                let request = Resource::new_borrow(0);
                let call = exports.call_section(&mut guest.store, index, request, &question.language, &question.about);
                let called = tokio::time::timeout(Duration::from_millis(SECTION_WAIT_MS), call).await;
                called.unwrap_or_else(|_| Err(Limit::Section(SECTION_WAIT_MS).into()))
            })
            .await?;
        Ok(called.value)
    }
}
