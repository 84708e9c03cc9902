//! Bounds: nobody acts on a user who has permissions that they lack, and nobody gives permissions that they lack.

use crate::access::{Permissions, Roles, allows};
use crate::caller::{Caller, role_of};
use crate::errors::{MORE_PERMISSIONS, NOT_FOUND, ROLE_TOO_HIGH};
use doorward_sdk::prelude::*;

impl Caller {
    /// # Errors
    /// `USER_HAS_MORE_PERMISSIONS` when `target` has permissions that the caller lacks.
    pub fn require_over(&self, target: &users::User) -> Result<()> {
        let options = &self.options;
        let may = !options.protect_permissions
            || options.is_listed(&self.id())
            || (!options.is_listed(&target.id()) && self.has_all_of(options.held(role_of(target))));
        if may { Ok(()) } else { Err(MORE_PERMISSIONS.into()) }
    }

    /// The user with this id, on whom the caller may act.
    ///
    /// # Errors
    /// `USER_NOT_FOUND`, or as [`Caller::require_over`].
    pub fn target(&self, id: &str) -> Result<users::User> {
        let target = users::find_by_id(id)?.ok_or(NOT_FOUND)?;
        self.require_over(&target)?;
        Ok(target)
    }

    /// As [`Caller::require_over`], for the user with this id, if there is one.
    pub fn require_over_any(&self, id: &str) -> Result<()> {
        if !self.options.protect_permissions {
            return Ok(());
        }
        users::find_by_id(id)?.map_or(Ok(()), |target| self.require_over(&target))
    }

    /// `roles` are names with commas between them.
    ///
    /// # Errors
    /// `ROLE_HAS_MORE_PERMISSIONS` when a role among them allows what the caller may not do.
    pub fn require_to_give(&self, roles: &str) -> Result<()> {
        let may = !self.options.protect_permissions || self.has_all_of(roles);
        if may { Ok(()) } else { Err(ROLE_TOO_HIGH.into()) }
    }

    fn has_all_of(&self, roles: &str) -> bool {
        let (all, own) = (self.options.roles(), self.options.held(role_of(&self.session.user)));
        self.options.is_listed(&self.id()) || each_of(&all, roles).iter().all(|one| allows(&all, own, one))
    }
}

/// Every single permission of these roles.
fn each_of(all: &Roles, roles: &str) -> Vec<Permissions> {
    let permissions = roles.split(',').filter_map(|name| all.get(name)).flatten();
    let single = |(resource, actions): (&String, &Vec<String>)| {
        let resource = resource.clone();
        actions.clone().into_iter().map(move |action| Permissions::from([(resource.clone(), vec![action])]))
    };
    permissions.flat_map(single).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin;
    use doorward_sdk::fake::{self, RawRequest};

    const OPTIONS: &str = r#"{"admin_user_ids":["user-1"],"roles":{
        "admin":{"user":["update","set-password","set-role","ban","delete","impersonate","create"],"session":["revoke"]},
        "support":{"user":["set-password","set-role","create"]},
        "editor":{"post":["publish"]},
        "user":{}}}"#;

    /// Users `user-1` (listed), then one of each role.
    fn start(options: &str) {
        fake::reset();
        fake::with(|world| {
            options.clone_into(&mut world.options);
            world.core_options.insert("session".to_owned(), json!({ "expires_in": 60 }));
            world.core_options.insert("email_and_password".to_owned(), json!({ "min_password_length": 8 }));
        });
        for role in ["user", "admin", "support", "editor", "user"] {
            let count = fake::with(|world| world.users.len());
            let email = format!("{role}{count}@example.com");
            users::create(&json!({ "email": email, "name": role, "role": role })).expect("user");
        }
    }

    fn act(actor: usize, path: &str, body: Value) -> std::result::Result<(), String> {
        let actor = users::find_by_id(&format!("user-{actor}")).expect("store").expect("user");
        fake::sign_in(&actor);
        let sent = RawRequest::post(path, &body).send(&plugin());
        sent.map(|_| ()).map_err(|error| error.refusal().code.unwrap_or_default())
    }

    #[test]
    fn nobody_acts_on_who_has_more() {
        let more = || Err("USER_HAS_MORE_PERMISSIONS".to_owned());
        for (actor, target, expected) in [
            (3, 2, more()),
            (3, 4, more()),
            (2, 4, more()),
            (2, 1, more()),
            (3, 5, Ok(())),
            (1, 2, Ok(())),
            (1, 4, Ok(())),
        ] {
            start(OPTIONS);
            let body = json!({ "userId": format!("user-{target}"), "newPassword": "correct horse 9" });
            assert_eq!(act(actor, "/admin/set-user-password", body), expected, "{actor} {target}");
        }
    }

    #[test]
    fn every_change_has_the_bound() {
        let target = "user-1";
        for (path, body) in [
            ("/admin/set-role", json!({ "userId": target, "role": "user" })),
            ("/admin/update-user", json!({ "userId": target, "data": { "name": "x" } })),
            ("/admin/ban-user", json!({ "userId": target })),
            ("/admin/unban-user", json!({ "userId": target })),
            ("/admin/remove-user", json!({ "userId": target })),
            ("/admin/impersonate-user", json!({ "userId": target })),
            ("/admin/set-user-password", json!({ "userId": target, "newPassword": "correct horse 9" })),
            ("/admin/revoke-user-sessions", json!({ "userId": target })),
        ] {
            start(&OPTIONS.replacen('{', r#"{"allow_impersonating_admins":true,"#, 1));
            assert_eq!(act(2, path, body.clone()), Err("USER_HAS_MORE_PERMISSIONS".to_owned()), "{path}");
            start(&OPTIONS.replacen('{', r#"{"protect_permissions":false,"allow_impersonating_admins":true,"#, 1));
            assert_eq!(act(2, path, body), Ok(()), "{path}");
        }
    }

    #[test]
    fn nobody_gives_what_they_lack() {
        let more = || Err("ROLE_HAS_MORE_PERMISSIONS".to_owned());
        for (role, expected) in
            [("admin", more()), ("editor", more()), ("user,admin", more()), ("support", Ok(())), ("user", Ok(()))]
        {
            let roles = json!(role.split(',').collect::<Vec<_>>());
            start(OPTIONS);
            assert_eq!(act(3, "/admin/set-role", json!({ "userId": "user-5", "role": roles })), expected, "{role}");
            let create = json!({ "email": "new@example.com", "name": "New", "role": roles });
            assert_eq!(act(3, "/admin/create-user", create), expected, "{role}");
            let create = json!({ "email": "new2@example.com", "name": "New", "data": { "role": roles } });
            assert_eq!(act(3, "/admin/create-user", create), expected, "{role}");
            assert_eq!(act(3, "/admin/set-role", json!({ "userId": "user-3", "role": roles })), expected, "{role}");
        }
    }
}
