//! What the options of the plugin `admin` say about roles and bans.

use crate::config::{Config, PluginConfig, nearest};

const ID: &str = "admin";
/// The roles when the operator names none, as in the reference.
const DEFAULT_ROLES: [&str; 2] = ["admin", "user"];

/// The plugin's entry.
pub struct Admin<'a>(&'a PluginConfig);

impl<'a> Admin<'a> {
    /// The entry that is switched on.
    ///
    /// # Errors
    /// When there is none: then users have neither roles nor bans.
    pub fn of(config: &'a Config) -> Result<Self, String> {
        let entry = config.plugins.iter().find(|entry| entry.enabled && entry.id == ID);
        entry.map(Self).ok_or_else(|| {
            "users have roles and bans with the plugin `admin` alone: add [[plugins]] with id = \"admin\" to the \
             configuration, then run `doorward migrate`"
                .to_owned()
        })
    }

    /// Roles as they are stored: with commas between them.
    ///
    /// # Errors
    /// For a name that is no role; the text names those that there are.
    pub fn stored(&self, roles: &[String]) -> Result<String, String> {
        let own = self.0.options.get("roles").and_then(toml::Value::as_table).filter(|own| !own.is_empty());
        let known: Vec<&str> = own.map_or(DEFAULT_ROLES.to_vec(), |own| own.keys().map(String::as_str).collect());
        match roles.iter().find(|role| !known.contains(&role.as_str())) {
            Some(role) => {
                let meant = nearest(role, known.iter().copied()).map(|known| format!("; did you mean \"{known}\"?"));
                let (meant, known) = (meant.unwrap_or_else(|| ".".to_owned()), known.join(", "));
                Err(format!(
                    "there is no role \"{role}\"{meant} There are {known}; [plugins.roles] below the plugin `admin` makes more"
                ))
            }
            None => Ok(roles.join(",")),
        }
    }

    /// The role that makes an administrator.
    pub fn role(&self) -> &'a str {
        let roles = self.0.options.get("admin_roles").and_then(toml::Value::as_array);
        roles.and_then(|roles| roles.first()?.as_str()).unwrap_or(DEFAULT_ROLES[0])
    }

    /// Whether the operator names users who may do everything, whatever their role.
    pub fn names_users(&self) -> bool {
        let ids = self.0.options.get("admin_user_ids").and_then(toml::Value::as_array);
        ids.is_some_and(|ids| !ids.is_empty())
    }

    /// The reason of a ban for which none is given.
    pub fn ban_reason(&self) -> String {
        let reason = self.0.options.get("default_ban_reason").and_then(toml::Value::as_str);
        reason.unwrap_or("No reason").to_owned()
    }

    /// For how long a ban holds; `None` is for ever.
    pub fn ban_secs(&self, given: Option<u32>) -> Option<i64> {
        let usual = || self.0.options.get("default_ban_expires_in").and_then(toml::Value::as_integer);
        given.map(i64::from).or_else(usual).filter(|secs| *secs > 0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    fn config(plugins: &str) -> Config {
        let text = format!("secret = \"command-test-secret-0123456789-abcdefghij\"\n{plugins}");
        Config::parse(&text, Path::new("."), &BTreeMap::new()).unwrap()
    }

    fn stored(plugins: &str, roles: &[&str]) -> Result<String, String> {
        let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
        Admin::of(&config(plugins))?.stored(&roles)
    }

    #[test]
    fn roles_are_those_of_the_plugin() {
        let admin = "[[plugins]]\nid = \"admin\"\n";
        let own = format!("{admin}[plugins.roles.support]\nuser = [\"list\"]\n");
        assert_eq!(stored(admin, &["admin", "user"]), Ok("admin,user".to_owned()));
        assert_eq!(stored(&own, &["support"]), Ok("support".to_owned()));
        assert!(stored(&own, &["admin"]).unwrap_err().contains("no role \"admin\". There are support; "));
        assert!(stored(admin, &["Admin"]).unwrap_err().contains("no role \"Admin\"; did you mean \"admin\"?"));
        let off = "[[plugins]]\nid = \"admin\"\nenabled = false\n";
        for without in ["", off] {
            assert!(stored(without, &["admin"]).unwrap_err().contains("the plugin `admin` alone"));
        }
    }

    #[test]
    fn a_ban_lasts_as_the_options_say() {
        let config =
            config("[[plugins]]\nid = \"admin\"\ndefault_ban_expires_in = 60\ndefault_ban_reason = \"spam\"\n");
        let admin = Admin::of(&config).unwrap();
        assert_eq!((admin.ban_secs(None), admin.ban_secs(Some(5)), admin.ban_secs(Some(0))), (Some(60), Some(5), None));
        assert_eq!(admin.ban_reason(), "spam");
    }
}
