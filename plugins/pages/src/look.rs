//! What the operator chose: name, logo, style sheets.

use doorward_sdk::prelude::*;

/// What a plugin's pages have beside what all pages have.
pub struct Set {
    /// Modules that a page loads at once.
    pub modules: &'static [&'static str],
    /// Style sheets.
    pub sheets: &'static [&'static str],
    /// Templates, by name.
    pub templates: &'static [(&'static str, &'static str)],
}

/// The site as the templates show it.
pub fn site(view: &Value, name: &str) -> Value {
    let logo = view.pointer("/brand/logo").and_then(Value::as_str);
    json!({ "name": name, "logo": logo, "icon": logo.map(str::to_owned).or_else(|| site::asset("icon.svg")) })
}

/// The style sheets in their order, the first from the `folder` of the assets: the operator's come last, and outside of every
/// layer, so that they always count.
pub fn sheets(view: &Value, folder: &str) -> Vec<String> {
    let own = ["tokens.css", "pages.css"].iter().chain(crate::OWN.sheets).map(|name| format!("{folder}{name}"));
    let brand = ["/brand/theme", "/brand/css"].into_iter().filter_map(|part| view.pointer(part)?.as_str());
    own.chain(brand.map(str::to_owned)).collect()
}
