//! What the management API calls, by name: server-only functions, and every endpoint.

use std::collections::HashMap;
use std::sync::Arc;

use super::router::Router;
use crate::exchange::Route;

/// Names of the reference that cannot be read off an endpoint's path.
const OTHER_NAMES: [(&str, &str); 19] = [
    ("callback-oauth", "/callback/:id"),
    ("disable-two-factor", "/two-factor/disable"),
    ("enable-two-factor", "/two-factor/enable"),
    ("generate-passkey-authentication-options", "/passkey/generate-authenticate-options"),
    ("generate-passkey-registration-options", "/passkey/generate-register-options"),
    ("get-jwks", "/jwks"),
    ("get-token", "/token"),
    ("get-totp-uri", "/two-factor/get-totp-uri"),
    ("is-username-available", "/is-username-available"),
    ("link-social-account", "/link-social"),
    ("list-passkeys", "/passkey/list-user-passkeys"),
    ("list-user-accounts", "/list-accounts"),
    ("request-password-reset-callback", "/reset-password/:token"),
    ("revoke-device-session", "/multi-session/revoke"),
    ("send-two-factor-otp", "/two-factor/send-otp"),
    ("set-active-session", "/multi-session/set-active"),
    ("verify-passkey-authentication", "/passkey/verify-authentication"),
    ("verify-passkey-registration", "/passkey/verify-registration"),
    ("verify-two-factor-otp", "/two-factor/verify-otp"),
];

/// Everything that can be called, by every name that it has.
#[derive(Default)]
pub struct Functions {
    by_name: HashMap<String, Arc<Function>>,
}

/// One function, or one path with its methods.
pub struct Function {
    path: String,
    routes: Vec<Arc<Route>>,
}

impl Function {
    /// The route of this method; without one, that which only reads, or else the only one.
    pub fn route(&self, method: Option<&str>) -> Option<&Arc<Route>> {
        let of = |method: &str| self.routes.iter().find(|route| route.method == method);
        match method {
            Some(method) => of(method),
            None => of("GET").or_else(|| self.routes.first()),
        }
    }
}

impl Functions {
    /// Names server-only functions and the endpoints of a router. `Err` is a name that two functions claim.
    ///
    /// An endpoint has the name of its path (`/admin/list-users`: `admin-list-users`), the ends of that name
    /// (`list-users`), and the name that the reference gives it. Where names meet, a function comes before an endpoint, a
    /// whole name before an end, and a path without parameters before one with them; a name that still means two is none.
    ///
    /// # Errors
    /// The name.
    pub fn new(functions: impl IntoIterator<Item = Route>, router: &Router) -> Result<Self, String> {
        let mut by_name = HashMap::new();
        for function in functions {
            let name = function.path.trim_start_matches('/').to_owned();
            let function = Function { path: function.path.clone(), routes: vec![Arc::new(function)] };
            if by_name.insert(name.clone(), Arc::new(function)).is_some() {
                return Err(name);
            }
        }
        let mut ranked: HashMap<String, Vec<(usize, Arc<Function>)>> = HashMap::new();
        for function in endpoints(router) {
            for (rank, name) in names(&function.path) {
                ranked.entry(name).or_default().push((rank, Arc::clone(&function)));
            }
        }
        for (name, mut meant) in ranked {
            meant.sort_by_key(|(rank, _)| *rank);
            let is_clear = match meant.as_slice() {
                [(first, _), (second, _), ..] => first < second,
                _ => true,
            };
            if let (true, Some((_, function))) = (is_clear, meant.into_iter().next()) {
                by_name.entry(name).or_insert(function);
            }
        }
        Ok(Self { by_name })
    }

    /// Everything that can be called: the name of its path, and the route that is called unless a method is named, in the
    /// order of the names.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Arc<Route>)> {
        let mut named: Vec<(&str, &Arc<Function>)> = self
            .by_name
            .iter()
            .filter(|(name, function)| names(&function.path).first().is_some_and(|(_, whole)| whole == *name))
            .map(|(name, function)| (name.as_str(), function))
            .collect();
        named.sort_by_key(|(name, _)| *name);
        named.into_iter().filter_map(|(name, function)| Some((name, function.route(None)?)))
    }

    /// The function of a name, or of an endpoint's path.
    pub fn find(&self, name: &str) -> Option<&Arc<Function>> {
        self.by_name.get(name).or_else(|| self.by_name.get(&name.replace('/', "-")))
    }
}

