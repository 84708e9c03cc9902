//! Pages of plugins as routes, and who adds sections to them.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use doorward_contract::is_on;

use super::call::plugin::Plugin;
use super::package::manifest::PageRule;
use crate::config::Pages;
use crate::error::{ApiError, Code};
use crate::exchange::{
    Contributor, Endpoint, Exchange, FoundSection, Route, SectionQuestion, SectionSource, SessionNeed,
};
use crate::http::{Response, encode_component};

/// The pages of all plugins, at the server's root.
pub(super) fn routes(list: &[Arc<Plugin>], options: &Pages) -> Vec<Route> {
    let sign_in: Option<Arc<str>> = sign_in_page(list, options).map(Arc::from);
    let pages = list.iter().flat_map(|plugin| (0..).zip(&plugin.manifest.pages).map(move |page| (plugin, page)));
    let route = |(plugin, (index, rule)): (&Arc<Plugin>, (u32, &PageRule))| {
        let (plugin, path) = (Arc::clone(plugin), plugin.shared.places.page_path(&rule.path));
        let id = plugin.manifest.id.clone();
        let page = PluginPage { plugin, index, needs_session: rule.needs_session, sign_in: sign_in.clone() };
        Route::new("GET", &path, Arc::new(page)).of_plugin(&id).at_root()
    };
    pages.map(route).collect()
}

/// Where people sign in: the place that the operator names, or the page of a plugin.
pub(super) fn sign_in_page(list: &[Arc<Plugin>], options: &Pages) -> Option<String> {
    let own = || {
        list.iter().find_map(|plugin| {
            let page = plugin.manifest.pages.iter().find(|page| page.signs_in)?;
            Some(plugin.shared.places.page_path(&page.path))
        })
    };
    options.sign_in.clone().or_else(own)
}

/// A page of a plugin.
struct PluginPage {
    plugin: Arc<Plugin>,
    index: u32,
    needs_session: bool,
    /// Where people sign in, if anywhere.
    sign_in: Option<Arc<str>>,
}

#[async_trait]
impl Endpoint for PluginPage {
    async fn call(&self, exchange: &mut Exchange) -> Result<Response, ApiError> {
        let secret = &self.plugin.shared.secret_names;
        if exchange.address_names().any(|name| secret.holds(name)) {
            exchange.refuse_prefetch()?;
        }
        if self.needs_session && exchange.session_with(SessionNeed::FROM_STORE).await?.is_none() {
            let sign_in = self.sign_in.as_deref().ok_or(Code::UNAUTHORIZED)?;
            return Ok(Response::redirect(&with_way_back(exchange, sign_in, |name| secret.holds(name))));
        }
        self.plugin.page(self.index, exchange).await
    }
}

/// The address of the sign-in page with the way back to this one, without the secrets of its address.
fn with_way_back(exchange: &Exchange, sign_in: &str, is_secret: impl Fn(&str) -> bool) -> String {
    let request = &exchange.request;
    let shown = request.query.pairs().filter(|(name, _)| !is_secret(name));
    let pairs = shown.map(|(name, value)| format!("{}={}", encode_component(name), encode_component(value)));
    let query = pairs.collect::<Vec<_>>().join("&");
    let query = if query.is_empty() { query } else { format!("?{query}") };
    let host = if sign_in.starts_with('/') { String::new() } else { exchange.auth().config.origin() };
    let back = format!("{host}{}{query}", request.path);
    if !exchange.auth().origins.trusts_target(&back) {
        return sign_in.to_owned();
    }
    crate::exchange::redirect::with_parameter(sign_in, "callbackURL", &back)
}

/// Who adds to which slot, by slot and in order.
#[derive(Default)]
pub(super) struct SectionTable(HashMap<String, Vec<Entry>>);

struct Entry {
    plugin: Arc<Plugin>,
    index: u32,
    contributor: Contributor,
    needs_session: bool,
}

impl SectionTable {
    /// What the plugins declare and their options leave in.
    pub(super) fn of(list: &[Arc<Plugin>]) -> Self {
        let mut slots: HashMap<String, Vec<(i32, Entry)>> = HashMap::new();
        for plugin in list {
            let manifest = &plugin.manifest;
            for (index, rule) in (0..).zip(&manifest.contributions) {
                let is_wanted = |name: &String| is_on(name, &plugin.options, &manifest.options);
                if !rule.when_option.as_ref().is_none_or(is_wanted) {
                    continue;
                }
                let contributor = Contributor { plugin: manifest.id.clone(), title: rule.title.clone() };
                let plugin = Arc::clone(plugin);
                let entry = Entry { plugin, index, contributor, needs_session: rule.needs_session };
                slots.entry(rule.slot.clone()).or_default().push((rule.order, entry));
            }
        }
        let ordered = slots.into_iter().map(|(slot, mut entries)| {
            entries.sort_by_key(|(order, _)| *order);
            (slot, entries.into_iter().map(|(_, entry)| entry).collect())
        });
        Self(ordered.collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn of_slot(&self, slot: &str) -> &[Entry] {
        self.0.get(slot).map(Vec::as_slice).unwrap_or_default()
    }
}

#[async_trait]
impl SectionSource for SectionTable {
    fn contributors(&self, slot: &str) -> Vec<Contributor> {
        self.of_slot(slot).iter().map(|entry| entry.contributor.clone()).collect()
    }

    async fn ask(&self, exchange: &mut Exchange, question: &SectionQuestion) -> Vec<FoundSection> {
        let mut found = Vec::new();
        for Entry { plugin, index, contributor, needs_session } in self.of_slot(&question.slot) {
            if question.plugin.as_ref().is_some_and(|asked| *asked != contributor.plugin) {
                continue;
            }
            if *needs_session && !matches!(exchange.session_with(SessionNeed::FROM_STORE).await, Ok(Some(_))) {
                continue;
            }
            found.extend(plugin.section(*index, contributor, exchange, question).await);
        }
        found
    }
}
