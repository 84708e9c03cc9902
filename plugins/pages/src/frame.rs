//! What every page has: the language and look of who asks, the site, the addresses of the pages.

use crate::look;
use crate::render::render;
use crate::words::Language;
use doorward_sdk::prelude::*;

/// The cookie that keeps the choice of a language; scripts of the pages set it.
pub const LANGUAGE_COOKIE: &str = "doorward_language";
/// The cookie that keeps the choice of light or dark.
pub const THEME_COOKIE: &str = "doorward_theme";

/// The module of every page.
const SCRIPT: &str = "page.js";
/// What it imports on all pages: the browser loads all of it at once.
const MODULES: [&str; 9] =
    ["act.js", "account.js", "gate.js", "menu.js", "form.js", "api.js", "say.js", "ask.js", "when.js"];

/// One page that is being answered.
pub struct Frame<'r, 'q> {
    pub request: &'r Request<'q>,
    pub language: Language,
    /// The view of the site; see [`site::view`].
    pub site: Value,
    view: &'static str,
}

impl<'r, 'q> Frame<'r, 'q> {
    /// `view` names the page for scripts and styles.
    ///
    /// # Errors
    /// When a cookie cannot be read.
    pub fn of(request: &'r Request<'q>, view: &'static str) -> Result<Self> {
        let site = site::view();
        let language = language(request, &site)?;
        Ok(Self { request, language, site, view })
    }

    /// A text with the site's name and these values in it.
    pub fn say(&self, key: &str, values: &[(&str, &str)]) -> String {
        let name = self.name();
        let values: Vec<(&str, &str)> = values.iter().copied().chain([("app", name)]).collect();
        self.language.say(key, &values)
    }

    /// What the operator calls the site.
    pub fn name(&self) -> &str {
        let brand = self.site.pointer("/brand/name").and_then(Value::as_str).filter(|name| !name.is_empty());
        brand.or_else(|| self.site.get("appName").and_then(Value::as_str)).unwrap_or_default()
    }

    /// Whether a plugin is loaded.
    pub fn has_plugin(&self, id: &str) -> bool {
        self.plugin(id).is_some()
    }

    /// An option that a plugin shows.
    pub fn public_option(&self, plugin: &str, name: &str) -> Option<&Value> {
        self.plugin(plugin)?.get("public")?.get(name)
    }

    fn plugin(&self, id: &str) -> Option<&Value> {
        let plugins = self.site.get("plugins")?.as_array()?;
        plugins.iter().find(|plugin| plugin.get("id").and_then(Value::as_str) == Some(id))
    }

    /// A part of the site that is true.
    pub fn is(&self, pointer: &str) -> bool {
        self.site.pointer(pointer).and_then(Value::as_bool) == Some(true)
    }

    /// The sections that other plugins add to a slot, as the templates draw them.
    ///
    /// # Errors
    /// When too many calls were made.
    pub fn sections(&self, slot: &str) -> Result<Vec<Value>> {
        let found = sections::ask(slot, &self.asking())?;
        Ok(found.into_iter().map(|found| drawn(&found)).collect())
    }

    /// How sections are asked for.
    pub fn asking(&self) -> Asking {
        Asking { language: self.language.code().to_owned(), ..Asking::default() }
    }

    /// The page: the template filled with `more`.
    ///
    /// # Errors
    /// 500 when a template of the operator is wrong; the log says where.
    pub fn page(&self, template: &str, title: &str, more: Value) -> Result<Response> {
        let mut model = json!({
            "title": title,
            "page": self.frame()?,
            "site": look::site(&self.site, self.name()),
            "links": links(),
        });
        if let (Some(model), Value::Object(more)) = (model.as_object_mut(), more) {
            model.extend(more);
        }
        let own = self.own_templates();
        // What is the same for everybody is drawn once a minute.
        let is_shared = own.is_empty() && model.get("user").is_none();
        let draw = || {
            render(template, self.language, &model, own).map_err(|error| {
                log::error(&format!("the page {template} cannot be drawn: {error:#}"));
                Error::internal()
            })
        };
        let html = if is_shared { cache::remember(&self.key(template, &model), 60, draw)? } else { draw()? };
        Ok(Response::html(html))
    }

    /// Names a page by all that it is drawn of.
    fn key(&self, template: &str, model: &Value) -> String {
        let parts = format!("{}/{}/{template}/{model}", env!("CARGO_PKG_VERSION"), self.language.code());
        crypto::base64url(&crypto::sha256(parts.as_bytes()))
    }

