//! `POST /admin/create-user`: a user with or without a password.

use crate::caller::Caller;
use crate::errors::{
    INVALID_EMAIL, MAY_NOT_BAN, MAY_NOT_CHANGE_ROLE, MAY_NOT_CREATE, MAY_NOT_SET_EMAIL, NO_SUCH_ROLE, ROLE_TOO_HIGH,
    ROLE_TYPE, USER_EXISTS,
};
use crate::fields::role;
use crate::options::Options;
use crate::{role_names, user_data};
use doorward_sdk::is_email;
use doorward_sdk::prelude::*;
use serde::Deserialize;

pub const REFUSALS: &[ErrorCode] = &[
    MAY_NOT_CREATE,
    MAY_NOT_CHANGE_ROLE,
    ROLE_TYPE,
    NO_SUCH_ROLE,
    ROLE_TOO_HIGH,
    MAY_NOT_BAN,
    MAY_NOT_SET_EMAIL,
    INVALID_EMAIL,
    USER_EXISTS,
    ErrorCode::PASSWORD_TOO_SHORT,
    ErrorCode::PASSWORD_TOO_LONG,
    user_data::VALUE_TAKEN,
];

pub struct CreateUser {
    email: String,
    password: Option<String>,
    name: String,
    role: Option<Value>,
    data: Map<String, Value>,
}

impl Input for CreateUser {
    fn read(fields: &mut Fields<'_>) -> Self {
        CreateUser {
            email: fields.required("email"),
            password: fields.optional("password"),
            name: fields.required("name"),
            role: role(fields),
            data: fields.optional("data").unwrap_or_default(),
        }
    }
}

/// For administrators.
pub fn create_user(_request: &Request, input: CreateUser) -> Result<Response> {
    let caller = Caller::who_may("user", "create", MAY_NOT_CREATE)?;
    create(input, &caller.options, Some(&caller))
}

/// For the application's backend, which may do everything. It may carry an administrator's session, whose rights then
/// count.
pub fn create_user_unasked(_request: &Request, input: CreateUser) -> Result<Response> {
    if sessions::current()?.is_some() {
        let caller = Caller::who_may("user", "create", MAY_NOT_CREATE)?;
        return create(input, &caller.options, Some(&caller));
    }
    create(input, &config::options()?, None)
}

fn create(input: CreateUser, options: &Options, caller: Option<&Caller>) -> Result<Response> {
    let CreateUser { email, password, name, role, mut data } = input;
    let require = |action: &str, refusal| caller.map_or(Ok(()), |caller| caller.require("user", action, refusal));
    let wanted_role = role.or_else(|| data.remove("role"));
    data.remove("role");
    let role = match &wanted_role {
        None => options.default_role.clone(),
        Some(given) => {
            require("set-role", MAY_NOT_CHANGE_ROLE)?;
            let stored = role_names::to_stored(given, options)?;
            caller.map_or(Ok(()), |caller| caller.require_to_give(&stored))?;
            stored
        }
    };
    if user_data::names_ban(&data) {
        require("ban", MAY_NOT_BAN)?;
    }
    if data.contains_key("emailVerified") {
        require("set-email", MAY_NOT_SET_EMAIL)?;
    }
    let email = email.to_ascii_lowercase();
    if !is_email(&email) {
        return Err(INVALID_EMAIL.into());
    }
    if users::find_by_email(&email)?.is_some() {
        return Err(USER_EXISTS.into());
    }
    data.extend([
        ("email".to_owned(), Value::from(email)),
        ("name".to_owned(), Value::from(name)),
        ("role".to_owned(), Value::from(role)),
    ]);
    data.remove("id");
    user_data::complete_ban(&mut data);
    let password = password.filter(|password| !password.is_empty());
    if options.check_new_passwords {
        require_long_enough(password.as_deref())?;
    }
    let user = user_administration::create(&Value::Object(data), password.as_deref());
    Response::json(&json!({ "user": user.map_err(user_data::refusal)? }))
}

/// The core's rules that matter here.
#[derive(Deserialize)]
struct PasswordRules {
    min_password_length: usize,
}

/// The host refuses what is too long.
fn require_long_enough(password: Option<&str>) -> Result<()> {
    let Some(password) = password else { return Ok(()) };
    let rules: PasswordRules = config::core_options("email_and_password")?;
    // As JavaScript counts.
    let length = password.encode_utf16().count();
    if length < rules.min_password_length { Err(ErrorCode::PASSWORD_TOO_SHORT.into()) } else { Ok(()) }
}
