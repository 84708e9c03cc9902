//! `POST /sign-up/email`: creates a user with a password.

use serde_json::{Map, Value as Json, json};

use crate::auth::email_token::Purpose;
use crate::auth::lifecycle::{self, Action};
use crate::auth::user::{self, NewUser};
use crate::auth::{AuthError, additional_fields, password};
use crate::email;
use crate::error::{ApiError, Code};
use crate::exchange::session_gate::method;
use crate::exchange::{Exchange, SignIn, SignInAttempt};
use crate::http::Response;
use crate::input::Input;
use crate::mail::kind;
use crate::store::user::find_user_by_email;
use crate::store::{StoreError, User, Value};

pub(super) struct Candidate {
    name: String,
    email: String,
    password: String,
    image: Option<String>,
    callback_url: Option<String>,
    remember: bool,
    additional: Vec<(String, Value)>,
}

impl Candidate {
    pub(super) fn read(input: &mut Input<'_>) -> Self {
        let name = input.text("name").to_owned();
        let email = email::normalize(input.email("email"));
        let password = input.non_empty_text("password").to_owned();
        let image = input.optional_text("image").map(str::to_owned);
        let callback_url = input.optional_text("callbackURL").map(str::to_owned);
        let remember = input.optional_boolean("rememberMe").unwrap_or(true);
        Self { name, email, password, image, callback_url, remember, additional: Vec::new() }
    }

    fn as_user(&self) -> NewUser<'_> {
        let Self { name, email, additional, .. } = self;
        NewUser { name, email, email_verified: false, image: self.image.as_deref(), additional }
    }
}

/// Answers `{token, user}`. Opens a session unless `auto_sign_in` is off or the address must be verified first.
///
/// # Errors
/// `EMAIL_PASSWORD_SIGN_UP_DISABLED`, `PASSWORD_TOO_SHORT`, `PASSWORD_TOO_LONG`, `MISSING_FIELD`, `FIELD_NOT_ALLOWED`,
/// `FAILED_TO_CREATE_USER`, `USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL`, `SERVER_BUSY`, or the refusal of a session gate.
pub async fn sign_up_email(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let options = exchange.auth().config.email_and_password.clone();
    if !options.enabled || options.disable_sign_up {
        return Err(Code::EMAIL_PASSWORD_SIGN_UP_DISABLED.into());
    }
    let mut input = Input::open_body(exchange.request.body.as_ref());
    let mut new = Candidate::read(&mut input);
    input.finish()?;
    password::check_new(&options, &new.password)?;
    if let Some(body) = exchange.request.body.as_ref().and_then(Json::as_object) {
        new.additional = additional_fields::read(exchange.auth(), "user", body, Action::Create)?;
    }
    let hides_existing = options.require_email_verification || !options.auto_sign_in;
    let existing = find_user_by_email(&exchange.scope(), &new.email).await?;
    if existing.is_some() && !hides_existing {
        return Err(Code::USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL.into());
    }
    // The hash is computed even for an address that exists, so that timing does not reveal it.
    let hash = exchange.auth().passwords.hash(&new.password).await?;
    if let Some(existing) = existing {
        return made_up(exchange, &new, Some(existing)).await;
    }
    match create(exchange, &new, &hash, !hides_existing).await {
        Err(error) if error.code() == Some(Code::USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL.code) && hides_existing => {
            // A concurrent sign-up was faster. Its user gets a verification mail just now and needs no second mail.
            made_up(exchange, &new, None).await
        }
        created => created,
    }
}

/// Creates the user, the credential account and the session in one transaction.
async fn create(exchange: &mut Exchange, new: &Candidate, hash: &str, signs_in: bool) -> Result<Response, ApiError> {
    let unit = exchange.begin().await?;
    let auth = exchange.auth();
    let user = match user::create(auth, &unit, new.as_user()).await {
        Ok(user) => user,
        Err(AuthError::Store(StoreError::UniqueViolation { .. })) => {
            unit.rollback().await?;
            return Err(taken(exchange, new).await?);
        }
        Err(other) => return Err(other.into()),
    };
    user::create_credential(auth, &unit, user.id(), hash).await?;
    if auth.config.sends_verification_on_sign_up() {
        exchange.queue_verification(&unit, &user, Purpose::Verify, new.callback_url.as_deref()).await?;
    }
    let response = if signs_in {
        let attempt = SignInAttempt::new(user.clone(), method::EMAIL, new.remember);
        match exchange.open_session(&unit, attempt).await? {
            SignIn::Challenged(response) => response,
            SignIn::Opened(opened) => answer(Some(opened.session.token()), &user),
        }
    } else {
        answer(None, &user)
    };
    unit.commit().await?;
    Ok(response)
}

/// The refusal of a unique value that is taken: the address, or an additional field.
async fn taken(exchange: &Exchange, new: &Candidate) -> Result<ApiError, ApiError> {
    // In a transaction, because the winner of the race may be committing just now.
    let unit = exchange.begin().await?;
    let owner = find_user_by_email(&*unit, &new.email).await?;
    let code = if owner.is_some() { Code::USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL } else { Code::FAILED_TO_CREATE_USER };
    Ok(code.into())
}

/// The answer of a server that hides existing users: a user that is not stored. It writes a row, so that it takes as
/// long as a real sign-up.
async fn made_up(exchange: &mut Exchange, new: &Candidate, existing: Option<User>) -> Result<Response, ApiError> {
    let scope = exchange.scope();
    let config = &exchange.auth().config;
    let tells_owner = config.mail.is_some() && config.email_and_password.on_existing_user_sign_up;
    match existing.filter(|_| tells_owner) {
        Some(existing) => {
            let data = Map::from_iter([("user".to_owned(), existing.0.output().into())]);
            exchange.queue_mail(&scope, kind::EXISTING_USER, existing.email(), &data).await?;
        }
        None => exchange.queue_decoy(&scope).await?,
    }
    let mut nobody = user::new_record(exchange.auth(), new.as_user())?;
    if nobody.get("id").is_null() {
        let id = lifecycle::spend_id(exchange.auth(), &scope, nobody.clone()).await?;
        nobody.set("id", id)?;
    }
    Ok(answer(None, &User(nobody)))
}

fn answer(token: Option<&str>, user: &User) -> Response {
    let token = token.map_or(Json::Null, Json::from);
    Response::json(&json!({ "token": token, "user": user.0.output() }))
}