    /// The templates of the operator.
    fn own_templates(&self) -> Vec<(String, String)> {
        let names = self.site.pointer("/brand/templates").and_then(Value::as_array);
        let names = names.into_iter().flatten().filter_map(Value::as_str);
        names.filter_map(|name| Some((name.to_owned(), site::file(name)?))).collect()
    }

    fn frame(&self) -> Result<Value> {
        let theme = crate::kept(THEME_COOKIE)?.filter(|theme| ["light", "dark"].contains(&theme.as_str()));
        let root = site::page("/");
        let texts = format!("texts.{}.js", self.language.code());
        // All assets lie in one folder.
        let script = site::asset(SCRIPT).unwrap_or_default();
        let folder = script.strip_suffix(SCRIPT).unwrap_or_default();
        let modules = MODULES.iter().chain(crate::OWN.modules).copied();
        let preload = modules.chain([texts.as_str()]).map(|name| format!("{folder}{name}"));
        Ok(json!({
            "lang": self.language.code(),
            "theme": theme.unwrap_or_default(),
            "view": self.view,
            "api": site::route(""),
            "root": root.trim_end_matches('/'),
            "home": site::page("/account"),
            "sheets": look::sheets(&self.site, folder),
            "script": script,
            "preload": preload.collect::<Vec<_>>(),
            "languages": languages(&self.site).map(offered).collect::<Vec<_>>(),
        }))
    }
}

/// A section as the templates draw it.
pub fn drawn(found: &sections::Contributed) -> Value {
    let section = serde_json::to_value(&found.section).unwrap_or_default();
    crate::sections::drawn(&found.plugin, section, &|slot| place(slot, &found.plugin))
}

/// Where the own page of a plugin in a slot stands.
fn place(slot: &str, plugin: &str) -> String {
    match slot {
        "admin.page" => site::page(&format!("/admin/more/{plugin}")),
        "account.page" => site::page(&format!("/account/more/{plugin}")),
        "account.profile" => format!("{}#{plugin}", site::page("/account")),
        "account.security" => format!("{}#{plugin}", site::page("/account/security")),
        _ => site::page("/account"),
    }
}

/// The pages that lead to each other.
fn links() -> Value {
    json!({
        "sign_in": site::page("/sign-in"),
        "sign_up": site::page("/sign-up"),
        "forgot": site::page("/forgot-password"),
        "reset": site::page("/reset-password"),
        "profile": site::page("/account"),
        "security": site::page("/account/security"),
        "add_account": format!("{}?add=1", site::page("/sign-in")),
    })
}

/// The languages that the operator offers; all, where none is named.
fn languages(site: &Value) -> impl Iterator<Item = Language> {
    let named: Vec<Language> = site
        .pointer("/brand/languages")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|tag| Language::of_tag(tag.as_str()?))
        .collect();
    if named.is_empty() { Language::ALL.to_vec().into_iter() } else { named.into_iter() }
}

fn offered(language: Language) -> Value {
    json!({ "code": language.code(), "name": language.say("name", &[]), "href": format!("?lang={}", language.code()) })
}

/// The choice in the address, that of the cookie, what the browser likes, and at last the first that is offered.
fn language(request: &Request, site: &Value) -> Result<Language> {
    let offered: Vec<Language> = languages(site).collect();
    let is_offered = |language: &Language| offered.contains(language);
    let chosen = request.query("lang").and_then(|tag| Language::of_tag(&tag)).filter(is_offered);
    if let Some(language) = chosen {
        return Ok(language);
    }
    let kept = crate::kept(LANGUAGE_COOKIE)?.and_then(|tag| Language::of_tag(&tag)).filter(is_offered);
    let liked = || request.header("accept-language").and_then(|header| Language::of_header(&header)).filter(is_offered);
    Ok(kept.or_else(liked).or_else(|| offered.first().copied()).unwrap_or(Language::English))
}

/// A path of this origin, with query and fragment; none for anything else.
pub fn local(target: &str) -> Option<&str> {
    let mut letters = target.chars();
    let is_path = letters.next() == Some('/') && !matches!(letters.next(), Some('/' | '\\'));
    let is_plain = !target.chars().any(|letter| letter.is_control() || letter == '\\');
    (is_path && is_plain && target.len() <= 2048).then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_path_of_this_origin() {
        for target in ["/", "/account", "/a?b=c#d", "/%2F%2Fevil.example", "/a//b"] {
            assert_eq!(local(target), Some(target));
        }
        for target in [
            "",
            "account",
            "//evil.example",
            "/\\evil.example",
            "/a\\b",
            "https://evil.example",
            "javascript:x",
            "/\tx",
            "\n/x",
        ] {
            assert_eq!(local(target), None, "{target}");
        }
    }
}
