//! What a page may know of the server, and where things are.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! # doorward_sdk::fake::reset();
//! # doorward_sdk::fake::with(|world| world.site = json!({ "appName": "Acme" }));
//! assert_eq!(site::view()["appName"], "Acme");
//! assert_eq!(site::page("/account"), "/account");
//! assert_eq!(site::route("/sign-out"), "/api/auth/sign-out");
//! ```

use crate::host;
use serde_json::Value;
use std::cell::OnceCell;

/// The server as everyone may see it; see the chapter on pages.
///
/// ```
/// use doorward_sdk::site;
/// # doorward_sdk::fake::reset();
/// let site = site::view();
/// let title = format!("Newsletter – {}", site["appName"].as_str().unwrap_or_default());
/// assert_eq!(title, "Newsletter – Test");
/// ```
pub fn view() -> Value {
    serde_json::from_str(&host::site::view()).unwrap_or_default()
}

std::thread_local! {
    /// Where pages begin: an instance serves one request, and asks the host once.
    static ROOT: OnceCell<String> = const { OnceCell::new() };
}

/// The whole path of a page of this plugin.
///
/// ```
/// use doorward_sdk::prelude::*;
/// let to_all = Response::redirect(site::page("/newsletter"));
/// assert_eq!(doorward_sdk::fake::header(&to_all, "location").as_deref(), Some("/newsletter"));
/// ```
pub fn page(path: &str) -> String {
    ROOT.with(|root| {
        let root = root.get_or_init(|| host::site::page("/"));
        if path == "/" { root.clone() } else { format!("{}{path}", root.trim_end_matches('/')) }
    })
}

/// The whole path of an endpoint.
///
/// ```
/// use doorward_sdk::prelude::*;
/// let form = format!(r#"<form method="post" action="{}">"#, doorward_sdk::site::route("/newsletter/join"));
/// assert_eq!(form, r#"<form method="post" action="/api/auth/newsletter/join">"#);
/// ```
pub fn route(path: &str) -> String {
    format!("{}{path}", host::config::base_path())
}

/// The whole path of an asset of this plugin, by its path below the folder `assets`. None when there is none.
///
/// ```
/// use doorward_sdk::site;
/// let logo = site::asset("logo.svg").map(|at| format!(r#"<img src="{at}" alt="">"#)).unwrap_or_default();
/// assert_eq!(logo, "", "this crate has no folder `assets`");
/// ```
pub fn asset(name: &str) -> Option<String> {
    host::site::asset(name)
}

/// The description of the API that this server answers: the text of an OpenAPI 3.1 document.
///
/// ```
/// use doorward_sdk::site;
/// # doorward_sdk::fake::reset();
/// let api: serde_json::Value = serde_json::from_str(&site::description())?;
/// assert_eq!(api["openapi"], "3.1.1");
/// # Ok::<(), doorward_sdk::Error>(())
/// ```
pub fn description() -> String {
    host::site::description()
}

/// The text of a file in the operator's folder `pages.templates`.
///
/// ```
/// use doorward_sdk::{fake, site};
/// # fake::reset();
/// let footer = || site::file("footer.html").unwrap_or_else(|| "<footer></footer>".to_owned());
/// assert_eq!(footer(), "<footer></footer>");
/// // The operator has one.
/// fake::with(|world| world.templates.insert("footer.html".to_owned(), "<footer>Acme</footer>".to_owned()));
/// assert_eq!(footer(), "<footer>Acme</footer>");
/// ```
pub fn file(name: &str) -> Option<String> {
    host::site::file(name)
}
