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
pub fn view() -> Value {
    serde_json::from_str(&host::site::view()).unwrap_or_default()
}

std::thread_local! {
    /// Where pages begin: an instance serves one request, and asks the host once.
    static ROOT: OnceCell<String> = const { OnceCell::new() };
}

/// The whole path of a page of this plugin.
pub fn page(path: &str) -> String {
    ROOT.with(|root| {
        let root = root.get_or_init(|| host::site::page("/"));
        if path == "/" { root.clone() } else { format!("{}{path}", root.trim_end_matches('/')) }
    })
}

/// The whole path of an endpoint.
pub fn route(path: &str) -> String {
    format!("{}{path}", host::config::base_path())
}

/// The whole path of an asset of this plugin, by its path below the folder `assets`. None when there is none.
pub fn asset(name: &str) -> Option<String> {
    host::site::asset(name)
}

/// The description of the API that this server answers: the text of an OpenAPI 3.1 document.
pub fn description() -> String {
    host::site::description()
}

/// The text of a file in the operator's folder `pages.templates`.
pub fn file(name: &str) -> Option<String> {
    host::site::file(name)
}
