//! Decides what users may do on the server itself: settings, plugins, keys, mail, the audit log.

use crate::access::Permissions;
use crate::options::Options;
use doorward_sdk::prelude::*;

/// Whether the user's roles, or `admin_user_ids`, allow `action` on `resource`.
pub fn allows(_request: &Request, user: &Value, resource: &str, action: &str) -> Result<bool> {
    let options: Options = config::options()?;
    let text = |name: &str| user.get(name).and_then(Value::as_str);
    let wanted = Permissions::from([(resource.to_owned(), vec![action.to_owned()])]);
    Ok(options.may_manage(text("id").unwrap_or_default(), text("role"), &wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin;
    use doorward_sdk::fake::{self, RawRequest};

    fn may(options: &str, user: Value, permission: &str) -> bool {
        fake::reset();
        fake::with(|world| options.clone_into(&mut world.options));
        RawRequest::get("/", &[]).decide(&plugin(), &user, permission).expect("a decision")
    }

    #[test]
    fn the_default_administrator_manages_the_server() {
        let of_server = [
            "settings.manage",
            "audit.read",
            "plugins.manage",
            "mail.manage",
            "jobs.manage",
            "keys.manage",
            "user.ban",
        ];
        for permission in of_server {
            assert!(may("{}", json!({ "id": "u", "role": "user,admin" }), permission), "{permission}");
            assert!(!may("{}", json!({ "id": "u", "role": "user" }), permission), "{permission}");
            assert!(!may("{}", json!({ "id": "u", "role": null }), permission), "{permission}");
            assert!(may(r#"{"admin_user_ids":["u"]}"#, json!({ "id": "u", "role": null }), permission), "{permission}");
        }
        assert!(!may("{}", json!({ "id": "u", "role": "admin" }), "settings.burn"));
        assert!(!may("{}", json!({ "id": "u", "role": "admin" }), "user.impersonate-admins"));
    }

    #[test]
    fn roles_of_the_operators_own_name_what_they_allow() {
        let options = r#"{"roles":{"admin":{"user":["list"]},"auditor":{"audit":["read"]},"user":{}}}"#;
        for (role, permission, expected) in [
            ("admin", "settings.manage", false),
            ("admin", "user.list", true),
            ("auditor", "audit.read", true),
            ("auditor", "audit.write", false),
            ("auditor", "settings.manage", false),
        ] {
            assert_eq!(may(options, json!({ "id": "u", "role": role }), permission), expected, "{role} {permission}");
        }
    }

    #[test]
    fn what_applications_ask_for_is_the_references() {
        fake::reset();
        let admin = users::create(&json!({ "email": "a@example.com", "name": "A", "role": "admin" })).expect("user");
        fake::sign_in(&admin);
        let body = json!({ "permissions": { "settings": ["manage"] } });
        let answer = RawRequest::post("/admin/has-permission", &body).send(&plugin()).expect("an answer");
        assert_eq!(
            fake::body(&answer)["success"],
            false,
            "as the reference answers for a resource that it does not know"
        );
    }
}
