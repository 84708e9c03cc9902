//! The operator's options of a plugin: each known to its manifest, and what follows from them.

use std::collections::BTreeMap;

use doorward_contract::{RouteRule, chosen};
use serde_json::{Map, Value as Json};

use super::manifest::{FieldRule, Manifest};
use crate::config::{PluginConfig, is_at_top, misplaced, nearest_at_top};
use crate::plugin_host::error::PluginError;

/// The operator's options as JSON, each known to the manifest and of the type of its default.
///
/// # Errors
/// `Option` that names the fault and, for an unknown name, the nearest known one.
pub(in crate::plugin_host) fn checked(
    manifest: &Manifest,
    config: &PluginConfig,
) -> Result<Map<String, Json>, PluginError> {
    let fault = |reason: String| PluginError::Option { plugin: manifest.id.clone(), reason };
    let mut options = Map::new();
    for (name, value) in &config.options {
        let Some(default) = manifest.options.get(name) else {
            let misplaced = is_at_top(name).then(|| misplaced(name, "[[plugins]]"));
            return Err(fault(
                misplaced.unwrap_or_else(|| format!("there is no option `{name}`{}", meant(manifest, name))),
            ));
        };
        let value = serde_json::to_value(value).map_err(|error| fault(format!("option `{name}`: {error}")))?;
        if !default.is_null() && std::mem::discriminant(default) != std::mem::discriminant(&value) {
            return Err(fault(format!("option `{name}` is {}, and should look like {default}", kind(&value))));
        }
        options.insert(name.clone(), value);
    }
    Ok(options)
}

/// What a value is, without the value: it may be a secret in the wrong place.
fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "nothing",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "a table",
    }
}

/// Puts the routes where the options say.
///
/// # Errors
/// `Option` for a text that is no path.
pub(in crate::plugin_host) fn place_routes(
    manifest: &mut Manifest,
    options: &Map<String, Json>,
) -> Result<(), PluginError> {
    for route in &mut manifest.routes {
        let Some(name) = &route.path_option else { continue };
        let Some(path) = chosen(options, name).and_then(Json::as_str) else { continue };
        if !path.starts_with('/') || path.len() < 2 || path.contains("..") || path.contains(['?', '#', '*', ' ']) {
            let reason = format!("option `{name}` is {path:?}, and a path begins with `/` and has no `..`");
            return Err(PluginError::Option { plugin: manifest.id.clone(), reason });
        }
        route.path = path.to_owned();
    }
    Ok(())
}

/// Lowers what routes take or answer in chunks to what the operator allows.
///
/// # Errors
/// `Option` for a route that does neither.
pub(in crate::plugin_host) fn bound_routes(
    manifest: &mut Manifest,
    allowed: &BTreeMap<String, u64>,
) -> Result<(), PluginError> {
    let is_bound = |route: &RouteRule<String>| route.reads_chunks || route.most_answer_bytes.is_some();
    for (name, most) in allowed {
        let is_it =
            |route: &&mut RouteRule<String>| is_bound(route) && format!("{} {}", route.method, route.path) == *name;
        let Some(route) = manifest.routes.iter_mut().find(is_it) else {
            let bound = manifest.routes.iter().filter(|route| is_bound(route));
            let names: Vec<String> = bound.map(|route| format!("`{} {}`", route.method, route.path)).collect();
            let known =
                if names.is_empty() { "it has none".to_owned() } else { format!("it has {}", names.join(", ")) };
            let reason =
                format!("`limits.stream_bytes` names `{name}`, which is no route with a body in chunks; {known}");
            return Err(PluginError::Option { plugin: manifest.id.clone(), reason });
        };
        let in_32_bits = u32::try_from(*most).unwrap_or(u32::MAX);
        route.max_body_bytes = route.max_body_bytes.map(|declared| declared.min(in_32_bits));
        route.most_answer_bytes = route.most_answer_bytes.map(|declared| declared.min(*most));
    }
    Ok(())
}

/// Those of `fields` that there are under these options.
pub(in crate::plugin_host) fn active<'a>(
    manifest: &'a Manifest,
    fields: &'a [FieldRule],
    options: &'a Map<String, Json>,
) -> impl Iterator<Item = &'a FieldRule> {
    fields.iter().filter(|field| field.exists(options, &manifest.options))
}

