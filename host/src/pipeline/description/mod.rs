//! The description of the API: an OpenAPI 3.1 document, made from the definitions that validate input.
//!
//! Source: the reference's plugin `open-api`, for the document's frame and the names of operations.

mod management;
mod operation;
mod refusals;
mod schemas;

use std::sync::Arc;

use doorward_contract::ApiNote;
use serde_json::{Map, Value as Json, json};

use super::functions::Functions;
use super::router::Router;
use crate::config::Config;
use crate::cookie::Cookies;
use crate::exchange::{OperatorTask, Route};
use crate::http::Mount;
use crate::store::{Field, Model, Schema};

pub use schemas::field_schema;

/// Everything that is told of a server.
pub struct ApiDescription {
    /// Name of the application.
    title: String,
    /// Address of the base path.
    url: String,
    /// Address of the server's root.
    root_url: String,
    /// Address of the management API, when there is one.
    management_url: Option<String>,
    session_cookie: String,
    takes_bearer: bool,
    confirms_links: bool,
    models: Vec<Arc<Model>>,
    /// Those below the base path, then those at the root, each in the order of their paths.
    endpoints: Vec<Described>,
    /// What the management API calls, by its shortest name.
    functions: Vec<(String, Described)>,
}

/// One endpoint or function.
#[derive(Clone)]
struct Described {
    method: String,
    mount: Mount,
    path: String,
    plugin: Option<String>,
    accepts_form: bool,
    is_sign_in: bool,
    is_for_operators: bool,
    task: Option<OperatorTask>,
    note: Option<Arc<ApiNote>>,
}

impl Described {
    fn of(route: &Route) -> Self {
        Self {
            method: route.method.clone(),
            mount: route.mount,
            path: route.path.clone(),
            plugin: route.plugin.clone(),
            accepts_form: route.accepts_form,
            is_sign_in: route.is_sign_in,
            is_for_operators: route.is_for_operators,
            task: route.task,
            note: route.note.clone(),
        }
    }

    fn note(&self) -> ApiNote {
        self.note.as_deref().cloned().unwrap_or_default()
    }
}

impl ApiDescription {
    /// Looks at what a server is made of.
    pub fn new(config: &Config, schema: &Schema, router: &Router, functions: &Functions) -> Self {
        let is_on = |path: &str| !config.disabled_paths.iter().any(|off| off.trim_end_matches('/') == path);
        let routes = router.routes().filter(|route| is_on(&route.path));
        // At the root, pages and files stand too, of which nothing is said.
        let at_root = router.root_routes().filter(|route| route.note.is_some());
        let mut endpoints: Vec<Described> = routes.chain(at_root).map(|route| Described::of(route)).collect();
        let place = |one: &Described| (one.mount == Mount::Root, one.path.clone(), one.method.clone());
        endpoints.sort_by_cached_key(place);
        Self {
            title: config.app_name.clone(),
            url: config.endpoint_base(),
            root_url: config.origin(),
            management_url: config.management.as_ref().map(|management| format!("http://{}", management.address)),
            session_cookie: Cookies::new(config).session_token.name,
            takes_bearer: config.plugins.iter().any(|plugin| plugin.enabled && plugin.id == "bearer"),
            confirms_links: config.advanced.confirm_links,
            models: schema.models().to_vec(),
            endpoints,
            functions: functions.all().map(|(name, route)| (name.to_owned(), Described::of(route))).collect(),
        }
    }

    /// What clients call.
    pub fn public(&self) -> Json {
        let mut document = self.frame(&format!("The API of {}", self.title), &self.url);
        let mut paths = Map::new();
        let mut ids = operation::Ids::default();
        for endpoint in &self.endpoints {
            let path = operation::path(&endpoint.path);
            let entry = paths.entry(path).or_insert_with(|| json!({}));
            if let Json::Object(methods) = entry {
                let id = ids.of(endpoint.task.map_or(endpoint.path.as_str(), |task| task.name), &endpoint.method);
                // A plugin that has a path of operators below the base path keeps its place.
                methods
                    .entry(endpoint.method.to_ascii_lowercase())
                    .or_insert_with(|| self.placed(endpoint, self.operation(endpoint, &id)));
            }
        }
        document.insert("tags".to_owned(), self.tags());
        document.insert("paths".to_owned(), paths.into());
        document.insert("components".to_owned(), self.components(self.schemes()));
        document.insert("security".to_owned(), self.security());
        document.into()
    }

