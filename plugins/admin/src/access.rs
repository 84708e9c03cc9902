//! Who may do what: roles, each a list of actions by resource, and how a request for some of them is judged.

use std::collections::BTreeMap;

/// Actions by resource: `user` → `list`, `ban`, …
pub type Permissions = BTreeMap<String, Vec<String>>;

/// What every role of an application may do, by its name.
pub type Roles = BTreeMap<String, Permissions>;

const USER_ACTIONS: [&str; 12] = [
    "create",
    "list",
    "set-role",
    "ban",
    "impersonate",
    "delete",
    "set-password",
    "set-email",
    "set-phone",
    "set-username",
    "get",
    "update",
];
const SESSION_ACTIONS: [&str; 3] = ["list", "revoke", "delete"];

/// What managing the server itself takes. Who asks for these asks the server, not `has-permission`.
const SERVER: [(&str, &[&str]); 6] = [
    ("audit", &["read"]),
    ("jobs", &["manage"]),
    ("keys", &["manage"]),
    ("mail", &["manage"]),
    ("plugins", &["manage"]),
    ("settings", &["manage"]),
];

/// [`default_roles`], with what managing the server takes: `admin` may do all of it.
pub fn default_server_roles() -> Roles {
    let mut roles = default_roles();
    let server = SERVER.iter().map(|(resource, actions)| {
        ((*resource).to_owned(), actions.iter().map(|action| (*action).to_owned()).collect())
    });
    if let Some(admin) = roles.get_mut("admin") {
        admin.extend(server);
    }
    roles
}

/// `admin`, who may do everything except impersonate other administrators, and `user`, who may do nothing.
pub fn default_roles() -> Roles {
    let role = |user: &[&str], session: &[&str]| {
        let own = |actions: &[&str]| actions.iter().map(|action| (*action).to_owned()).collect();
        Permissions::from([("user".to_owned(), own(user)), ("session".to_owned(), own(session))])
    };
    Roles::from([("admin".to_owned(), role(&USER_ACTIONS, &SESSION_ACTIONS)), ("user".to_owned(), role(&[], &[]))])
}

/// Whether one of the roles alone allows all that is wanted. Wanting nothing, of all or of one resource, is never allowed.
///
/// `held` is a user's roles with commas between them, as they are stored.
pub fn allows(roles: &Roles, held: &str, wanted: &Permissions) -> bool {
    let covers = |role: &Permissions| {
        wanted.iter().all(|(resource, actions)| {
            let allowed = role.get(resource);
            !actions.is_empty() && allowed.is_some_and(|allowed| actions.iter().all(|action| allowed.contains(action)))
        })
    };
    !wanted.is_empty() && held.split(',').filter_map(|name| roles.get(name)).any(covers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wants(text: &str) -> Permissions {
        serde_json::from_str(text).expect("permissions")
    }

    #[test]
    fn one_role_must_allow_everything_that_is_wanted() {
        let mut roles = default_roles();
        roles.insert("support".to_owned(), wants(r#"{"user":["get"],"ticket":["close"]}"#));
        for (held, wanted, expected) in [
            ("admin", r#"{"user":["list"]}"#, true),
            ("admin", r#"{"user":["list","ban"],"session":["revoke"]}"#, true),
            ("admin", r#"{"user":["impersonate-admins"]}"#, false),
            ("admin", r#"{"user":["list"],"session":["nope"]}"#, false),
            ("admin", r#"{"ticket":["close"]}"#, false),
            ("support", r#"{"ticket":["close"],"user":["get"]}"#, true),
            ("support,admin", r#"{"ticket":["close"],"session":["list"]}"#, false),
            ("user,admin", r#"{"user":["list"]}"#, true),
            ("user, admin", r#"{"user":["list"]}"#, false),
            ("ADMIN", r#"{"user":["list"]}"#, false),
            ("user", r#"{"user":["list"]}"#, false),
            ("", r#"{"user":["list"]}"#, false),
            ("admin", "{}", false),
            ("admin", r#"{"user":[]}"#, false),
            ("admin", r#"{"user":["list"],"session":[]}"#, false),
            ("admin", r#"{"toString":["list"]}"#, false),
        ] {
            assert_eq!(allows(&roles, held, &wants(wanted)), expected, "{held} {wanted}");
        }
    }
}
