//! `GET` and `POST /callback/:id`: where a provider sends the browser back to.
//!
//! Invariant: an error leads to a page, and nothing is signed in or linked before the state was redeemed, the code exchanged
//! and the ID token verified.

use crate::begin::{self, Way};
use crate::identity::Identity;
use crate::link;
use crate::options::{self, AccountOptions};
use crate::sign_in::{self, Admission, Wish};
use crate::state::{Begin, Fault, State};
use crate::token_endpoint::Exchange;
use doorward_sdk::prelude::*;

/// What a provider says, in the order in which it is passed on.
pub struct Answer([(&'static str, Option<String>); 7]);

const FIELDS: [&str; 7] = ["code", "error", "device_id", "error_description", "state", "user", "iss"];

impl Input for Answer {
    fn read(fields: &mut Fields<'_>) -> Self {
        fields.may_be_absent();
        Answer(FIELDS.map(|name| (name, fields.optional(name))))
    }
}

impl Answer {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| *own == name)?.1.as_deref()
    }

    fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// The same text, unless it is empty.
    fn some(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|text| !text.is_empty())
    }
}

/// Where the browser goes with an error, and which.
struct Failed {
    page: String,
    code: String,
    description: Option<String>,
}

/// `response_mode=form_post`: the browser comes again with the cookies that it keeps from other sites' forms.
pub fn post(request: &Request, body: Answer) -> Result<Response> {
    let query: Answer = request.query_input()?;
    let pairs = body.0.into_iter().zip(query.0).filter_map(|((name, posted), (_, asked))| Some((name, asked.or(posted)?)));
    let pairs: Vec<(&str, String)> = pairs.collect();
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let id = request.param("id").unwrap_or_default();
    Ok(Response::redirect(format!("{}?{}", links::endpoint(&format!("/callback/{id}")), links::query(&pairs))))
}

pub fn get(request: &Request, answer: Answer) -> Result<Response> {
    let id = request.param("id").unwrap_or_default();
    if answer.get("state").is_none()
        && answer.some("code").is_some()
        && let Some(response) = begun_by_provider(&id)?
    {
        return Ok(response);
    }
    let Some(state) = answer.some("state") else { return shown(options::error_page()?, "state_not_found", None) };
    let kept = match State::redeem(state)? {
        Ok(kept) => kept,
        Err(Fault { code, error_url }) => return shown(error_url.map_or_else(options::error_page, Ok)?, code, None),
    };
    let page = kept.error_page()?;
    match finish(&id, &answer, &kept) {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(code)) => shown(page, &code, None),
        Err(error) => refused(page, error),
    }
}

type Finished = std::result::Result<Response, String>;

fn finish(id: &str, answer: &Answer, kept: &State) -> Result<Finished> {
    if let Some(error) = answer.some("error") {
        let failed = Failed {
            page: kept.error_page()?,
            code: error.to_owned(),
            description: answer.some("error_description").map(str::to_owned),
        };
        return Ok(Ok(failed.response()));
    }
    let failed = |code: &str| Ok(Err(code.to_owned()));
    let Some(code) = answer.some("code") else { return failed("no_code") };
    let Ok(Some(client)) = options::client(id) else { return failed("oauth_provider_not_found") };
    if !kept.is_for(id) {
        return failed("state_mismatch");
    }
    if let (Some(told), Some(issuer)) = (answer.some("iss"), client.issuer())
        && told != issuer
    {
        return failed("issuer_mismatch");
    }
    if client.uses_nonce() && kept.id_token_nonce.is_none() {
        return failed("nonce_binding_missing");
    }
    let exchanged = client.exchange_code(Exchange {
        code: code.to_owned(),
        code_verifier: kept.code_verifier.clone(),
        redirect_uri: &begin::callback_url(&client),
        device_id: answer.text("device_id"),
    });
    let Ok(Some(tokens)) = exchanged else { return failed("invalid_code") };
    let form_user: Option<Value> = answer.some("user").and_then(|text| serde_json::from_str(text).ok());
    let Some(identity) = Identity::of_code(&client, tokens, kept.id_token_nonce.as_deref(), form_user.as_ref())? else {
        return failed("unable_to_get_user_info");
    };
    match &kept.link {
        Some(link) => match link::after_redirect(&identity, link, &AccountOptions::read()?.account_linking)? {
            Some(code) => Ok(Err(code)),
            None => Ok(Ok(Response::redirect(kept.callback_url.clone()))),
        },
        None => signed_in(&identity, kept),
    }
}

fn signed_in(identity: &Identity<'_>, kept: &State) -> Result<Finished> {
    let Some(email) = identity.email() else { return Ok(Err("email_not_found".to_owned())) };
    let wish = Wish {
        callback_url: Some(&kept.callback_url),
        request_sign_up: kept.request_sign_up == Some(true),
        may_override: true,
    };
    let (user, is_new) = match sign_in::admit(identity, &email, &wish)? {
        Admission::User { user, is_new } => (user, is_new),
        Admission::Refused(reason) => return Ok(Err(reason.replace(' ', "_"))),
    };
    if let Err(error) = sign_in::open(identity, &user) {
        return links::challenge_at(&links::absolute(&kept.callback_url), error).map(Ok);
    }
    let welcome = kept.new_user_url.as_ref().filter(|_| is_new);
    Ok(Ok(Response::redirect(welcome.unwrap_or(&kept.callback_url).clone())))
}

/// A provider that sends users without being asked: the sign-in begins here.
fn begun_by_provider(id: &str) -> Result<Option<Response>> {
    let Ok(Some(client)) = options::client(id) else { return Ok(None) };
    if client.settings.flag("allow_idp_initiated") != Some(true) {
        return Ok(None);
    }
    Ok(Some(Response::redirect(begin::authorization_url(&client, Begin::default(), &Way::default())?)))
}

/// What a rule or a hook refuses is told on the page, too.
fn refused(page: String, error: Error) -> Result<Response> {
    match error {
        Error::Host(HostError::Refused(ApiError { code: Some(code), message, .. }))
        | Error::Api(ApiError { status: 400..=499, code: Some(code), message }) => shown(page, &code, message),
        other => Err(other),
    }
}

fn shown(page: String, code: &str, description: Option<String>) -> Result<Response> {
    Ok(Failed { page, code: code.to_owned(), description }.response())
}

impl Failed {
    fn response(&self) -> Response {
        let mut pairs = vec![("error", self.code.as_str())];
        pairs.extend(self.description.as_deref().map(|text| ("error_description", text)));
        Response::redirect(with_pairs(&self.page, &pairs))
    }
}

/// The URL with more parameters behind those that it has, which stay as they are written.
fn with_pairs(url: &str, pairs: &[(&str, &str)]) -> String {
    let (rest, fragment) = url.split_once('#').map_or((url, String::new()), |(rest, end)| (rest, format!("#{end}")));
    let mark = match rest.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{rest}{mark}{}{fragment}", links::query(pairs))
}
