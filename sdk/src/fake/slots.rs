//! The fake host's site, the sections that other plugins add, and what users may do.

use super::with;
use crate::bindings::doorward::plugin::types::HostError;
use doorward_contract::Section;
use std::path::Path;

type Answer<T> = Result<T, HostError>;

/// Another plugin's section, which [`sections::ask`](crate::sections::ask) finds from now on.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// # fake::reset();
/// fake::contribute("account.security", "passkey", Section::titled("Passkeys"));
/// fake::contribute("account.security", "two-factor", Section::titled("Second factor"));
/// assert_eq!(sections::ask("account.security", &Asking::default())?.len(), 2);
/// # Ok::<(), Error>(())
/// ```
pub fn contribute(slot: &str, plugin: &str, section: Section) {
    with(|world| world.contributions.entry(slot.to_owned()).or_default().push((plugin.to_owned(), section)));
}

pub mod site {
    use super::{Path, with};

    pub fn view() -> String {
        with(|world| {
            let mut view = world.site.clone();
            if let Some(view) = view.as_object_mut().filter(|_| !world.templates.is_empty()) {
                let names: Vec<&String> = world.templates.keys().collect();
                let brand = view.entry("brand").or_insert_with(|| serde_json::json!({}));
                brand.as_object_mut().map(|brand| brand.insert("templates".to_owned(), serde_json::json!(names)));
            }
            view.to_string()
        })
    }

    pub fn page(path: &str) -> String {
        path.to_owned()
    }

    /// Those of the crate that is tested.
    pub fn asset(name: &str) -> Option<String> {
        Path::new("assets").join(name).is_file().then(|| format!("/_assets/test/{name}"))
    }

    pub fn description() -> String {
        with(|world| world.description.to_string())
    }

    pub fn file(name: &str) -> Option<String> {
        with(|world| world.templates.get(name).cloned())
    }
}

pub mod sections {
    use super::{Answer, HostError, Section, with};
    use crate::bindings::doorward::plugin::sections::{Contributed, Contributor};

    fn of(slot: &str) -> Answer<Vec<(String, Section)>> {
        with(|world| match world.slots.as_ref().is_some_and(|slots| !slots.contains(&slot)) {
            true => Err(HostError::Denied(format!("the manifest declares no slot `{slot}`"))),
            false => Ok(world.contributions.get(slot).cloned().unwrap_or_default()),
        })
    }

    pub fn contributors(slot: &str) -> Answer<Vec<Contributor>> {
        at_its_time!("sections", "contributors");
        let found = of(slot)?.into_iter();
        Ok(found.map(|(plugin, section)| Contributor { plugin, title: section.title }).collect())
    }

    pub fn ask(slot: &str, _language: &str, _about: &str) -> Answer<Vec<Contributed>> {
        at_its_time!("sections", "ask");
        let contributed = |(plugin, section): (String, Section)| Contributed {
            plugin,
            title: section.title.clone(),
            section: serde_json::to_string(&section).unwrap_or_default(),
        };
        Ok(of(slot)?.into_iter().map(contributed).collect())
    }

    pub fn ask_one(slot: &str, plugin: &str, language: &str, about: &str) -> Answer<Option<Contributed>> {
        at_its_time!("sections", "ask-one");
        Ok(ask(slot, language, about)?.into_iter().find(|found| found.plugin == plugin))
    }
}

pub mod permissions {
    use super::{Answer, HostError, with};
    use doorward_contract::is_permission;

    /// Nobody may do anything without a session.
    pub fn allows(permission: &str) -> Answer<bool> {
        at_its_time!("permissions", "allows");
        if !is_permission(permission) {
            return Err(HostError::Invalid(format!("`{permission}` is no permission, such as `audit.read`")));
        }
        Ok(with(|world| world.session.is_some() && world.permissions.contains(permission)))
    }
}
