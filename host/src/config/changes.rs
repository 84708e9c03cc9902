//! What has changed between two readings of the configuration.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{Config, SecretSource};

/// Lists what is read when the server starts, and then never: addresses, keys, where rows are and how they look. A reload
/// applies everything else.
macro_rules! read_at_start {
    ($($($part:ident).+),+ $(,)?) => {
        /// The names, each with a dot at its end.
        const AT_START: &[&str] = &[$(concat!($(stringify!($part), "."),+)),+];

        fn keep(now: &mut Config, was: &Config) {
            $(now.$($part).+.clone_from(&was.$($part).+);)+
        }
    };
}

read_at_start! {
    account.additional_fields,
    account.fields,
    account.model_name,
    advanced.database,
    all_secrets,
    allow_insecure_secret,
    audit.enabled,
    audit.retention,
    base_path,
    base_url,
    database,
    management,
    management_keys,
    operator_path,
    password_hashing,
    rate_limit.fields,
    rate_limit.model_name,
    rate_limit.storage,
    secondary_storage,
    secret,
    secret_value,
    secrets,
    server,
    session.additional_fields,
    session.fields,
    session.model_name,
    session.preserve_session_in_database,
    session.store_session_in_database,
    session.token_storage,
    telemetry,
    user.additional_fields,
    user.fields,
    user.model_name,
    verification,
}

impl Config {
    /// This configuration for a server that began with `running`: what is read at the start alone is as it was then, and so is
    /// mail that would leave in another way.
    #[must_use]
    pub fn begun_as(&self, running: &Self) -> Self {
        let way = |config: &Self| config.mail.as_ref().map(|mail| mail.transport);
        let mut now = self.clone();
        keep(&mut now, running);
        if way(self) != way(running) {
            now.mail.clone_from(&running.mail);
        }
        now
    }

    /// The options that `other` sets otherwise and that a reload does not apply, in order of their names.
    pub fn needing_restart(&self, other: &Self) -> Vec<String> {
        let mut names = BTreeSet::new();
        if let (Ok(old), Ok(new)) = (serde_json::to_value(self), serde_json::to_value(other)) {
            collect("", (&old, &new), &mut names);
        }
        let (old, new) = (self.hidden(), other.hidden());
        names.extend(old.iter().zip(&new).filter(|(old, new)| old != new).map(|((name, _), _)| (*name).to_owned()));
        // A section that one of both lacks is one name.
        let is_at_start = |name: &String| {
            matches!(name.as_str(), "mail" | "mail.transport")
                || AT_START.iter().any(|part| format!("{name}.").starts_with(part))
        };
        names.into_iter().filter(is_at_start).collect()
    }

