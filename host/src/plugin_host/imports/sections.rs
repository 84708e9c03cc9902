//! Capability `sections`: what other plugins add to the slots of this one.

use super::interfaces::sections::{Contributed, Contributor, Host};
use super::interfaces::types::HostError;
use super::outcome::Answer;
use super::values;
use crate::exchange::{FoundSection, SectionQuestion};
use crate::plugin_host::call::state::State;

/// Longest text of what a slot is about.
const LONGEST_ABOUT: usize = 4096;

impl State {
    /// `denied` for a slot of someone else.
    fn own_slot(&self, slot: &str) -> Answer<()> {
        if self.shared.rights.slots.iter().any(|own| own == slot) {
            return Ok(());
        }
        Err(HostError::Denied(format!("the manifest declares no slot `{slot:.64}`")))
    }

    /// Whether sections can be asked for now.
    fn may_ask(&mut self, question: &SectionQuestion) -> wasmtime::Result<Answer<()>> {
        if let Err(error) = self.own_slot(&question.slot) {
            return Ok(Err(error));
        }
        let is_language = question.language.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if question.language.len() > 35 || !is_language {
            return Ok(Err(HostError::Invalid("the language is none, such as `en` or `pt-BR`".to_owned())));
        }
        if question.about.len() > LONGEST_ABOUT {
            return Ok(Err(HostError::Invalid(format!("`about` is longer than {LONGEST_ABOUT} bytes"))));
        }
        Ok(values::object(&question.about).map(|_| ()))
    }

    async fn find(&mut self, question: SectionQuestion) -> wasmtime::Result<Answer<Vec<Contributed>>> {
        if let Err(error) = self.may_ask(&question)? {
            return Ok(Err(error));
        }
        let found = self.work()?.exchange.ask_for_sections(&question).await;
        Ok(Ok(found.into_iter().map(shown).collect()))
    }
}

fn shown(found: FoundSection) -> Contributed {
    let FoundSection { contributor, section, .. } = found;
    Contributed { plugin: contributor.plugin, title: contributor.title, section }
}

impl Host for State {
    async fn contributors(&mut self, slot: String) -> wasmtime::Result<Answer<Vec<Contributor>>> {
        at_its_time!(self, "sections", "contributors");
        if let Err(error) = self.own_slot(&slot) {
            return Ok(Err(error));
        }
        let found = self.work()?.exchange.contributors(&slot).into_iter();
        Ok(Ok(found.map(|found| Contributor { plugin: found.plugin, title: found.title }).collect()))
    }

    async fn ask(
        &mut self,
        slot: String,
        language: String,
        about: String,
    ) -> wasmtime::Result<Answer<Vec<Contributed>>> {
        at_its_time!(self, "sections", "ask");
        self.find(SectionQuestion { slot, plugin: None, language, about }).await
    }

    async fn ask_one(
        &mut self,
        slot: String,
        plugin: String,
        language: String,
        about: String,
    ) -> wasmtime::Result<Answer<Option<Contributed>>> {
        at_its_time!(self, "sections", "ask-one");
        let found = self.find(SectionQuestion { slot, plugin: Some(plugin), language, about }).await?;
        Ok(found.map(|found| found.into_iter().next()))
    }
}
