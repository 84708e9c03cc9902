//! What a sign-in page may know of the options: methods, providers with their names, the rules of passwords.

use serde_json::{Map, Value as Json, json};

use super::{Config, PluginConfig};

/// Names of providers that are more than their id with a capital letter.
const NAMES: [(&str, &str); 12] = [
    ("auth0", "Auth0"),
    ("github", "GitHub"),
    ("gitlab", "GitLab"),
    ("hubspot", "HubSpot"),
    ("huggingface", "Hugging Face"),
    ("linkedin", "LinkedIn"),
    ("microsoft-entra-id", "Microsoft"),
    ("paypal", "PayPal"),
    ("tiktok", "TikTok"),
    ("twitter", "X"),
    ("vk", "VK"),
    ("wechat", "WeChat"),
];

impl Config {
    /// What everyone may know. `plugin_methods` are the ids of the loaded plugins that sign people in.
    pub fn public_facts(&self, plugin_methods: &[String]) -> Map<String, Json> {
        let email = &self.email_and_password;
        let own = email.enabled.then_some("email");
        let methods: Vec<&str> = own.into_iter().chain(plugin_methods.iter().map(String::as_str)).collect();
        let signing_in = self.plugins.iter().filter(|plugin| plugin_methods.contains(&plugin.id));
        let facts = [
            ("appName", json!(self.app_name)),
            ("methods", json!(methods)),
            ("providers", signing_in.flat_map(providers).collect()),
            (
                "emailAndPassword",
                json!({
                    "enabled": email.enabled,
                    "signUp": email.enabled && !email.disable_sign_up,
                    "minPasswordLength": email.min_password_length,
                    "maxPasswordLength": email.max_password_length,
                    "requireEmailVerification": email.require_email_verification,
                    "resetPassword": email.enabled && self.sends_reset_password(),
                }),
            ),
        ];
        facts.into_iter().map(|(name, fact)| (name.to_owned(), fact)).collect()
    }
}

/// The providers that a plugin's option of this name sets up, in the order of the file.
fn providers(plugin: &PluginConfig) -> Vec<Json> {
    let listed = plugin.options.get("providers").and_then(toml::Value::as_table);
    let is_on = |settings: &toml::Value| settings.get("enabled").and_then(toml::Value::as_bool) != Some(false);
    let shown = listed.into_iter().flatten().filter(|(_, settings)| is_on(settings)).map(|(id, settings)| {
        let preset = settings.get("preset").and_then(toml::Value::as_str).unwrap_or(id);
        json!({ "id": id, "name": name(preset) })
    });
    shown.collect()
}

fn name(id: &str) -> String {
    if let Some((_, name)) = NAMES.iter().find(|(known, _)| *known == id) {
        return (*name).to_owned();
    }
    let words = id.split(['-', '_']).map(|word| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
    });
    words.collect::<Vec<String>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    #[test]
    fn a_page_learns_what_it_shows_and_no_more() {
        let text = r#"
            secret = "0123456789abcdef0123456789abcdef"
            app_name = "Acme"
            email_and_password = { enabled = true, min_password_length = 12, disable_sign_up = true }
            [[plugins]]
            id = "social"
            [plugins.providers.github]
            client_id = "hush-id"
            client_secret = "hush"
            [plugins.providers.acme-sso]
            discovery_url = "https://hush.example"
            [plugins.providers.line-jp]
            preset = "line"
            [plugins.providers.google]
            enabled = false
        "#;
        let config = Config::parse(text, Path::new("."), &BTreeMap::new()).unwrap();
        let shown = |methods: &[&str]| {
            let methods: Vec<String> = methods.iter().map(|id| (*id).to_owned()).collect();
            Json::Object(config.public_facts(&methods))
        };
        let page = shown(&["social", "passkey"]);
        assert_eq!(page["methods"], json!(["email", "social", "passkey"]));
        let providers = json!([
            { "id": "github", "name": "GitHub" },
            { "id": "acme-sso", "name": "Acme Sso" },
            { "id": "line-jp", "name": "Line" },
        ]);
        assert_eq!(page["providers"], providers);
        assert_eq!((&page["appName"], &page["emailAndPassword"]["minPasswordLength"]), (&json!("Acme"), &json!(12)));
        assert_eq!(page["emailAndPassword"]["signUp"], json!(false));
        assert!(!page.to_string().contains("hush"));
        assert_eq!(shown(&[])["providers"], json!([]));
    }
}