    /// The values that are not shown, by the options' names.
    fn hidden(&self) -> [(&'static str, Vec<&str>); 11] {
        let smtp = self.mail.as_ref().and_then(|mail| mail.smtp.as_ref());
        let webhook = self.mail.as_ref().and_then(|mail| mail.webhook.as_ref());
        let storage = self.secondary_storage.as_ref();
        let keys = self.management_keys.iter().map(|key| key.value.expose().as_str());
        [
            ("database.url", vec![self.database.url.as_str()]),
            ("database.password", value(self.database.password.as_ref())),
            ("database.replicas", self.database.replicas.iter().map(String::as_str).collect()),
            ("secondary_storage.url", storage.map(|storage| storage.url.as_str()).into_iter().collect()),
            ("secondary_storage.password", value(storage.and_then(|storage| storage.password.as_ref()))),
            ("secret", vec![self.secret_value.expose().as_str()]),
            ("secrets", self.all_secrets.iter().map(|secret| secret.expose().as_str()).collect()),
            ("management.keys", keys.collect()),
            ("mail.smtp.password", value(smtp.and_then(|smtp| smtp.password.as_ref()))),
            ("mail.webhook.secret", value(webhook.and_then(|webhook| webhook.secret.as_ref()))),
            ("mail.webhook.url", webhook.map(|webhook| webhook.url.as_str()).into_iter().collect()),
        ]
    }
}

fn value(source: Option<&SecretSource>) -> Vec<&str> {
    source.map(SecretSource::value).into_iter().collect()
}

/// Adds the names of the values that differ; a section that one of both lacks is one value.
fn collect(name: &str, (old, new): (&Json, &Json), names: &mut BTreeSet<String>) {
    match (old, new) {
        (Json::Object(old), Json::Object(new)) => {
            for key in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
                let part = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                let [old, new] = [old, new].map(|values| values.get(key).unwrap_or(&Json::Null));
                collect(&part, (old, new), names);
            }
        }
        _ if old != new => _ = names.insert(name.to_owned()),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::super::parse_error::fields_of;
    use super::*;

    /// Lists and sections of which not every option has a value to compare.
    const BY_THEMSELVES: [&str; 7] = ["hooks", "log", "plugin_folder", "plugin_trust", "plugins", "ssf", "webhooks"];

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn changed(before: &str, after: &str) -> Vec<String> {
        let read = |text: &str| {
            let own = if text.contains("secret =") { String::new() } else { format!("secret = \"{SECRET}\"\n") };
            Config::parse(&format!("{own}{text}"), Path::new("."), &BTreeMap::new()).unwrap()
        };
        let (before, after) = (read(before), read(after));
        let applied = after.begun_as(&before);
        assert_eq!(before.needing_restart(&applied), Vec::<String>::new(), "what is named is as it was");
        before.needing_restart(&after)
    }

    #[test]
    fn what_a_reload_does_not_apply_is_named() {
        let mail = |password: &str| {
            format!(
                "[mail]\ntransport = \"smtp\"\nsmtp = {{ host = \"m\", username = \"a\", password = \"{password}\" }}"
            )
        };
        let webhook = |path: &str| {
            format!("[mail]\ntransport = \"webhook\"\nwebhook = {{ url = \"https://hooks.example/{path}\" }}")
        };
        let key = |value: &str| {
            format!(
                "[management]\naddress = \"127.0.0.1:1\"\nkeys = [{{ name = \"a\", scopes = [], value = \"{value}{SECRET}\" }}]"
            )
        };
        for (before, after, names) in [
            ("", "", ""),
            ("app_name = \"Doorward\"", "[session]\nexpires_in = 604800", ""),
            ("", "app_name = \"Acme\"\n[session.cookie_cache]\nenabled = true", ""),
            ("", "[server]\naddress = \"127.0.0.1:1\"\nworkers = 3", "server.address server.workers"),
            ("", "trusted_origins = [\"https://a.example\"]", ""),
            ("", "base_url = \"https://a.example\"", "base_url"),
            ("", "advanced.database.generate_id = \"uuid\"", "advanced.database.generate_id"),
            ("", "[rate_limit]\nmax = 3", ""),
            ("", "[rate_limit]\nstorage = \"database\"", "rate_limit.storage"),
            ("", "[rate_limit.custom_rules]\n\"/a\" = false", ""),
            ("", "[advanced.default_cookie_attributes]\nsame_site = \"none\"", ""),
            ("", &format!("secret = \"another-{SECRET}\""), "secret secrets"),
            ("database.url = \"postgres://a:b@h/x\"", "database.url = \"postgres://a:c@h/x\"", "database.url"),
            (
                "secondary_storage.url = \"redis://:a@h\"",
                "secondary_storage.url = \"redis://:b@h\"",
                "secondary_storage.url",
            ),
            ("", &mail("a"), "mail"),
            (&mail("a"), &mail("b"), ""),
            (&mail("a"), &webhook("b"), "mail.transport"),
            (&webhook("a"), &webhook("b"), ""),
            (&key("a"), &key("b"), "management.keys"),
            ("", "[[hooks]]\nfile = \"a.rhai\"\n[[plugins]]\nid = \"admin\"\n[log]\nformat = \"json\"", ""),
            ("", "plugin_folder = \"x\"\n[plugin_trust]\nrevoked = [\"a\"]", ""),
        ] {
            assert_eq!(changed(before, after).join(" "), names, "{before} → {after}");
        }
    }

    /// No option is forgotten: what is not applied is compared.
    #[test]
    fn every_option_is_applied_or_compared() {
        let text = format!(
            "secret = \"{SECRET}\"\nbase_url = \"https://a.example\"\nserver.tls = {{ certificate = \"a\", key = \"b\" }}\n\
             secondary_storage.url = \"redis://h\"\naudit.webhook = {{ url = \"https://a.example\" }}\n[management]\naddress = \"127.0.0.1:1\"\n\
             [mail]\ntransport = \"smtp\"\nfrom = \"a@b.c\"\nsmtp = {{ host = \"m\" }}\nwebhook = {{ url = \"https://a.example\" }}"
        );
        let config = Config::parse(&text, Path::new("."), &BTreeMap::new()).unwrap();
        let shown = serde_json::to_value(&config).unwrap();
        assert!(!shown.to_string().contains(SECRET));
        let mut seen = 0;
        let mut sections = vec![Vec::new()];
        while let Some(section) = sections.pop() {
            for option in fields_of(&section) {
                let path = [section.clone(), vec![option]].concat();
                if path.len() == 1 && BY_THEMSELVES.contains(&path[0].as_str()) {
                    continue;
                }
                assert!(shown.pointer(&format!("/{}", path.join("/"))).is_some(), "{path:?}");
                seen += 1;
                sections.push(path);
            }
        }
        assert!(seen > 100, "{seen}");
    }
}