/// What was meant in place of an unknown name: an option of the plugin, also one in a table of it, or one of the whole server.
fn meant(manifest: &Manifest, name: &str) -> String {
    let plain = manifest.options.keys().map(String::as_str).chain(PluginConfig::KEYS.iter().copied());
    let in_tables = manifest.options.iter().flat_map(|(table, default)| {
        let names = default.as_object().into_iter().flat_map(Map::keys);
        names.map(move |name| (Some(table.as_str()), name.as_str()))
    });
    let likeness = |(_, known): &(Option<&str>, &str)| (strsim::jaro_winkler(known, name) * 1000.0) as u32;
    let nearest = match in_tables.chain(plain.map(|known| (None, known))).max_by_key(likeness) {
        Some((None, known)) => format!(". The nearest is `{known}`"),
        Some((Some(table), known)) => {
            format!(". The nearest is `{table}.{known}`, which stands below [plugins.{table}]")
        }
        None => String::new(),
    };
    match nearest_at_top(name) {
        Some(top) => {
            format!("{nearest}. `{top}` is an option of the top of the file, and those stand above the first section")
        }
        None => nearest,
    }
}

#[cfg(test)]
mod tests {
    use super::super::manifest::declared;
    use super::*;

    fn manifest(json: &str) -> Manifest {
        declared("magic-link", json)
    }

    fn config(text: &str) -> PluginConfig {
        toml::from_str(&format!("id = \"magic-link\"\n{text}")).unwrap()
    }

    #[test]
    fn options_are_known_and_typed() {
        let takes = manifest(r#","options":{"expires_in":300,"store_token":"plain"}"#);
        assert_eq!(checked(&takes, &config("expires_in = 60")).unwrap().get("expires_in"), Some(&Json::from(60)));
        let unknown = checked(&takes, &config("expire_in = 60")).unwrap_err().to_string();
        assert!(unknown.contains("nearest is `expires_in`"), "{unknown}");
        let tables = manifest(r#","options":{"jwt":{"audience":null,"issuer":null},"id_tokens":true}"#);
        for (mistyped, part) in [
            ("audiance", "The nearest is `jwt.audience`, which stands below [plugins.jwt]"),
            ("sesion", "`session` is an option of the top of the file"),
        ] {
            let unknown = checked(&tables, &config(&format!("{mistyped} = 1"))).unwrap_err().to_string();
            assert!(unknown.contains(part), "{unknown}");
        }
        for (mistyped, key) in [("grant", "grants"), ("breakr", "breaker"), ("min_verson", "min_version")] {
            let unknown = checked(&takes, &config(&format!("{mistyped} = 1"))).unwrap_err().to_string();
            assert!(unknown.contains(&format!("nearest is `{key}`")), "{unknown}");
        }
        let wrong = checked(&takes, &config("expires_in = \"60\"")).unwrap_err().to_string();
        assert!(wrong.contains("should look like 300"), "{wrong}");
    }

    #[test]
    fn an_operator_lowers_what_comes_in_chunks() {
        let json = r#","routes":[{"method":"PUT","path":"/a","accepts":["*/*"],"max_body_bytes":9,"reads_chunks":true},
            {"method":"GET","path":"/b","most_answer_bytes":9},{"method":"GET","path":"/c"}]"#;
        let bounds = |name: &str, most: u64| {
            let mut bound = manifest(json);
            bound_routes(&mut bound, &BTreeMap::from([(name.to_owned(), most)]))
                .map(|()| (bound.routes[0].max_body_bytes, bound.routes[1].most_answer_bytes))
                .map_err(|error| error.to_string())
        };
        assert_eq!(bounds("PUT /a", 5), Ok((Some(5), Some(9))));
        assert_eq!(bounds("GET /b", 5), Ok((Some(9), Some(5))));
        assert_eq!(bounds("GET /b", u64::MAX), Ok((Some(9), Some(9))), "it raises nothing");
        assert!(bounds("GET /c", 5).unwrap_err().contains("it has `PUT /a`, `GET /b`"));
    }

    #[test]
    fn a_route_goes_where_its_option_says() {
        let json = r#","options":{"keys":{"path":"/keys"}},"routes":[{"method":"GET","path":"/keys","path_option":"keys.path"}]"#;
        let place = |text: &str| {
            let mut places = manifest(json);
            let options = checked(&places, &config(text)).unwrap();
            place_routes(&mut places, &options)
                .map(|()| places.routes.remove(0).path)
                .map_err(|error| error.to_string())
        };
        assert_eq!(place(""), Ok("/keys".to_owned()));
        assert_eq!(place("keys = {}"), Ok("/keys".to_owned()));
        assert_eq!(place("keys.path = \"/.well-known/keys.json\""), Ok("/.well-known/keys.json".to_owned()));
        for bad in ["", "/", "keys", "/a/../b", "/a?b", "/*"] {
            assert!(place(&format!("keys.path = \"{bad}\"")).unwrap_err().contains("begins with `/`"), "{bad}");
        }
    }
}
