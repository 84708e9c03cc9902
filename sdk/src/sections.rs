//! What other plugins add to this plugin's pages, in slots that it declares with [`Plugin::slot`](crate::Plugin::slot).
//!
//! ```
//! use doorward_sdk::prelude::*;
//! # doorward_sdk::fake::reset();
//! # doorward_sdk::fake::contribute("account.security", "passkey", Section::titled("Passkeys"));
//! let asking = Asking { language: "en".to_owned(), ..Asking::default() };
//! let cards = sections::ask("account.security", &asking)?;
//! assert_eq!((cards[0].plugin.as_str(), cards[0].section.title.as_str()), ("passkey", "Passkeys"));
//! # Ok::<(), Error>(())
//! ```

use crate::bindings::doorward::plugin::sections as raw;
/// Who adds to a slot.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # doorward_sdk::fake::contribute("account.nav", "newsletter", Section::titled("Newsletter"));
/// let tabs: Vec<(String, String)> =
///     sections::contributors("account.nav")?.into_iter().map(|each| (each.plugin, each.title)).collect();
/// assert_eq!(tabs, [("newsletter".to_owned(), "Newsletter".to_owned())]);
/// # Ok::<(), Error>(())
/// ```
pub use crate::bindings::doorward::plugin::sections::Contributor;
use crate::error::Result;
use crate::host;
use crate::page::Asking;
use doorward_contract::Section;
use serde::Serialize;

/// A section of another plugin. The host has checked it, and every address in it is whole.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let section = Section::titled("Seats").fact("Taken", 3);
/// # doorward_sdk::fake::contribute("admin.overview", "seats", section);
/// for sections::Contributed { plugin, section, .. } in sections::ask("admin.overview", &Asking::default())? {
///     let numbers: Vec<String> = section.facts.iter().map(|fact| format!("{}: {}", fact.label, fact.value)).collect();
///     assert_eq!((plugin.as_str(), numbers.join(", ").as_str()), ("seats", "Taken: 3"));
/// }
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Contributed {
    /// The plugin's id.
    pub plugin: String,
    /// What menus call it.
    pub title: String,
    /// What it shows.
    pub section: Section,
}

/// Who adds to a slot, as manifests say it, in the order in which they stand. Nobody is called.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # doorward_sdk::fake::contribute("account.security", "passkey", Section::titled("Passkeys"));
/// // A menu without a call of anybody.
/// assert_eq!(sections::contributors("account.security")?[0].title, "Passkeys");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// When the slot is not this plugin's.
pub fn contributors(slot: &str) -> Result<Vec<Contributor>> {
    Ok(host::sections::contributors(slot)?)
}

/// The sections of a slot, in order. Who has nothing to show, or fails, is left out.
///
/// ```
/// use doorward_sdk::prelude::*;
/// use std::collections::BTreeMap;
/// # doorward_sdk::fake::reset();
/// # doorward_sdk::fake::contribute("admin.user", "invites", Section::titled("Invited by").row(Row::new("Grace")));
/// // What the slot is about is for those who add to it.
/// let about = BTreeMap::from([("user".to_owned(), "user-1".to_owned())]);
/// let found = sections::ask("admin.user", &Asking { language: "en".to_owned(), about })?;
/// assert_eq!(found[0].section.rows[0].title, "Grace");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// When the slot is not this plugin's, or a transaction is open.
pub fn ask(slot: &str, asking: &Asking) -> Result<Vec<Contributed>> {
    let found = host::sections::ask(slot, &asking.language, &serde_json::to_string(&asking.about)?)?;
    found.into_iter().map(read).collect()
}

/// The section of one plugin.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # doorward_sdk::fake::contribute("admin.page", "audit", Section::titled("Audit log"));
/// let page = sections::ask_one("admin.page", "audit", &Asking::default())?;
/// let page = page.ok_or_else(|| Error::from(ErrorCode::NOT_FOUND))?;
/// assert_eq!(page.title, "Audit log");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// As [`ask`].
pub fn ask_one(slot: &str, plugin: &str, asking: &Asking) -> Result<Option<Contributed>> {
    let found = host::sections::ask_one(slot, plugin, &asking.language, &serde_json::to_string(&asking.about)?)?;
    found.map(read).transpose()
}

fn read(found: raw::Contributed) -> Result<Contributed> {
    let section = serde_json::from_str(&found.section)?;
    Ok(Contributed { plugin: found.plugin, title: found.title, section })
}
