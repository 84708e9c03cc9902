//! What an administrator sees: users, sessions, what happened, plugins, mail, keys and settings.
//!
//! Flat: one file per page. The frame, the pieces and the languages of all pages stand in `plugins/pages` and are compiled
//! in here too.

#[path = "../../pages/src/frame.rs"]
#[allow(dead_code, reason = "these pages use a part of it")]
mod frame;
#[path = "../../pages/src/icons.rs"]
mod icons;
#[path = "../../pages/src/look.rs"]
mod look;
mod more;
#[path = "../../pages/src/render.rs"]
mod render;
#[path = "../../pages/src/sections.rs"]
#[allow(dead_code, reason = "these pages use a part of it")]
mod sections;
mod shell;
mod table;
mod user;
mod users;
#[path = "../../pages/src/words.rs"]
mod words;

use doorward_sdk::prelude::*;

doorward_sdk::plugin!(plugin);

/// What these pages have beside the pieces of all pages.
const OWN: look::Set = look::Set {
    modules: &["tables.js"],
    sheets: &["admin.css"],
    templates: &[
        ("admin.html", include_str!("../templates/admin.html")),
        ("admin-pieces.html", include_str!("../templates/admin-pieces.html")),
        ("admin-more.html", include_str!("../templates/admin-more.html")),
        ("users.html", include_str!("../templates/users.html")),
        ("user.html", include_str!("../templates/user.html")),
    ],
};

/// The whole plugin: its pages, the slots in them, and the endpoints that they are drawn from.
pub fn plugin() -> Plugin {
    Plugin::new("admin-pages", env!("CARGO_PKG_VERSION"))
        .prepare(render::prepare)
        .cookie(CookieRule::literal(table::COLUMNS_COOKIE))
        .slot("admin.user")
        .slot("admin.page")
        .calls("/admin/list-users")
        .calls("/admin/get-user")
        .page(Page::get("/admin/users", users::users).signed_in())
        .page(Page::get("/admin/users/:id", user::user).signed_in())
        .page(Page::get("/admin/more/:plugin", more::more).signed_in())
}
