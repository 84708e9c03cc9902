//! The pages of the administration, and the first of them that somebody may open.
//!
//! They are drawn by the plugin `admin-pages`, which compiles this list too.

use doorward_sdk::prelude::*;

/// Name, path, icon, and what somebody must be allowed to see it; in the order of the menu.
pub const PAGES: [(&str, &str, &str, &str); 8] = [
    ("overview", "/admin", "overview", "user.list"),
    ("users", "/admin/users", "users", "user.list"),
    ("sessions", "/admin/sessions", "desktop", "session.list"),
    ("audit", "/admin/audit", "list", "audit.read"),
    ("plugins", "/admin/plugins", "plug", "plugins.manage"),
    ("mail", "/admin/mail", "mail", "mail.manage"),
    ("keys", "/admin/keys", "key", "keys.manage"),
    ("settings", "/admin/settings", "gear", "settings.manage"),
];
/// How long an answer counts, in seconds: most people may open nothing, and are not asked about again on each page. The
/// pages themselves ask every time.
const KEPT_SECS: u32 = 60;

/// Where the administration begins for the user of the session; none when it is closed to them.
///
/// # Errors
/// When the plugin that decides fails.
#[allow(dead_code, reason = "the administration itself has no use for it")]
pub fn entrance(user: &Value) -> Result<Option<String>> {
    let text = |name: &str| user.get(name).and_then(Value::as_str).unwrap_or_default();
    let who = json!([text("id"), text("role")]).to_string();
    let key = format!("administration/{}", crypto::base64url(&crypto::sha256(who.as_bytes())));
    let path = cache::remember(&key, KEPT_SECS, || {
        for (_, path, _, permission) in PAGES {
            if permissions::allows(permission)? {
                return Ok(path.to_owned());
            }
        }
        Ok(String::new())
    })?;
    Ok((!path.is_empty()).then(|| site::page(&path)))
}
