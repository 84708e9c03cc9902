//! What an administrator sees: users, sessions, what happened, plugins, mail, keys and settings.
//!
//! Flat: one file per page. The frame, the pieces and the languages of all pages stand in `plugins/pages` and are compiled
//! in here too.

#[path = "../../pages/src/administration.rs"]
mod administration;
mod audit;
mod chart;
#[path = "../../pages/src/frame.rs"]
#[allow(dead_code, reason = "these pages use a part of it")]
mod frame;
#[path = "../../pages/src/icons.rs"]
mod icons;
mod keys;
#[path = "../../pages/src/look.rs"]
mod look;
mod mail;
mod more;
mod overview;
mod plugins;
#[path = "../../pages/src/render.rs"]
mod render;
#[path = "../../pages/src/sections.rs"]
#[allow(dead_code, reason = "these pages use a part of it")]
mod sections;
mod sessions;
mod settings;
mod shell;
mod table;
#[cfg(test)]
mod tests;
mod user;
mod users;
#[path = "../../pages/src/words.rs"]
mod words;

use doorward_sdk::prelude::*;

doorward_sdk::plugin!(plugin);

/// What these pages have beside the pieces of all pages.
const OWN: look::Set = look::Set {
    modules: &["tables.js", "settings.js"],
    sheets: &["admin.css"],
    templates: &[
        ("admin.html", include_str!("../templates/admin.html")),
        ("admin-pieces.html", include_str!("../templates/admin-pieces.html")),
        ("admin-more.html", include_str!("../templates/admin-more.html")),
        ("users.html", include_str!("../templates/users.html")),
        ("user.html", include_str!("../templates/user.html")),
        ("sessions.html", include_str!("../templates/sessions.html")),
        ("overview.html", include_str!("../templates/overview.html")),
        ("audit.html", include_str!("../templates/audit.html")),
        ("plugins.html", include_str!("../templates/plugins.html")),
        ("mail.html", include_str!("../templates/mail.html")),
        ("keys.html", include_str!("../templates/keys.html")),
        ("settings.html", include_str!("../templates/settings.html")),
    ],
};

std::thread_local! {
    /// What a person chose. An instance serves one request and asks once.
    static CHOICES: std::cell::OnceCell<Value> = const { std::cell::OnceCell::new() };
}

/// What a person chose on any page: language and look. The cookies are those of `pages`, which tells them.
///
/// # Errors
/// When too many calls were made.
fn kept(name: &str) -> Result<Option<String>> {
    CHOICES.with(|choices| {
        if choices.get().is_none() {
            let answer = endpoints::get("/pages/choices", &[])?;
            choices.get_or_init(|| answer.into_body());
        }
        let value = choices.get().and_then(|choices| choices.get(name)).and_then(Value::as_str);
        Ok(value.map(str::to_owned))
    })
}

/// The whole plugin: its pages, the slots in them, and the endpoints that they are drawn from.
pub fn plugin() -> Plugin {
    Plugin::new("admin-pages", env!("CARGO_PKG_VERSION"))
        .prepare(render::prepare)
        .cookie(CookieRule::literal(table::COLUMNS_COOKIE))
        .slot("admin.overview")
        .slot("admin.user")
        .slot("admin.page")
        .calls("/pages/choices")
        .calls("/admin/list-users")
        .calls("/admin/get-user")
        .calls("/api/audit")
        .calls("/api/audit/counts")
        .calls("/api/keys")
        .calls("/api/mail")
        .calls("/api/plugins")
        .calls("/api/sessions")
        .calls("/api/settings")
        .page(Page::get("/admin", overview::overview).signed_in())
        .page(Page::get("/admin/users", users::users).signed_in())
        .page(Page::get("/admin/users/:id", user::user).signed_in())
        .page(Page::get("/admin/sessions", sessions::sessions).signed_in())
        .page(Page::get("/admin/audit", audit::audit).signed_in())
        .page(Page::get("/admin/plugins", plugins::plugins).signed_in())
        .page(Page::get("/admin/mail", mail::mail).signed_in())
        .page(Page::get("/admin/keys", keys::keys).signed_in())
        .page(Page::get("/admin/settings", settings::settings).signed_in())
        .page(Page::get("/admin/more/:plugin", more::more).signed_in())
}
