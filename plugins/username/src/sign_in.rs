//! `POST /sign-in/username`: proves an identity by name and password.

use crate::errors::{INVALID, NOT_VERIFIED, TOO_LONG, TOO_SHORT, WRONG};
use crate::names;
use crate::options::Options;
use doorward_sdk::prelude::*;
use serde::Deserialize;

pub const REFUSALS: &[ErrorCode] = &[
    WRONG,
    TOO_SHORT.with_status(422),
    TOO_LONG.with_status(422),
    INVALID.with_status(422),
    ErrorCode::PASSWORD_TOO_LONG,
    NOT_VERIFIED,
    // The password was changed in the meantime.
    ErrorCode::INVALID_EMAIL_OR_PASSWORD,
];

pub struct SignIn {
    username: String,
    password: String,
    remember: Option<bool>,
    callback_url: Option<String>,
}

impl Input for SignIn {
    fn read(fields: &mut Fields<'_>) -> Self {
        SignIn {
            username: fields.required("username"),
            password: fields.required("password"),
            remember: fields.optional("rememberMe"),
            callback_url: fields.optional("callbackURL"),
        }
    }
}

#[derive(Deserialize)]
struct EmailAndPassword {
    require_email_verification: bool,
}

#[derive(Deserialize)]
struct EmailVerification {
    send_on_sign_in: bool,
}

pub fn sign_in(_request: &Request, input: SignIn) -> Result<Response> {
    if input.username.is_empty() || input.password.is_empty() {
        return Err(WRONG.into());
    }
    let options: Options = config::options()?;
    if let Some(fault) = options.fault(&input.username) {
        return Err(names::refusal(fault).with_status(422).into());
    }
    let user = names::holder(&input.username, &options)?;
    // Also without a user: the answer takes as long.
    let user_id = user.as_ref().map(users::User::id);
    let is_right = passwords::verify_sign_in(&options.normal(&input.username), user_id.as_deref(), &input.password)?;
    let user = user.filter(|_| is_right).ok_or(WRONG)?;
    require_verified(&user, input.callback_url.as_deref())?;
    let target = input.callback_url.as_deref().filter(|url| !url.is_empty());
    let opened = match input.remember {
        Some(false) => sessions::open_briefly(&user, "username"),
        _ => sessions::open(&user, "username"),
    };
    // A challenge tells where the page wants to go, too.
    let opened = opened.map_err(|error| match target {
        Some(target) => error.with_challenge_header("location", target),
        None => error,
    })?;
    let mut body = json!({ "redirect": target.is_some(), "token": opened.token() });
    if let Some(url) = &input.callback_url {
        body["url"] = Value::from(url.as_str());
    }
    body["user"] = json!(opened.user);
    let response = Response::json(&body)?;
    Ok(match target {
        Some(target) => response.header("location", target),
        None => response,
    })
}

/// As the core's own sign-in: who has to prove their address first may get another mail.
fn require_verified(user: &users::User, callback_url: Option<&str>) -> Result<()> {
    let required: EmailAndPassword = config::core_options("email_and_password")?;
    if !required.require_email_verification || user.is_email_verified() {
        return Ok(());
    }
    let mail: EmailVerification = config::core_options("email_verification")?;
    if mail.send_on_sign_in {
        match email_ownership::send_verification(user, callback_url) {
            // Mail is off: the refusal below says all there is to say.
            Ok(()) | Err(Error::Host(HostError::Refused(_))) => {}
            Err(error) => return Err(error),
        }
    }
    Err(NOT_VERIFIED.into())
}
