//! `POST /admin/update-user`: changes any field of a user, each kind of field with its own right.

use crate::caller::Caller;
use crate::errors::{
    ID_STAYS, INVALID_EMAIL, MAY_NOT_BAN, MAY_NOT_CHANGE_ROLE, MAY_NOT_SET_EMAIL, MAY_NOT_SET_OTHERS_FIELDS,
    MAY_NOT_SET_PHONE, MAY_NOT_SET_USERNAME, MAY_NOT_UPDATE, MORE_PERMISSIONS, NO_SUCH_ROLE, NOT_FOUND, NOT_YOURSELF,
    NOTHING_TO_UPDATE, PASSWORD_ELSEWHERE, ROLE_TOO_HIGH, ROLE_TYPE, USER_EXISTS,
};
use crate::fields::UserId;
use crate::{ban, impersonation, role_names, user_data};
use doorward_sdk::is_email;
use doorward_sdk::prelude::*;

pub const REFUSALS: &[ErrorCode] = &[
    MAY_NOT_UPDATE,
    NOTHING_TO_UPDATE,
    PASSWORD_ELSEWHERE,
    ID_STAYS,
    MAY_NOT_CHANGE_ROLE,
    ROLE_TYPE,
    NO_SUCH_ROLE,
    ROLE_TOO_HIGH,
    MAY_NOT_BAN,
    NOT_YOURSELF,
    MAY_NOT_SET_EMAIL,
    INVALID_EMAIL,
    USER_EXISTS,
    MAY_NOT_SET_PHONE,
    MAY_NOT_SET_USERNAME,
    MAY_NOT_SET_OTHERS_FIELDS,
    NOT_FOUND,
    MORE_PERMISSIONS,
    user_data::VALUE_TAKEN,
];

pub struct UpdateUser {
    user_id: String,
    data: Map<String, Value>,
}

impl Input for UpdateUser {
    fn read(fields: &mut Fields<'_>) -> Self {
        let UserId(user_id) = fields.required("userId");
        UpdateUser { user_id, data: fields.required("data") }
    }
}

pub fn update_user(_request: &Request, input: UpdateUser) -> Result<Response> {
    let caller = Caller::who_may("user", "update", MAY_NOT_UPDATE)?;
    let UpdateUser { user_id, mut data } = input;
    check(&caller, &user_id, &mut data)?;
    let target = caller.target(&user_id)?;
    user_data::complete_ban(&mut data);
    let bans = data.get("banned") == Some(&Value::Bool(true));
    let changes_role = data.contains_key("role");
    let new_email = data.get("email").and_then(Value::as_str).map(str::to_owned);
    let user = transactions::run(|| {
        if new_email.is_some_and(|new| new != target.email()) {
            users::tell_of_change(&user_id, users::WayIn::Address)?;
        }
        let user = users::update(&user_id, &Value::Object(data))?;
        if bans {
            ban::sign_out(&user_id)?;
        }
        if changes_role {
            impersonation::end_without_right(&caller.options, &user)?;
        }
        Ok(user)
    });
    let user = user.map_err(user_data::refusal)?;
    caller.renew_copy_of(&user)?;
    Response::json(&user)
}

/// Whether the caller may write these fields, which are brought into the form in which they are stored.
fn check(caller: &Caller, user_id: &str, data: &mut Map<String, Value>) -> Result<()> {
    if data.is_empty() {
        return Err(NOTHING_TO_UPDATE.into());
    }
    if data.contains_key("password") {
        return Err(PASSWORD_ELSEWHERE.into());
    }
    if data.contains_key("id") {
        return Err(ID_STAYS.into());
    }
    if let Some(role) = data.get_mut("role") {
        caller.require("user", "set-role", MAY_NOT_CHANGE_ROLE)?;
        let stored = role_names::to_stored(role, &caller.options)?;
        caller.require_to_give(&stored)?;
        *role = Value::from(stored);
    }
    if user_data::names_ban(data) {
        caller.require("user", "ban", MAY_NOT_BAN)?;
        if data.get("banned") == Some(&Value::Bool(true)) && user_id == caller.id() {
            return Err(NOT_YOURSELF.into());
        }
    }
    if data.contains_key("email") || data.contains_key("emailVerified") {
        caller.require("user", "set-email", MAY_NOT_SET_EMAIL)?;
    }
    if let Some(email) = data.get_mut("email") {
        let address = email.as_str().unwrap_or_default().to_ascii_lowercase();
        if !is_email(&address) {
            return Err(INVALID_EMAIL.into());
        }
        if users::find_by_email(&address)?.is_some_and(|known| known.id() != user_id) {
            return Err(USER_EXISTS.into());
        }
        *email = Value::from(address);
    }
    if data.contains_key("phoneNumber") || data.contains_key("phoneNumberVerified") {
        caller.require("user", "set-phone", MAY_NOT_SET_PHONE)?;
    }
    if data.contains_key("username") {
        caller.require("user", "set-username", MAY_NOT_SET_USERNAME)?;
    }
    if user_data::names_field_of_others(data)? {
        caller.require("user", "set-password", MAY_NOT_SET_OTHERS_FIELDS)?;
    }
    Ok(())
}
