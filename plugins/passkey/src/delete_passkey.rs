//! `POST /passkey/delete-passkey`: removes one of the caller's passkeys.

use crate::errors::NO_SUCH_PASSKEY;
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
    models::delete(MODEL, eq("id", &input.id).and(eq("userId", session.user.id())))?;
    Response::json(&json!({ "status": true }))
}

#[cfg(test)]
mod tests {
    use crate::testing::{get, join, post, register, signed_in};
    use doorward_sdk::fake::{self, RawRequest};
    use doorward_sdk::prelude::*;

    #[test]
    fn only_the_owner_renames_and_deletes() {
        let ada = signed_in("{}");
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
}
