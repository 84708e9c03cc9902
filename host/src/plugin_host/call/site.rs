//! What a plugin may know of the server's pages, and what is its own there.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::OnceLock;

use doorward_contract::{PathPattern, Places};

use crate::config::{ASSETS, Config};
use crate::exchange::PageParts;
use crate::http::asset::Asset;
use crate::plugin_host::package::assets::{self, AssetFile};
use crate::plugin_host::package::manifest::{ListenRule, Manifest};

/// What every plugin sees.
#[derive(Debug, Default)]
pub(in crate::plugin_host) struct Site {
    /// JSON text of an object.
    pub(in crate::plugin_host) view: String,
    /// The operator's templates by name.
    pub(in crate::plugin_host) templates: BTreeMap<String, String>,
    /// Which plugins hear of which events of others.
    pub(in crate::plugin_host) listeners: Vec<(String, ListenRule)>,
    /// Of the API.
    pub(in crate::plugin_host) description: Description,
}

/// The description of the API, which is made when somebody asks for the first time.
#[derive(Default)]
pub(in crate::plugin_host) struct Description {
    made: OnceLock<String>,
    make: OnceLock<Describe>,
}

/// Makes a description.
pub type Describe = Box<dyn Fn() -> String + Send + Sync>;

impl Description {
    /// Says how it is made; once, when all routes are known.
    pub(in crate::plugin_host) fn be_made_by(&self, make: Describe) {
        _ = self.make.set(make);
    }

    /// JSON text of an object.
    pub(in crate::plugin_host) fn text(&self) -> &str {
        self.made.get_or_init(|| self.make.get().map_or_else(|| "{}".to_owned(), |make| make()))
    }
}

impl fmt::Debug for Description {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Description")
    }
}

/// The pages, endpoints and assets of one plugin.
#[derive(Debug, Default)]
pub(in crate::plugin_host) struct OwnPlaces {
    plugin: String,
    origin: String,
    base_path: String,
    pages_path: String,
    pages: Vec<PathPattern>,
    routes: Vec<(String, PathPattern)>,
    /// Whole paths of pages and endpoints without parameters.
    plain: Vec<String>,
    /// The folder of the assets; `None` without any.
    folder: Option<String>,
    assets: HashMap<String, String>,
    may_script: bool,
}

impl OwnPlaces {
    pub(in crate::plugin_host) fn new(
        config: &Config,
        manifest: &Manifest,
        files: &[AssetFile],
        may_script: bool,
    ) -> Self {
        let (base_path, pages_path) = (config.base_path.clone(), config.pages.path.clone());
        let folder = format!("{pages_path}{ASSETS}/{}/{}/", manifest.id, assets::hash(files));
        let routes = manifest.routes.iter().map(|route| (&base_path, &route.path));
        let plain = routes.chain(manifest.pages.iter().map(|page| (&pages_path, &page.path)));
        let plain = plain.filter(|(_, path)| !path.contains(':')).map(|(base, path)| format!("{base}{path}")).collect();
        let routes = manifest.routes.iter().map(|route| (route.method.clone(), PathPattern::new(&route.path)));
        Self {
            plugin: manifest.id.clone(),
            origin: config.origin(),
            pages: manifest.pages.iter().map(|page| PathPattern::new(&page.path)).collect(),
            routes: routes.collect(),
            plain,
            assets: files.iter().map(|file| (file.name.clone(), format!("{folder}{}", file.name))).collect(),
            folder: (!files.is_empty()).then_some(folder),
            may_script,
            base_path,
            pages_path,
        }
    }

    /// Where the assets stand, when there are some.
    pub(in crate::plugin_host) fn folder(&self) -> Option<&str> {
        self.folder.as_deref()
    }

    /// The whole path of a page, whether or not there is one.
    pub(in crate::plugin_host) fn page_path(&self, path: &str) -> String {
        match (path, self.pages_path.as_str()) {
            ("/", "") => "/".to_owned(),
            ("/", folder) => folder.to_owned(),
            (path, folder) => format!("{folder}{path}"),
        }
    }

