//! What the operator chose: name, logo, style sheets.

use doorward_sdk::prelude::*;

/// The site as the templates show it.
pub fn site(view: &Value, name: &str) -> Value {
    let logo = view.pointer("/brand/logo").and_then(Value::as_str);
    json!({ "name": name, "logo": logo, "icon": logo.map(str::to_owned).or_else(|| site::asset("icon.svg")) })
}

/// The style sheets in their order: those of all pages, `more`, and the operator's, which stand outside of every layer, so
/// that they always count.
pub fn sheets(view: &Value, more: &[&str]) -> Vec<String> {
    let own = ["tokens.css", "pages.css"].iter().chain(more).filter_map(|name| site::asset(name));
    let brand = ["/brand/theme", "/brand/css"].into_iter().filter_map(|part| view.pointer(part)?.as_str());
    own.chain(brand.map(str::to_owned)).collect()
}
