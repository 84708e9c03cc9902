//! `POST /passkey/delete-passkey`: removes one of the caller's passkeys.

use crate::errors::{LAST_PASSKEY, NO_SUCH_PASSKEY};
use crate::options::Options;
use crate::passkey::{MODEL, Passkey};
use doorward_sdk::prelude::*;

pub struct Delete {
    id: String,
}

impl Input for Delete {
    fn read(fields: &mut Fields<'_>) -> Self {
        Delete { id: fields.required("id") }
    }
}

pub fn delete_passkey(_request: &Request, input: Delete) -> Result<Response> {
    let session = sessions::require()?;
    let passkey = Passkey::by_id(&input.id)?.ok_or(NO_SUCH_PASSKEY)?;
    if passkey.user_id != session.user.id() {
        return Ok(Response::empty(401));
    }
    let options: Options = config::options()?;
    transactions::run(|| {
        if !options.allow_deleting_last && is_last_way_in(&passkey)? {
            return Err(LAST_PASSKEY.into());
        }
        models::delete(MODEL, eq("id", &input.id).and(eq("userId", &passkey.user_id)))
    })?;
    Response::json(&json!({ "status": true }))
}

/// Whether the user has no other passkey, no password and no account at a provider. The user is locked: of two requests that
/// each delete one of the last two passkeys, the second finds one.
fn is_last_way_in(passkey: &Passkey) -> Result<bool> {
    let user_id = &passkey.user_id;
    users::lock(user_id)?;
    let others = models::count(MODEL, eq("userId", user_id).and(ne("id", &passkey.id)))?;
    Ok(others == 0 && !passwords::exists(user_id)? && accounts::list_of_user(user_id)?.is_empty())
}

#[cfg(test)]
mod tests {
    use crate::testing::{get, join, makes, post, register, signed_in};
    use doorward_sdk::fake::{self, RawRequest};
    use doorward_sdk::prelude::*;

    #[test]
    fn only_the_owner_renames_and_deletes() {
        let ada = signed_in("{}");
        fake::with(|world| world.passwords.insert(ada.id(), "correct horse 1".to_owned()));
        let id = register(json!({})).expect("kept")["id"].clone();
        join("eve@example.com");
        let rename = json!({ "id": id, "name": " Work " });
        let not_allowed = Err("401 YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY".to_owned());
        assert_eq!(post("/passkey/update-passkey", &rename), not_allowed);
        let refusal = RawRequest::post("/passkey/delete-passkey", &json!({ "id": id })).send(&crate::plugin());
        assert!(format!("{refusal:?}").contains("401"), "{refusal:?}");
        let missing = Err("404 PASSKEY_NOT_FOUND".to_owned());
        assert_eq!(post("/passkey/delete-passkey", &json!({ "id": "x" })), missing);
        assert_eq!(post("/passkey/update-passkey", &json!({ "id": "x", "name": "y" })), missing);

        fake::sign_in(&ada);
        assert_eq!(post("/passkey/update-passkey", &rename).expect("renamed")["passkey"]["name"], json!("Work"));
        assert_eq!(post("/passkey/delete-passkey", &json!({ "id": id })), Ok(json!({ "status": true })));
        assert_eq!(get("/passkey/list-user-passkeys", &[]), Ok(json!([])));
    }

    #[test]
    fn the_last_way_to_sign_in_stays_unless_the_operator_lets_it_go() {
        let refused = Err("400 FAILED_TO_DELETE_LAST_PASSKEY".to_owned());
        let delete = |id: &Value| post("/passkey/delete-passkey", &json!({ "id": id }));
        let done = Ok(json!({ "status": true }));
        let ada = signed_in("{}");
        let first = register(json!({})).expect("kept")["id"].clone();
        makes("key-2");
        let second = register(json!({})).expect("kept")["id"].clone();
        assert_eq!(delete(&first), done);
        assert_eq!(delete(&second), refused);
        accounts::create(&ada.id(), &json!({ "providerId": "google", "accountId": "1" })).expect("linked");
        assert_eq!(delete(&second), done);

        signed_in(r#"{"allow_deleting_last":true}"#);
        let only = register(json!({})).expect("kept")["id"].clone();
        assert_eq!(delete(&only), done);
    }
}
