//! Pages and sections as a test opens them.

use super::duty::Sight;
use super::run::during;
use super::slots::site;
use super::{RawRequest, with};
use crate::{Asked, Asking, Error, Plugin, Request, Response};
use doorward_contract::{ContributionRule, Moment, PageRule, PathPattern, Places, Section};

impl RawRequest {
    /// Opens the plugin's page with this path.
    ///
    /// # Errors
    /// What the handler refused with; 401 without a session where the page needs one, 404 when there is no such page.
    pub fn open(&self, plugin: &Plugin) -> Result<Response, Error> {
        let is_it = |rule: &PageRule| self.takes_params_of(rule.path);
        let Some((rule, handler)) = plugin.manifest.pages.iter().zip(&plugin.pages).find(|(rule, _)| is_it(rule))
        else {
            return Err(Error::new(404, "NOT_FOUND", format!("the plugin has no page {}", self.path())));
        };
        if rule.needs_session && with(|world| world.session.is_none()) {
            return Err(Error::new(401, "UNAUTHORIZED", "the page needs a session"));
        }
        with(|world| world.answers_get = true);
        during(plugin, Moment::Page, Sight::OWN, || handler(&Request::new(self)))
    }

    /// Asks the plugin for its section in `slot`, and checks it as the host does. The query holds the plugin's own
    /// parameters, without its id.
    ///
    /// # Errors
    /// What the handler refused with; 404 when it adds nothing to this slot; 500 with what is wrong with the section.
    pub fn contribute(&self, plugin: &Plugin, slot: &str, asking: &Asking) -> Result<Option<Section>, Error> {
        let is_it = |(rule, _): &(&ContributionRule, _)| rule.slot == slot;
        let Some((_, handler)) = plugin.manifest.contributions.iter().zip(&plugin.contributions).find(is_it) else {
            return Err(Error::new(404, "NOT_FOUND", format!("the plugin adds nothing to {slot}")));
        };
        with(|world| world.answers_get = true);
        let asked = Asked { slot: slot.to_owned(), language: asking.language.clone(), about: asking.about.clone() };
        let text = during(plugin, Moment::Section, Sight::default(), || handler(&Request::new(self), &asked))?;
        let mut section: Option<Section> = text.map(|text| serde_json::from_str(&text)).transpose()?;
        let settled = section.as_mut().map_or(Ok(()), |section| section.settle(&Own(plugin)));
        settled.map(|()| section).map_err(|fault| Error::new(500, "NO_SECTION", fault))
    }
}

/// What a section may lead to.
struct Own<'a>(&'a Plugin);

impl Places for Own<'_> {
    fn plugin(&self) -> &str {
        self.0.manifest.id
    }

    fn page(&self, path: &str) -> Option<String> {
        let mut pages = self.0.manifest.pages.iter();
        pages.any(|page| PathPattern::new(page.path).matches(path)).then(|| site::page(path))
    }

    fn route(&self, method: &str, path: &str) -> Option<String> {
        let mut routes = self.0.manifest.routes.iter().filter(|route| route.method == method);
        let is_one = routes.any(|route| PathPattern::new(&super::run::path_of(route)).matches(path));
        is_one.then(|| format!("{}{path}", super::calls::config::base_path()))
    }

    fn asset(&self, name: &str) -> Option<String> {
        site::asset(name)
    }

    fn may_script(&self) -> bool {
        true
    }
}
