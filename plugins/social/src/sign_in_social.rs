//! `POST /sign-in/social`: sends the browser to a provider, or signs in with an ID token that a client brings.

use crate::begin::{Brought, Way};
use crate::errors;
use crate::identity::Identity;
use crate::options;
use crate::providers::Client;
use crate::sign_in::{self, Admission, Wish};
use crate::state::Begin;
use crate::use_once::UseOnce;
use doorward_sdk::prelude::*;

/// Beside [`errors::OF_PROVIDERS`].
pub const REFUSALS: &[ErrorCode] = &[errors::EMAIL_NOT_VERIFIED, LINK_ERROR];

/// Its message says why.
const LINK_ERROR: ErrorCode = ErrorCode::new(401, "OAUTH_LINK_ERROR", "");

pub struct SignIn {
    provider: String,
    begin: Begin,
    way: Way,
    id_token: Option<Brought>,
}

impl Input for SignIn {
    fn read(fields: &mut Fields<'_>) -> Self {
        let callback_url = fields.optional("callbackURL");
        let new_user_callback_url = fields.optional("newUserCallbackURL");
        let error_callback_url = fields.optional("errorCallbackURL");
        let provider = provider(fields);
        let disable_redirect = fields.optional("disableRedirect").unwrap_or_default();
        let id_token = Brought::read(fields, true);
        let scopes = Way::read_scopes(fields);
        let request_sign_up = fields.optional("requestSignUp");
        let login_hint = fields.optional("loginHint");
        let additional_params = Way::read_params(fields);
        let additional_data = fields.optional("additionalData");
        SignIn {
            provider,
            begin: Begin {
                callback_url,
                error_callback_url,
                new_user_callback_url,
                request_sign_up,
                additional_data,
                link: None,
            },
            way: Way { disable_redirect, scopes, login_hint, additional_params },
            id_token,
        }
    }
}

/// Reads `provider`: any text.
pub fn provider(fields: &mut Fields<'_>) -> String {
    let text = fields.text("provider");
    if text.is_none() {
        fields.issue("provider", "Invalid input");
    }
    text.unwrap_or_default()
}

pub fn sign_in_social(_request: &Request, input: SignIn) -> Result<Response> {
    let client = options::client(&input.provider)?.ok_or(errors::PROVIDER_NOT_FOUND)?;
    match &input.id_token {
        Some(brought) => with_id_token(&client, brought, &input.begin),
        None => input.way.answer(&client, input.begin),
    }
}

fn with_id_token(client: &Client, brought: &Brought, begin: &Begin) -> Result<Response> {
    let use_once = UseOnce::of(&brought.token)?;
    let identity = identify(client, brought, false)?;
    use_once.refuse_used()?;
    let email = identity.email().ok_or(errors::NO_EMAIL)?;
    let wish = Wish {
        callback_url: begin.callback_url.as_deref(),
        request_sign_up: begin.request_sign_up == Some(true),
        may_override: false,
    };
    let user = match sign_in::admit(&identity, &email, &wish)? {
        Admission::User { user, .. } => user,
        Admission::Refused("email_not_verified") => return Err(errors::EMAIL_NOT_VERIFIED.into()),
        Admission::Refused(reason) => return Err(Error::new(LINK_ERROR.status, LINK_ERROR.code(), reason)),
    };
    use_once.spend()?;
    let opened = sign_in::open(&identity, &user)?;
    Response::json(&json!({ "redirect": false, "token": opened.token(), "user": opened.user }))
}

/// Who an ID token is of, once it is verified.
///
/// # Errors
/// `ID_TOKEN_NOT_SUPPORTED`, `INVALID_TOKEN`, `FAILED_TO_GET_USER_INFO`.
pub fn identify<'a>(client: &'a Client, brought: &Brought, keeps_refresh: bool) -> Result<Identity<'a>> {
    if !client.accepts_id_tokens() {
        return Err(errors::ID_TOKEN_NOT_SUPPORTED.into());
    }
    let claims = client.verified(&brought.token, brought.nonce.as_deref())?.ok_or(errors::INVALID_TOKEN)?;
    let tokens = brought.tokens(keeps_refresh);
    // Apple says a name once, beside the token.
    let identity = Identity::of_id_token(client, &claims, tokens, brought.user.as_ref())?;
    identity.ok_or_else(|| errors::NO_USER_INFO.into())
}
