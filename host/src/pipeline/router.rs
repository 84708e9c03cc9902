//! Stage "route": finds the endpoint of a method and a path.

use std::collections::HashMap;
use std::sync::Arc;

use crate::exchange::{PathPattern, Route};
use crate::http::{Mount, RequestHead};

/// All routes, core and plugins alike.
#[derive(Default)]
pub struct Router {
    base: Table,
    root: Table,
    /// Whether any endpoint reads its body chunk by chunk.
    has_uploads: bool,
}

/// The routes of one mount.
#[derive(Default)]
struct Table {
    /// Path → method → route, for paths without parameters.
    exact: HashMap<String, HashMap<String, Arc<Route>>>,
    with_params: Vec<(PathPattern, Arc<Route>)>,
}

/// Two routes claim one path.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RouteClash {
    /// One owner claims a method and a path twice.
    #[error("{method} {path} is claimed twice")]
    Twice {
        /// Upper-case method.
        method: String,
        /// Path below its mount.
        path: String,
    },
    /// A plugin's path meets another owner's. The method does not matter: whose the path is, his hooks see what comes.
    #[error(
        "plugin `{plugin}`: its path {path} meets the path {other} of {owner}: give it another, or remove one of them"
    )]
    Met {
        /// The plugin that was added last.
        plugin: String,
        /// Its path.
        path: String,
        /// The path that was there.
        other: String,
        /// Whose that is, in words.
        owner: String,
    },
}

impl Router {
    /// Adds a route.
    ///
    /// # Errors
    /// When its method and path are taken.
    pub fn add(&mut self, route: Route) -> Result<(), RouteClash> {
        self.has_uploads |= route.reads_chunks;
        match route.mount {
            Mount::Base => self.base.add(route),
            Mount::Root => self.root.add(route),
        }
    }

    /// Every route below the base path.
    pub fn routes(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.base.routes()
    }

    /// Every route at the server's root: endpoints of operators, pages of plugins, files.
    pub fn root_routes(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.root.routes()
    }

    /// Whether the pattern matches a path of a route below the base path.
    pub fn meets(&self, pattern: &PathPattern) -> bool {
        self.routes().any(|route| PathPattern::new(&route.path).meets(pattern))
    }

    /// The most bytes of a body that its endpoint reads chunk by chunk; `None` for any other request.
    pub fn upload_limit(&self, mount: Mount, method: &str, path: &str) -> Option<usize> {
        if !self.has_uploads || mount != Mount::Base {
            return None;
        }
        let route = self.base.find(method, path).filter(|route| route.reads_chunks)?;
        Some(route.max_body_bytes.unwrap_or_default())
    }

    /// The route of a request, exact paths first.
    pub fn find(&self, head: &RequestHead) -> Option<Arc<Route>> {
        let table = match head.mount {
            Mount::Base => &self.base,
            Mount::Root => &self.root,
        };
        table.find(&head.method, &head.path)
    }
}

impl Table {
    fn routes(&self) -> impl Iterator<Item = &Arc<Route>> {
        let exact = self.exact.values().flat_map(HashMap::values);
        exact.chain(self.with_params.iter().map(|(_, route)| route))
    }

    fn add(&mut self, route: Route) -> Result<(), RouteClash> {
        let pattern = PathPattern::new(&route.path);
        for other in self.routes() {
            let taken = PathPattern::new(&other.path);
            if taken.meets(&pattern) {
                refuse(&route, other, taken == pattern)?;
            }
        }
        let route = Arc::new(route);
        if route.path.contains("/:") || route.path.ends_with("/**") {
            self.with_params.push((pattern, route));
        } else {
            self.exact.entry(route.path.clone()).or_default().insert(route.method.clone(), route);
        }
        Ok(())
    }

    fn find(&self, method: &str, path: &str) -> Option<Arc<Route>> {
        let exact = self.exact.get(path).and_then(|methods| methods.get(method));
        let found = exact.or_else(|| {
            let fits = |(pattern, route): &&(PathPattern, Arc<Route>)| route.method == method && pattern.matches(path);
            self.with_params.iter().find(fits).map(|(_, route)| route)
        });
        found.cloned()
    }
}

