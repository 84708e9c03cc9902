//! What no script may do, whatever it says: set a cookie of the server or of a plugin, send a browser elsewhere, or send
//! what has nowhere to go.

use super::language::directive::{Directives, ScriptCookie};
use super::language::outcome::Outcome;
use super::script::Script;
use crate::auth::Auth;
use crate::config::Config;
use crate::cookie::{Cookie, Cookies};
use crate::http::encode_component;
use crate::http::origin::TrustedOrigins;

/// The parts of the server that decide.
#[derive(Clone, Copy)]
pub struct HouseRules<'a> {
    /// The cookies' prefix, and whether mail leaves.
    pub config: &'a Config,
    /// Reserved names and attributes.
    pub cookies: &'a Cookies,
    /// Trusted targets.
    pub origins: &'a TrustedOrigins,
    /// Mails and events have somewhere to go, whatever the configuration says.
    pub can_send: bool,
}

impl<'a> HouseRules<'a> {
    /// The rules of a running server.
    pub fn of(auth: &'a Auth) -> Self {
        Self { config: &auth.config, cookies: &auth.cookies, origins: &auth.origins, can_send: false }
    }

    /// Whether all that a call wants is allowed.
    ///
    /// # Errors
    /// What is not.
    pub fn check(&self, script: &Script, outcome: Option<&Outcome>, directives: &Directives) -> Result<(), String> {
        if let Some(cookie) = directives.cookies.iter().find(|cookie| self.is_reserved(&cookie.name)) {
            return Err(format!("the cookie {} belongs to the server", cookie.name));
        }
        if !directives.mails.is_empty() && self.config.mail.is_none() && !self.can_send {
            return Err("send_mail: there is no [mail] section".into());
        }
        if !directives.webhooks.is_empty() && !script.has_webhook && !self.can_send {
            return Err("webhook: the script's section has no `webhook = { url = … }`".into());
        }
        if let Some(plugin) = directives.waived.iter().find(|plugin| !script.waives.contains(plugin)) {
            return Err(format!("waive: the script's section has no `waives = [\"{plugin}\"]`"));
        }
        match outcome {
            Some(Outcome::Redirect(target)) if !self.origins.trusts_target(target) => {
                Err("redirect: the target is not in trusted_origins".into())
            }
            _ => Ok(()),
        }
    }

    /// The cookie with the server's default attributes, its value escaped.
    pub fn cookie(&self, cookie: &ScriptCookie) -> Cookie {
        self.cookies.literal(&cookie.name).cookie(encode_component(&cookie.value), cookie.max_age_secs)
    }

    /// Whether the cookie belongs to the server or to a plugin.
    pub fn is_reserved(&self, name: &str) -> bool {
        let lower = name.to_ascii_lowercase();
        let plain = lower.trim_start_matches("__secure-").trim_start_matches("__host-");
        let prefix = format!("{}.", self.config.advanced.cookie_prefix.to_ascii_lowercase());
        self.cookies.is_reserved(name) || plain.starts_with(&prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_of_the_server_and_of_plugins_are_reserved() {
        let config = Config::default();
        let (cookies, origins) = (Cookies::new(&config), TrustedOrigins::default());
        let rules = HouseRules { config: &config, cookies: &cookies, origins: &origins, can_send: false };
        for (name, expected) in [
            ("better-auth.session_token", true),
            ("__Secure-better-auth.session_token", true),
            ("__HOST-Better-Auth.session_data.1", true),
            ("better-auth.two_factor", true),
            ("theme", false),
            ("better-auth", false),
        ] {
            assert_eq!(rules.is_reserved(name), expected, "{name}");
        }
    }
}
