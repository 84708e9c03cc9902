//! What plugins may know of the configuration and of each other: none of it is a secret.

use std::collections::BTreeMap;

use doorward_contract::chosen;
use serde_json::{Map, Value as Json, json};

use crate::config::{ASSETS, Config, SiteFiles};
use crate::exchange::PathPattern;
use crate::plugin_host::call::state::ServerFacts;
use crate::plugin_host::error::PluginError;
use crate::plugin_host::package::manifest::Manifest;

/// Where nobody's pages stand.
const RESERVED: [&str; 5] = ["/health", "/ready", "/metrics", "/dev", "/.well-known"];

/// What a plugin's manifest says, with the operator's options.
pub(super) type Declared<'a> = (&'a Manifest, &'a Map<String, Json>);

/// What every plugin sees of the configuration.
pub(super) fn server_facts(config: &Config) -> ServerFacts {
    ServerFacts {
        base_url: config.origin(),
        base_path: config.base_path.clone(),
        app_name: config.app_name.clone(),
        core_options: core_options(config),
    }
}

/// The sections that plugins may read.
fn core_options(config: &Config) -> BTreeMap<&'static str, String> {
    let transport = config.mail.as_ref().map(|mail| mail.transport);
    let json = |name, section: serde_json::Result<String>| (name, section.unwrap_or_default());
    BTreeMap::from([
        json("account", serde_json::to_string(&config.account)),
        json("user", serde_json::to_string(&config.user)),
        json("session", serde_json::to_string(&config.session)),
        json("email_and_password", serde_json::to_string(&config.email_and_password)),
        json("email_verification", serde_json::to_string(&config.email_verification)),
        json("on_api_error", serde_json::to_string(&config.on_api_error)),
        json("mail", serde_json::to_string(&serde_json::json!({ "transport": transport }))),
    ])
}

/// The ids of the plugins that sign people in, in the order of the configuration.
pub(in crate::plugin_host) fn sign_in_methods<'a>(manifests: impl Iterator<Item = &'a Manifest>) -> Vec<String> {
    let signs_in = |manifest: &&Manifest| manifest.routes.iter().any(|route| route.signs_in);
    manifests.filter(signs_in).map(|manifest| manifest.id.clone()).collect()
}

/// What a page may know of the server, as JSON text.
pub(super) fn site_view(config: &Config, plugins: &[Declared<'_>], files: &SiteFiles) -> String {
    let mut view = config.public_facts(&sign_in_methods(plugins.iter().map(|(manifest, _)| *manifest)));
    let own = plugins.iter().flat_map(|(manifest, _)| &manifest.pages).find(|page| page.signs_in);
    let own = own.map(|page| format!("{}{}", config.pages.path, page.path));
    let fields = config.user.additional_fields.0.iter().filter(|(_, field)| field.returned || field.input);
    let fields = fields.map(
        |(name, field)| json!({ "name": name, "type": field.kind, "required": field.required, "input": field.input }),
    );
    let shown = |(manifest, options): &Declared<'_>| {
        let value = |name: &String| chosen(options, name).or_else(|| manifest.options.get(name)).cloned();
        let public = manifest.public_options.iter().map(|name| (name.clone(), value(name).unwrap_or_default()));
        json!({ "id": manifest.id, "version": manifest.version, "public": public.collect::<Map<_, _>>() })
    };
    let more = [
        ("baseURL", json!(config.origin())),
        ("basePath", json!(config.base_path)),
        ("operatorPath", json!(config.operator_path())),
        ("pagesPath", json!(config.pages.path)),
        ("signInPage", json!(config.pages.sign_in.clone().or(own))),
        (
            "user",
            json!({ "changeEmail": config.user.change_email.enabled, "deleteUser": config.user.delete_user.enabled }),
        ),
        ("sendsMail", json!(config.mail.is_some())),
        ("additionalFields", fields.collect()),
        ("plugins", plugins.iter().map(shown).collect()),
        ("brand", Json::Object(files.brand.clone())),
    ];
    view.extend(more.map(|(name, fact)| (name.to_owned(), fact)));
    Json::Object(view).to_string()
}

/// Refuses pages that stand where the API, the server itself or assets do.
///
/// # Errors
/// `Manifest` with the page, and the path that it meets.
pub(super) fn refuse_reserved_pages(config: &Config, manifest: &Manifest) -> Result<(), PluginError> {
    let prefix = &config.pages.path;
    let assets = format!("{prefix}{ASSETS}");
    let reserved: Vec<&str> = RESERVED.into_iter().chain([config.base_path.as_str(), assets.as_str()]).collect();
    for page in &manifest.pages {
        let pattern = PathPattern::new(&format!("{prefix}{}", page.path));
        let meets = |place: &&&str| {
            PathPattern::new(place).meets(&pattern) || PathPattern::new(&format!("{place}/**")).meets(&pattern)
        };
        if let Some(place) = reserved.iter().find(meets) {
            let reason = format!("its page {} meets {place}, which is the server's: give it another path", page.path);
            return Err(PluginError::Manifest { plugin: manifest.id.clone(), reason });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin_host::package::manifest::declared;

    #[test]
    fn pages_stand_apart_from_the_server() {
        let meets = |prefix: &str, path: &str| {
            let mut config = Config::default();
            config.pages.path = prefix.to_owned();
            let pages = declared("x", &format!(r#","pages":[{{"path":"{path}"}}]"#));
            refuse_reserved_pages(&config, &pages).err().map(|error| error.to_string())
        };
        for fits in ["/", "/account", "/admin/:id", "/api", "/healthy", "/a/health"] {
            assert_eq!(meets("", fits), None, "{fits}");
        }
        for (path, place) in [
            ("/api/auth", "/api/auth"),
            ("/api/auth/ok", "/api/auth"),
            ("/:a/auth/ok", "/api/auth"),
            ("/:a/:b", "/dev"),
            ("/:any", "/health"),
            ("/health", "/health"),
            ("/metrics/x", "/metrics"),
            ("/dev/mailbox", "/dev"),
            ("/_assets/x", "/_assets"),
        ] {
            let fault = meets("", path).unwrap();
            assert!(fault.contains(&format!("meets {place},")) || path.contains(':'), "{fault}");
        }
        assert!(meets("/p", "/_assets").unwrap().contains("/p/_assets"));
        assert_eq!(meets("/p", "/health"), None);
    }

    #[test]
    fn a_view_shows_what_is_public() {
        let config = Config { app_name: "Acme".to_owned(), ..Config::default() };
        let manifest = declared(
            "username",
            r#","options":{"min":3,"hidden":"hush"},"public_options":["min"],"pages":[{"path":"/sign-in","signs_in":true}]"#,
        );
        let options = Map::from_iter([("min".to_owned(), json!(5)), ("hidden".to_owned(), json!("hush"))]);
        let view = site_view(&config, &[(&manifest, &options)], &SiteFiles::default());
        let view: Json = serde_json::from_str(&view).unwrap();
        assert_eq!(view["plugins"], json!([{ "id": "username", "version": "1", "public": { "min": 5 } }]));
        assert_eq!((&view["appName"], &view["signInPage"]), (&json!("Acme"), &json!("/sign-in")));
        assert!(!view.to_string().contains("hush"));
    }
}