    /// The path of a page without what the operator put before it.
    pub(in crate::plugin_host) fn path_below<'a>(&self, path: &'a str) -> &'a str {
        match path.strip_prefix(self.pages_path.as_str()) {
            Some("") => "/",
            Some(below) if below.starts_with('/') => below,
            _ => path,
        }
    }

    /// What is served of the files.
    pub(in crate::plugin_host) fn served(&self, files: Vec<AssetFile>) -> Vec<Asset> {
        let served = files.into_iter().filter_map(|file| {
            let path = self.assets.get(&file.name)?.clone();
            Asset::new(path, file.plain, file.gzip)
        });
        served.collect()
    }

    /// The policy of a page of this plugin, with these sections of others in it.
    pub(in crate::plugin_host) fn policy(&self, parts: &PageParts) -> String {
        let at = |path: &String| format!(" {}{}", self.origin, source_path(path));
        let (scripts, places) = if self.may_script {
            let scripts: String = self.folder.iter().chain(&parts.modules).map(at).collect();
            (scripts, " 'self'".to_owned())
        } else {
            (String::new(), self.plain.iter().chain(&parts.posts).map(at).collect())
        };
        let or_none = |sources: String| if sources.is_empty() { " 'none'".to_owned() } else { sources };
        let (scripts, places) = (or_none(scripts), or_none(places));
        format!(
            "default-src 'none'; script-src{scripts}; style-src 'self'; img-src 'self' data:; font-src 'self'; \
             connect-src{places}; form-action{places}; frame-ancestors 'none'; base-uri 'none'"
        )
    }
}

/// A path as a source of a policy: nothing in it ends the source or the policy.
fn source_path(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let mut safe = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' | b'%' => {
                safe.push(char::from(byte))
            }
            byte => safe.push_str(&format!("%{byte:02X}")),
        }
    }
    safe
}

impl Places for OwnPlaces {
    fn plugin(&self) -> &str {
        &self.plugin
    }

    fn page(&self, path: &str) -> Option<String> {
        self.pages.iter().any(|page| page.matches(path)).then(|| self.page_path(path))
    }

    fn route(&self, method: &str, path: &str) -> Option<String> {
        let mut routes = self.routes.iter().filter(|(own, _)| own == method);
        routes.any(|(_, route)| route.matches(path)).then(|| format!("{}{path}", self.base_path))
    }

    fn asset(&self, name: &str) -> Option<String> {
        self.assets.get(name).cloned()
    }

    fn may_script(&self) -> bool {
        self.may_script
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin_host::package::manifest::declared;

    const DECLARED: &str = r#","routes":[{"method":"POST","path":"/x/add"},{"method":"POST","path":"/x/:id"},
        {"method":"GET","path":"/x; script-src *"}],"pages":[{"path":"/x"},{"path":"/"}]"#;

    fn places(pages_path: &str, may_script: bool) -> OwnPlaces {
        let mut config = Config::default();
        config.pages.path = pages_path.to_owned();
        let file = |name: &str| AssetFile { name: name.to_owned(), plain: bytes::Bytes::new(), gzip: None };
        OwnPlaces::new(&config, &declared("x", DECLARED), &[file("a.css")], may_script)
    }

    #[test]
    fn pages_stand_below_the_operators_path() {
        let root = places("", false);
        assert_eq!(
            (root.page("/x").as_deref(), root.page("/").as_deref(), root.page("/y")),
            (Some("/x"), Some("/"), None)
        );
        assert_eq!((root.path_below("/x"), root.path_below("/")), ("/x", "/"));
        let below = places("/p", false);
        assert_eq!((below.page("/x").as_deref(), below.page("/").as_deref()), (Some("/p/x"), Some("/p")));
        assert_eq!((below.path_below("/p/x"), below.path_below("/p")), ("/x", "/"));
        assert_eq!(below.route("POST", "/x/7").as_deref(), Some("/api/auth/x/7"));
        assert_eq!(below.route("GET", "/x/7"), None);
    }

    #[test]
    fn a_policy_names_what_is_the_plugins_own() {
        let mut parts = PageParts::default();
        parts.posts.insert("/api/auth/y/add?a=b".to_owned());
        parts.modules.insert("/_assets/y/1/".to_owned());
        let policy = places("", false).policy(&parts);
        let own = "http://localhost:3000/api/auth/x/add http://localhost:3000/api/auth/x%3B%20script-src%20%2A \
                   http://localhost:3000/x http://localhost:3000/ http://localhost:3000/api/auth/y/add";
        let expected = format!(
            "default-src 'none'; script-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src {own}; \
             form-action {own}; frame-ancestors 'none'; base-uri 'none'"
        );
        assert_eq!(policy, expected);
        let scripted = places("", true);
        let folder = scripted.folder.clone().unwrap();
        let policy = scripted.policy(&parts);
        let scripts = format!("script-src http://localhost:3000{folder} http://localhost:3000/_assets/y/1/;");
        assert!(policy.contains(&scripts) && policy.contains("form-action 'self';"), "{policy}");
    }
}
