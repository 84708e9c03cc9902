//! `POST /link-social`: links an account at a provider to the user who is signed in.

use crate::begin::{Brought, Way};
use crate::errors;
use crate::link;
use crate::options::{self, AccountOptions};
use crate::sign_in_social::{identify, provider};
use crate::state::{Begin, Link};
use doorward_sdk::prelude::*;

/// Beside [`errors::OF_PROVIDERS`].
pub const REFUSALS: &[ErrorCode] = &[
    ErrorCode::UNAUTHORIZED,
    errors::ALREADY_LINKED,
    errors::LINKING_NOT_ALLOWED,
    errors::OTHER_EMAIL,
    errors::LINKING_FAILED,
];

pub struct LinkSocial {
    provider: String,
    begin: Begin,
    way: Way,
    id_token: Option<Brought>,
}

impl Input for LinkSocial {
    fn read(fields: &mut Fields<'_>) -> Self {
        let callback_url = fields.optional("callbackURL");
        let provider = provider(fields);
        let id_token = Brought::read(fields, false);
        let request_sign_up = fields.optional("requestSignUp");
        let scopes = Way::read_scopes(fields);
        let error_callback_url = fields.optional("errorCallbackURL");
        let disable_redirect = fields.optional("disableRedirect").unwrap_or_default();
        let login_hint = fields.optional("loginHint");
        let additional_params = Way::read_params(fields);
        let additional_data = fields.optional("additionalData");
        LinkSocial {
            provider,
            begin: Begin { callback_url, error_callback_url, request_sign_up, additional_data, ..Begin::default() },
            way: Way { disable_redirect, scopes, login_hint, additional_params },
            id_token,
        }
    }
}

pub fn link_social(_request: &Request, input: LinkSocial) -> Result<Response> {
    let session = sessions::require()?;
    let client = options::client(&input.provider)?.ok_or(errors::PROVIDER_NOT_FOUND)?;
    let Some(brought) = &input.id_token else {
        let begin = Begin { link: Some(Link::of(&session)?), ..input.begin };
        return input.way.answer(&client, begin);
    };
    let identity = identify(&client, brought, true)?;
    link::with_id_token(&identity, &session.user, &AccountOptions::read()?.account_linking)?;
    Response::json(&json!({ "url": "", "status": true, "redirect": false }))
}
