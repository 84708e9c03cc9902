//! What a person sees: sign-in, sign-up, and the pages of an account, in light and dark, in English and German.
//!
//! Flat: one file per group of pages, and what they are made with.

mod account;
mod administration;
mod frame;
mod gate;
mod icons;
mod look;
mod qr;
pub mod render;
pub mod sections;
mod stops;
#[cfg(test)]
mod tests;
pub mod words;

use doorward_sdk::prelude::*;

doorward_sdk::plugin!(plugin);

/// The plugin `admin-pages` compiles these modules too, with more of its own.
const OWN: look::Set = look::Set { modules: &[], sheets: &[], templates: &[] };

/// What a person chose: the value of a cookie that scripts of the pages set.
///
/// # Errors
/// When it cannot be read.
fn kept(name: &str) -> Result<Option<String>> {
    cookies::get(name)
}

/// `GET /pages/choices`: the language and the look that a person chose, for pages of other plugins, which cannot read these
/// cookies.
fn choices(_request: &Request, (): ()) -> Result<Response> {
    let names = [frame::LANGUAGE_COOKIE, frame::THEME_COOKIE];
    let found = names.map(|name| Ok((name.to_owned(), kept(name)?.into())));
    Response::json(&Value::Object(found.into_iter().collect::<Result<_>>()?))
}

/// The whole plugin: its pages, the slots in them, and the two cookies that its scripts set.
pub fn plugin() -> Plugin {
    let slots =
        ["sign-in.methods", "sign-in.notice", "sign-up.notice", "account.profile", "account.security", "account.page"];
    let plugin = Plugin::new("pages", env!("CARGO_PKG_VERSION"))
        .prepare(render::prepare)
        .cookie(CookieRule::literal(frame::LANGUAGE_COOKIE))
        .cookie(CookieRule::literal(frame::THEME_COOKIE))
        .route(
            Route::get("/pages/choices", choices)
                .summary("Tells the language and the look that a person chose")
                .answers(schema::any_object),
        )
        .route(
            Route::post("/pages/qr", qr::qr)
                .summary("Draws a QR code")
                .answers(|| schema::object(&[("size", schema::integer()), ("path", schema::text())]))
                .refuses(&[ErrorCode::UNAUTHORIZED, ErrorCode::PAYLOAD_TOO_LARGE]),
        )
        .rate_limit(RateRule::new("/pages/qr", 10, 60))
        .page(Page::get("/", gate::home))
        .page(Page::get("/sign-in", gate::sign_in).signs_in())
        .page(Page::get("/sign-up", gate::sign_up))
        .page(Page::get("/continue", gate::go_on))
        .page(Page::get("/forgot-password", gate::forgot))
        .page(Page::get("/reset-password", gate::reset))
        .page(Page::get("/two-factor", gate::second_factor))
        .page(Page::get("/error", stops::error))
        .page(Page::get("/signed-out", stops::signed_out))
        .page(Page::get("/goodbye", stops::goodbye))
        .page(Page::get("/new-address", stops::new_address))
        .page(Page::get("/account", account::profile).signed_in())
        .page(Page::get("/account/security", account::security).signed_in())
        .page(Page::get("/account/more/:plugin", account::more).signed_in());
    slots.into_iter().fold(plugin, Plugin::slot)
}