/// The endpoints below the base path, one for each path.
fn endpoints(router: &Router) -> Vec<Arc<Function>> {
    let mut by_path: HashMap<&str, Vec<Arc<Route>>> = HashMap::new();
    for route in router.routes() {
        by_path.entry(&route.path).or_default().push(Arc::clone(route));
    }
    by_path.into_iter().map(|(path, routes)| Arc::new(Function { path: path.to_owned(), routes })).collect()
}

/// The names of a path, each with its rank: the lowest wins.
fn names(path: &str) -> Vec<(usize, String)> {
    let (parameters, words): (Vec<&str>, Vec<&str>) =
        path.split('/').filter(|segment| !segment.is_empty()).partition(|segment| segment.starts_with(':'));
    let has_parameters = usize::from(!parameters.is_empty());
    let ends = (0..words.len()).filter_map(|from| words.get(from..).map(|end| (from, end.join("-"))));
    let mut names: Vec<(usize, String)> =
        ends.map(|(from, name)| (2 * usize::from(from > 0) + has_parameters, name)).collect();
    let others = OTHER_NAMES.iter().filter(|(_, other)| *other == path);
    names.extend(others.map(|(name, _)| (0, (*name).to_owned())));
    names
}

#[cfg(test)]
mod tests {
    use super::super::router::Nothing;
    use super::*;

    fn functions(names: &[&str], routes: &[(&str, &str)]) -> Functions {
        let mut router = Router::default();
        for (method, path) in routes {
            router.add(Route::new(method, path, Arc::new(Nothing))).unwrap();
        }
        let functions = names.iter().map(|name| Route::new("POST", &format!("/{name}"), Arc::new(Nothing)));
        Functions::new(functions, &router).unwrap()
    }

    #[test]
    fn endpoints_have_the_names_of_the_reference() {
        let functions = functions(
            &["create-user"],
            &[
                ("GET", "/get-session"),
                ("POST", "/get-session"),
                ("POST", "/sign-in/email"),
                ("POST", "/update-user"),
                ("POST", "/admin/update-user"),
                ("POST", "/admin/create-user"),
                ("GET", "/admin/list-users"),
                ("POST", "/two-factor/enable"),
                ("POST", "/reset-password"),
                ("GET", "/reset-password/:token"),
                ("POST", "/one/verify-otp"),
                ("POST", "/two/verify-otp"),
            ],
        );
        let path = |name: &str| functions.find(name).map(|function| function.path.clone());
        for (name, expected) in [
            ("get-session", Some("/get-session")),
            ("sign-in-email", Some("/sign-in/email")),
            ("sign-in/email", Some("/sign-in/email")),
            ("email", Some("/sign-in/email")),
            ("update-user", Some("/update-user")),
            ("admin-update-user", Some("/admin/update-user")),
            ("create-user", Some("/create-user")),
            ("admin/create-user", Some("/admin/create-user")),
            ("list-users", Some("/admin/list-users")),
            ("enable-two-factor", Some("/two-factor/enable")),
            ("reset-password", Some("/reset-password")),
            ("request-password-reset-callback", Some("/reset-password/:token")),
            ("verify-otp", None),
            ("two-verify-otp", Some("/two/verify-otp")),
            ("", None),
        ] {
            assert_eq!(path(name).as_deref(), expected, "{name}");
        }
        let session = functions.find("get-session").unwrap();
        let method = |asked| session.route(asked).map(|route| route.method.as_str());
        assert_eq!((method(None), method(Some("POST")), method(Some("PUT"))), (Some("GET"), Some("POST"), None));
    }

    #[test]
    fn a_name_is_claimed_once() {
        let twice = ["/a", "/a"].map(|path| Route::new("POST", path, Arc::new(Nothing)));
        assert_eq!(Functions::new(twice, &Router::default()).err().as_deref(), Some("a"));
    }
}
