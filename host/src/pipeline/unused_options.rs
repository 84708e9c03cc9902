//! Finds options that do nothing: they name a path without a route, or a cookie that nobody sets.

use super::functions::Functions;
use super::router::Router;
use crate::config::{Config, nearest};
use crate::cookie::CORE_KEYS;
use crate::exchange::PathPattern;

/// Checks the options against the routes and the cookies of plugins.
///
/// # Errors
/// The option, with the nearest that does something.
pub fn check(config: &Config, router: &Router, plugin_cookies: &[String]) -> Result<(), String> {
    let paths: Vec<&str> = router.routes().map(|route| route.path.as_str()).collect();
    for path in &config.disabled_paths {
        let asked = path.trim_end_matches('/');
        let has_route = || paths.iter().any(|route| PathPattern::new(route).matches(asked));
        if !path.starts_with('/') || !has_route() {
            return Err(no_route("disabled_paths", path, &paths));
        }
    }
    for (path, _) in &config.rate_limit.custom_rules.0 {
        let rule = PathPattern::new(path);
        let has_route = || paths.iter().any(|route| rule.matches(route) || PathPattern::new(route).matches(path));
        if !path.starts_with('/') || !has_route() {
            return Err(no_route("rate_limit.custom_rules", path, &paths));
        }
    }
    let cookies = || CORE_KEYS.into_iter().chain(plugin_cookies.iter().map(String::as_str));
    for key in config.advanced.cookies.keys() {
        if !cookies().any(|known| known == key) {
            let all = cookies().collect::<Vec<_>>().join(", ");
            return Err(match nearest(key, cookies()) {
                Some(known) => format!("advanced.cookies: nobody sets a cookie `{key}`; did you mean `{known}`?"),
                None => format!("advanced.cookies: nobody sets a cookie `{key}`; there are {all}"),
            });
        }
    }
    Ok(())
}

/// Checks that each scope of the management API's keys is a function.
///
/// # Errors
/// The key and the scope, with the nearest name that there is.
pub fn check_scopes(config: &Config, functions: &Functions) -> Result<(), String> {
    for key in &config.management_keys {
        for scope in key.scopes.iter().filter(|scope| *scope != "*") {
            if functions.find(scope).is_none() {
                let meant = nearest(scope, functions.all().map(|(name, _)| name));
                let meant = meant.map(|name| format!("; did you mean \"{name}\"?")).unwrap_or_default();
                let name = &key.name;
                return Err(format!(
                    "management.keys, \"{name}\": no function has the name of the scope \"{scope}\"{meant}"
                ));
            }
        }
    }
    Ok(())
}

fn no_route(option: &str, path: &str, routes: &[&str]) -> String {
    let base = if path.starts_with('/') { "" } else { ". A path begins with `/`, below base_path" };
    let nearest = nearest(path, routes.iter().copied()).map(|route| format!("; did you mean \"{route}\"?"));
    format!("{option}: there is no route \"{path}\"{base}{}", nearest.unwrap_or_default())
}