    /// The fields of `user` or `session` that the configuration and plugins add.
    pub fn additional_fields(&self, model: &str) -> Vec<&Field> {
        let model = self.models.iter().find(|known| known.name == model);
        model.into_iter().flat_map(|model| schemas::additional(model)).collect()
    }

    /// What each endpoint of a plugin is called with: method, path and note.
    pub fn endpoints_of(&self, plugin: &str) -> Vec<(&str, &str, ApiNote)> {
        let own = self.endpoints.iter().filter(|endpoint| endpoint.plugin.as_deref() == Some(plugin));
        own.map(|endpoint| (endpoint.method.as_str(), endpoint.path.as_str(), endpoint.note())).collect()
    }

    /// The operation with where it stands, when that is not below the base path, and with who may call it.
    fn placed(&self, endpoint: &Described, mut operation: Json) -> Json {
        let Json::Object(said) = &mut operation else { return operation };
        if endpoint.mount == Mount::Root {
            said.insert("servers".to_owned(), json!([{ "url": self.root_url }]));
            said.insert("security".to_owned(), json!([{}]));
        }
        if let Some(task) = endpoint.task {
            let needed = format!("Needs the permission `{}`. A session is told by its cookie alone.", task.permission);
            said.insert("description".to_owned(), needed.into());
            said.insert("security".to_owned(), json!([{ "apiKeyCookie": [] }]));
        }
        operation
    }

    fn frame(&self, title: &str, url: &str) -> Map<String, Json> {
        let info = json!({
            "title": title,
            "description": format!("What Doorward answers for {}", self.title),
            "version": env!("CARGO_PKG_VERSION"),
        });
        let parts = [("openapi", json!("3.1.1")), ("info", info), ("servers", json!([{ "url": url }]))];
        parts.into_iter().map(|(name, part)| (name.to_owned(), part)).collect()
    }

    fn tags(&self) -> Json {
        let mut names: Vec<String> = self.endpoints.iter().filter_map(|own| own.plugin.as_deref()).map(tag).collect();
        names.sort();
        names.dedup();
        let core = json!({ "name": CORE_TAG, "description": "Endpoints of the core" });
        let operators = json!({ "name": OPERATORS_TAG, "description": "Endpoints for people who manage the server" });
        let plugins = names.iter().map(|name| json!({ "name": name, "description": "Endpoints of a plugin" }));
        [core, operators].into_iter().chain(plugins).collect()
    }

    fn schemes(&self) -> Json {
        let mut schemes = json!({
            "apiKeyCookie": {
                "type": "apiKey",
                "in": "cookie",
                "name": self.session_cookie,
                "description": "The session's cookie, which every sign-in sets",
            },
        });
        if let (true, Json::Object(schemes)) = (self.takes_bearer, &mut schemes) {
            let bearer = json!({ "type": "http", "scheme": "bearer", "description": "The session's token" });
            schemes.insert("bearerAuth".to_owned(), bearer);
        }
        schemes
    }

    /// Who calls is known by one of these, or not known.
    fn security(&self) -> Json {
        let bearer = self.takes_bearer.then(|| json!({ "bearerAuth": [] }));
        [json!({}), json!({ "apiKeyCookie": [] })].into_iter().chain(bearer).collect()
    }

    fn components(&self, schemes: Json) -> Json {
        json!({
            "schemas": schemas::all(&self.models),
            "responses": refusals::all(),
            "securitySchemes": schemes,
        })
    }
}

/// The reference's name for what belongs to no plugin.
const CORE_TAG: &str = "Default";

/// The name for what operators do.
const OPERATORS_TAG: &str = "Operators";

/// A plugin's id with a capital letter.
fn tag(plugin: &str) -> String {
    let mut letters = plugin.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}