/// Refuses `route` beside `other`, whose path meets its own.
fn refuse(route: &Route, other: &Route, is_same_path: bool) -> Result<(), RouteClash> {
    match &route.plugin {
        Some(plugin) if route.plugin != other.plugin => Err(RouteClash::Met {
            plugin: plugin.clone(),
            path: route.path.clone(),
            other: other.path.clone(),
            owner: other.plugin.as_ref().map_or_else(|| "the core".to_owned(), |owner| format!("the plugin `{owner}`")),
        }),
        _ if is_same_path && route.method == other.method => {
            Err(RouteClash::Twice { method: route.method.clone(), path: route.path.clone() })
        }
        _ => Ok(()),
    }
}

/// The values of the `:parameters` of `pattern` in `path`, in order.
pub fn params(pattern: &str, path: &str) -> Vec<(String, String)> {
    let pairs = pattern.split('/').zip(path.split('/'));
    pairs.filter_map(|(name, value)| Some((name.strip_prefix(':')?.to_owned(), value.to_owned()))).collect()
}

/// An endpoint for tests of what stands around endpoints.
#[cfg(test)]
pub(super) struct Nothing;

#[cfg(test)]
#[async_trait::async_trait]
impl crate::exchange::Endpoint for Nothing {
    async fn call(
        &self,
        _exchange: &mut crate::exchange::Exchange,
    ) -> Result<crate::http::Response, crate::error::ApiError> {
        Ok(crate::http::Response::bare(200))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: &str, path: &str) -> Route {
        Route::new(method, path, Arc::new(Nothing))
    }

    fn head(mount: Mount, method: &str, path: &str) -> RequestHead {
        RequestHead { mount, method: method.to_owned(), path: path.to_owned(), ..RequestHead::default() }
    }

    #[test]
    fn each_mount_has_routes_of_its_own() {
        let mut router = Router::default();
        router.add(route("GET", "/ok")).unwrap();
        router.add(route("GET", "/dev/mailbox").at_root()).unwrap();
        router.add(route("GET", "/dev/mailbox")).unwrap();
        assert!(router.find(&head(Mount::Root, "GET", "/ok")).is_none());
        let found = router.find(&head(Mount::Root, "GET", "/dev/mailbox")).unwrap();
        assert_eq!(found.mount, Mount::Root);
    }

    #[test]
    fn finds_by_method_and_path() {
        let mut router = Table::default();
        router.add(route("GET", "/ok")).unwrap();
        router.add(route("GET", "/reset-password/:token")).unwrap();
        assert!(router.find("GET", "/ok").is_some());
        for (method, path) in
            [("POST", "/ok"), ("GET", "/ok/"), ("GET", "//ok"), ("GET", "/OK"), ("GET", "/reset-password/")]
        {
            assert!(router.find(method, path).is_none(), "{method} {path}");
        }
        let found = router.find("GET", "/reset-password/abc").unwrap();
        assert_eq!(params(&found.path, "/reset-password/abc"), [("token".to_owned(), "abc".to_owned())]);
    }

    #[test]
    fn a_second_claim_is_refused() {
        let mut router = Router::default();
        router.add(route("GET", "/a/:x")).unwrap();
        assert!(router.add(route("GET", "/a/:y")).is_err());
        router.add(route("GET", "/ok")).unwrap();
        assert_eq!(router.add(route("GET", "/ok")).unwrap_err().to_string(), "GET /ok is claimed twice");
        assert!(router.add(route("POST", "/ok")).is_ok());
    }

    #[test]
    fn a_path_has_one_owner() {
        for (path, fits) in
            [("/ok", false), ("/a/b", false), ("/:any", false), ("/:any/b", false), ("/a", true), ("/b/:x", true)]
        {
            let mut router = Router::default();
            router.add(route("GET", "/ok")).unwrap();
            router.add(route("GET", "/a/:x")).unwrap();
            for method in ["GET", "POST"] {
                assert_eq!(router.add(route(method, path).of_plugin("p")).is_ok(), fits, "{method} {path}");
            }
            assert!(router.add(route("GET", path).of_plugin("q")).is_err(), "{path}");
        }
        let mut router = Router::default();
        router.add(route("GET", "/ok")).unwrap();
        let clash = router.add(route("POST", "/:any").of_plugin("p")).unwrap_err().to_string();
        assert!(clash.starts_with("plugin `p`: its path /:any meets the path /ok of the core"), "{clash}");
    }
}
