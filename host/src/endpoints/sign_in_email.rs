//! `POST /sign-in/email`: signs a user in with address and password.

use serde_json::json;

use crate::auth::email_token::Purpose;
use crate::auth::{credential, password};
use crate::email;
use crate::error::{ApiError, Code};
use crate::exchange::session_gate::method;
use crate::exchange::{Exchange, SignIn, SignInAttempt};
use crate::http::{Response, header_text};
use crate::input::Input;
use crate::store::{User, user};

pub(super) struct Credentials {
    email: String,
    password: String,
    callback_url: Option<String>,
    remember: bool,
}

impl Credentials {
    pub(super) fn read(input: &mut Input<'_>) -> Self {
        let (email, password) = (input.text("email").to_owned(), input.text("password").to_owned());
        let callback_url = input.optional_text("callbackURL").map(str::to_owned);
        let remember = input.optional_boolean("rememberMe").unwrap_or(true);
        Self { email, password, callback_url, remember }
    }
}

/// Answers `{redirect, token, url?, user}` and opens a session.
///
/// # Errors
/// `EMAIL_PASSWORD_DISABLED`, `INVALID_EMAIL`, `PASSWORD_TOO_LONG`, `INVALID_EMAIL_OR_PASSWORD`, `EMAIL_NOT_VERIFIED`,
/// `SERVER_BUSY`, 429 after too many failed sign-ins to the account, or the refusal of a session gate.
pub async fn sign_in_email(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let mut input = Input::body(exchange.request.body.as_ref());
    let given = Credentials::read(&mut input);
    input.finish()?;
    let options = &exchange.auth().config.email_and_password;
    if !options.enabled {
        return Err(Code::EMAIL_PASSWORD_DISABLED.into());
    }
    if !email::is_email(&given.email) {
        return Err(Code::INVALID_EMAIL.into());
    }
    password::check_length(options, &given.password)?;
    let user = authenticate(exchange, &given).await?;
    let scope = exchange.scope();
    if exchange.auth().config.email_and_password.require_email_verification && !user.email_verified() {
        let config = &exchange.auth().config;
        if config.sends_verification_email() && config.email_verification.send_on_sign_in {
            exchange.queue_verification(&scope, &user, Purpose::Verify, given.callback_url.as_deref()).await?;
        }
        return Err(Code::EMAIL_NOT_VERIFIED.into());
    }
    let attempt = SignInAttempt::new(user, method::EMAIL, given.remember);
    match exchange.open_session(&scope, attempt).await? {
        SignIn::Challenged(response) => Ok(with_location(response, given.callback_url.as_deref())),
        SignIn::Opened(opened) => {
            exchange.account_attempt_succeeded(&email::normalize(&given.email), &opened.user).await?;
            let callback_url = given.callback_url;
            let redirects = callback_url.as_ref().is_some_and(|url| !url.is_empty());
            let mut body = json!({ "redirect": redirects, "token": opened.session.token() });
            if let (Some(url), Some(body)) = (&callback_url, body.as_object_mut()) {
                body.insert("url".into(), url.as_str().into());
            }
            if let Some(body) = body.as_object_mut() {
                body.insert("user".into(), opened.user.0.output().into());
            }
            Ok(with_location(Response::json(&body), callback_url.as_deref()))
        }
    }
}

/// The user with the given address and password. Takes equally long whether or not there is one.
async fn authenticate(exchange: &mut Exchange, given: &Credentials) -> Result<User, ApiError> {
    let email = email::normalize(&given.email);
    let found = user::find_user_by_email(&exchange.scope(), &email).await?;
    exchange.count_account_attempt(&email, found.as_ref().map(User::id)).await?;
    let auth = exchange.auth();
    let user_id = found.as_ref().map(User::id).unwrap_or_default();
    let proven = credential::prove(auth, &exchange.scope(), user_id, &given.password).await?;
    let is_right = proven.is_some();
    exchange.proven_password = proven;
    found.filter(|_| is_right).ok_or_else(|| Code::INVALID_EMAIL_OR_PASSWORD.into())
}

fn with_location(mut response: Response, callback_url: Option<&str>) -> Response {
    if let Some(url) = callback_url.filter(|url| !url.is_empty()) {
        response.headers.push("location", header_text(url));
    }
    response
}
