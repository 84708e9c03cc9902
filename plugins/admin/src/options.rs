//! What the operator can set.

use crate::access::{Permissions, Roles, allows, default_roles, default_server_roles};
use crate::role_name::is_role_name;
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Role of a new user.
    pub default_role: String,
    /// Roles whose users nobody impersonates without `impersonate-admins`.
    pub admin_roles: Vec<String>,
    /// Users who may do everything, whatever their role.
    pub admin_user_ids: Vec<String>,
    /// What each role may do. Empty: the reference's `admin` and `user`.
    roles: Roles,
    /// Without roles of the operator's own, users may be given names that are none of the reference's.
    pub allow_unknown_roles: bool,
    pub default_ban_reason: String,
    /// Seconds; 0 is for ever.
    pub default_ban_expires_in: u64,
    pub banned_user_message: String,
    /// Seconds.
    pub impersonation_session_duration: u64,
    pub allow_impersonating_admins: bool,
    /// A password that an administrator sets ends the user's sessions.
    pub revoke_sessions_on_set_password: bool,
    /// Who impersonates may do what is on a list, and it ends with their own session and rights.
    pub strict_impersonation: bool,
    /// Paths that an impersonated session may call beside those of the plugin's own list.
    pub impersonation_allows: Vec<String>,
    /// Nobody acts on a user, or gives a role, with permissions that they lack.
    pub protect_permissions: bool,
    /// Lists of other people's sessions show their tokens.
    pub list_session_tokens: bool,
    /// `create-user` holds the core's rules on passwords.
    pub check_new_passwords: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            default_role: "user".to_owned(),
            admin_roles: vec!["admin".to_owned()],
            admin_user_ids: Vec::new(),
            roles: Roles::new(),
            allow_unknown_roles: false,
            default_ban_reason: "No reason".to_owned(),
            default_ban_expires_in: 0,
            banned_user_message:
                "You have been banned from this application. Please contact support if you believe this is an error."
                    .to_owned(),
            impersonation_session_duration: 60 * 60,
            allow_impersonating_admins: false,
            revoke_sessions_on_set_password: true,
            strict_impersonation: true,
            impersonation_allows: Vec::new(),
            protect_permissions: true,
            list_session_tokens: false,
            check_new_passwords: true,
        }
    }
}

impl Options {
    /// Whether this user may do all that is wanted. `role` is as it is stored.
    pub fn may(&self, user_id: &str, role: Option<&str>, wanted: &Permissions) -> bool {
        self.is_listed(user_id) || allows(&self.roles(), self.held(role), wanted)
    }

    /// Whether this user may do `action` on `resource` of the server itself. Roles of the operator's own name it.
    pub fn may_manage(&self, user_id: &str, role: Option<&str>, wanted: &Permissions) -> bool {
        let roles = if self.names_roles() { self.roles.clone() } else { default_server_roles() };
        self.is_listed(user_id) || allows(&roles, self.held(role), wanted)
    }

    /// Whether this user counts as an administrator.
    pub fn is_admin(&self, user_id: &str, role: Option<&str>) -> bool {
        let is_admins = |role: &str| self.admin_roles.iter().any(|admin| admin.trim() == role);
        self.is_listed(user_id) || self.held(role).split(',').any(is_admins)
    }

    /// Whether the operator named this user an administrator.
    pub fn is_listed(&self, user_id: &str) -> bool {
        self.admin_user_ids.iter().any(|id| id == user_id)
    }

    /// A user's roles, with the default one for who has none.
    pub fn held<'a>(&'a self, role: Option<&'a str>) -> &'a str {
        role.filter(|role| !role.is_empty()).unwrap_or(&self.default_role)
    }

    /// Whether the operator named the roles that there are.
    pub fn names_roles(&self) -> bool {
        !self.roles.is_empty()
    }

    /// What each role may do.
    pub fn roles(&self) -> Roles {
        if self.names_roles() { self.roles.clone() } else { default_roles() }
    }

    /// What does not fit together, in words for the operator.
    pub fn fault(&self) -> Option<String> {
        let roles = self.roles();
        if let Some(name) = roles.keys().find(|name| !is_role_name(name)) {
            return Some(format!("`roles`: `{name}` is no name: letters, digits, `_`, `-`, `.` and `:`, at most 64"));
        }
        let is_known = |name: &&String| roles.keys().any(|role| role.eq_ignore_ascii_case(name.trim()));
        let unknown: Vec<&str> = self.admin_roles.iter().filter(|name| !is_known(name)).map(String::as_str).collect();
        match unknown[..] {
            [] => None,
            _ => Some(format!("`admin_roles`: {} is not among the roles in `roles`", unknown.join(", "))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> Options {
        serde_json::from_str(text).expect("options")
    }

    #[test]
    fn administrators_are_told_by_role_or_id() {
        let options = options(r#"{"admin_user_ids":["u1"],"default_role":"user"}"#);
        for (id, role, expected) in [
            ("u1", None, true),
            ("u2", None, false),
            ("u2", Some(""), false),
            ("u2", Some("user,admin"), true),
            ("u2", Some("administrator"), false),
        ] {
            assert_eq!(options.is_admin(id, role), expected, "{id} {role:?}");
        }
    }

    #[test]
    fn the_operators_roles_replace_the_default_ones() {
        let options =
            options(r#"{"roles":{"owner":{"user":["list"]}},"admin_roles":["Owner"],"default_role":"owner"}"#);
        let list = Permissions::from([("user".to_owned(), vec!["list".to_owned()])]);
        assert!(options.may("u", Some("owner"), &list));
        assert!(options.may("u", None, &list), "the default role counts for users without one");
        assert!(!options.may("u", Some("admin"), &list));
        assert_eq!(options.fault(), None);
    }

    #[test]
    fn admin_roles_must_exist() {
        let fault = options(r#"{"admin_roles":["admin","owner"]}"#).fault().expect("a fault");
        assert_eq!(fault, "`admin_roles`: owner is not among the roles in `roles`");
        let fault = options(r#"{"roles":{"admin":{},"a,b":{}}}"#).fault().expect("a fault");
        assert!(fault.starts_with("`roles`: `a,b` is no name"), "{fault}");
    }
}
