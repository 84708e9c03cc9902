//! Sections of a page: what plugins add to the page of another, and what that page may lead to because of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;

use super::Exchange;

/// Who adds a section to a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contributor {
    /// The plugin's id.
    pub plugin: String,
    /// What menus call the section.
    pub title: String,
}

/// What a page asks for.
#[derive(Clone, Debug)]
pub struct SectionQuestion {
    /// The slot.
    pub slot: String,
    /// The one plugin that is asked; all when absent.
    pub plugin: Option<String>,
    /// The language of the page.
    pub language: String,
    /// What the slot is about, as JSON text of an object.
    pub about: String,
}

/// A section that was checked.
#[derive(Clone, Debug)]
pub struct FoundSection {
    /// Who added it.
    pub contributor: Contributor,
    /// JSON text of an object.
    pub section: String,
    /// Whole paths that something in it posts to.
    pub posts: Vec<String>,
    /// The folder of its plugin's modules, when it names one.
    pub modules: Option<String>,
}

/// Knows who adds to which slot.
#[async_trait]
pub trait SectionSource: Send + Sync {
    /// Who adds to a slot, in the order in which they stand.
    fn contributors(&self, slot: &str) -> Vec<Contributor>;

    /// Asks them, in that order. Who has nothing to show, or fails, is left out.
    async fn ask(&self, exchange: &mut Exchange, question: &SectionQuestion) -> Vec<FoundSection>;
}

/// What the sections of a page lead to, beside what the page itself does.
#[derive(Clone, Debug, Default)]
pub struct PageParts {
    /// Whole paths that forms may post to.
    pub posts: BTreeSet<String>,
    /// Folders whose modules may run.
    pub modules: BTreeSet<String>,
}

impl Exchange {
    /// Who adds to a slot, in the order in which they stand.
    pub fn contributors(&self, slot: &str) -> Vec<Contributor> {
        self.deciders.sections.as_ref().map(|source| source.contributors(slot)).unwrap_or_default()
    }

    /// Asks for sections, and notes what they lead to.
    pub async fn ask_for_sections(&mut self, question: &SectionQuestion) -> Vec<FoundSection> {
        let Some(source) = self.deciders.sections.as_ref().map(Arc::clone) else { return Vec::new() };
        let found = source.ask(self, question).await;
        for section in &found {
            self.page_parts.posts.extend(section.posts.iter().cloned());
            self.page_parts.modules.extend(section.modules.iter().cloned());
        }
        found
    }
}
