//! A sign-in while the user is at the provider: kept in a row or in a cookie, bound to the browser, redeemed once.

use crate::hex;
use crate::options::{self, AccountOptions, Options, StateStrategy};
use doorward_sdk::cookies::Attributes;
use doorward_sdk::prelude::*;
use doorward_sdk::sessions::Session;
use serde::{Deserialize, Serialize};

/// The signed cookie that binds a row to the browser.
pub const BINDING: &str = "state";
/// The cookie that holds everything, with the strategy `cookie`.
pub const SEALED: &str = "oauth_state";
pub const PREFIX: &str = "auth-state:";

const LIFE_SECS: u64 = 600;
const BINDING_SECS: u64 = 300;
const STATE_LENGTH: u32 = 32;
/// What fits into one cookie, in bytes.
const LONGEST_COOKIE: usize = 3800;
const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
const PURPOSE: &str = "oauth-state-cookie";
const SESSION_PURPOSE: &str = "oauth-link-session-token";
/// Names that `additionalData` of a request cannot set.
const OWN: [&str; 11] = [
    "callbackURL",
    "codeVerifier",
    "errorURL",
    "newUserURL",
    "link",
    "serverContext",
    "expiresAt",
    "requestSignUp",
    "idTokenNonce",
    "oauthState",
    "provider",
];

/// What is remembered of the request that began it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    #[serde(rename = "callbackURL")]
    pub callback_url: String,
    pub code_verifier: String,
    #[serde(rename = "errorURL", default, skip_serializing_if = "Option::is_none")]
    pub error_url: Option<String>,
    #[serde(rename = "newUserURL", default, skip_serializing_if = "Option::is_none")]
    pub new_user_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    expires_at: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_sign_up: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token_nonce: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    oauth_state: Option<String>,
    /// Whose answer it waits for. A row of the reference's has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    /// `additionalData` of the request.
    #[serde(flatten)]
    more: Map<String, Value>,
}

/// Who wants to link an account.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    pub user_id: String,
    pub email: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    encrypted_session_token: Option<String>,
}

/// What a request says about the way back.
#[derive(Default)]
pub struct Begin {
    pub callback_url: Option<String>,
    pub error_callback_url: Option<String>,
    pub new_user_callback_url: Option<String>,
    pub request_sign_up: Option<bool>,
    pub additional_data: Option<Map<String, Value>>,
    pub link: Option<Link>,
}

/// A state that does not count, and where the error is shown.
pub struct Fault {
    pub code: &'static str,
    pub error_url: Option<String>,
}

/// What goes to the provider.
pub struct Begun {
    pub state: String,
    pub code_verifier: String,
    pub nonce: Option<String>,
}

impl Link {
    /// # Errors
    /// When the host fails.
    pub fn of(session: &Session) -> Result<Link> {
        let token = crypto::seal(SESSION_PURPOSE, session.token().as_bytes())?;
        let encrypted_session_token = Some(hex::encode(&token));
        Ok(Link { email: session.user.email(), user_id: session.user.id(), encrypted_session_token })
    }

    /// Whether the session that asked for it still lives.
    ///
    /// # Errors
    /// When the store is away.
    pub fn is_live(&self) -> Result<bool> {
        let sealed = self.encrypted_session_token.as_deref().and_then(hex::decode);
        let token = sealed.and_then(|sealed| crypto::open(SESSION_PURPOSE, &sealed));
        let Some(token) = token.and_then(|token| String::from_utf8(token).ok()) else { return Ok(false) };
        Ok(browser_sessions::find(&[token])?.iter().any(|session| session.user.id() == self.user_id))
    }
}

impl State {
    /// Keeps a new sign-in at `provider` and binds it to the browser.
    ///
    /// # Errors
    /// When the store is away.
    pub fn begin(provider: &str, uses_nonce: bool, begin: Begin) -> Result<Begun> {
        let state = crypto::random_string(STATE_LENGTH, ALPHABET)?;
        let given = |url: Option<String>| url.filter(|url| !url.is_empty());
        let mut more = begin.additional_data.unwrap_or_default();
        more.retain(|name, _| !OWN.contains(&name.as_str()));
        let kept = State {
            callback_url: given(begin.callback_url).unwrap_or_else(config::base_url),
            code_verifier: crypto::random_string(128, ALPHABET)?,
            error_url: given(begin.error_callback_url),
            new_user_url: given(begin.new_user_callback_url),
            link: begin.link,
            expires_at: clock::now_millis() + LIFE_SECS * 1000,
            request_sign_up: begin.request_sign_up,
            id_token_nonce: if uses_nonce { Some(crypto::random_string(32, ALPHABET)?) } else { None },
            oauth_state: Some(state.clone()),
            provider: Some(provider.to_owned()),
            more,
        };
        let text = serde_json::to_string(&kept)?;
        match AccountOptions::read()?.store_state_strategy {
            StateStrategy::Cookie => {
                let mut sealed = vec![crypto::base64url(&crypto::seal(PURPOSE, text.as_bytes())?)];
                sealed.extend(sealed_in_browser()?);
                keep_sealed(sealed)?;
            }
            StateStrategy::Database => {
                verifications::create(&format!("{PREFIX}{state}"), &text, LIFE_SECS)?;
                let mut bound = vec![state.clone()];
                bound.extend(bound_to_browser()?);
                bind(bound)?;
            }
        }
        Ok(Begun { state, code_verifier: kept.code_verifier, nonce: kept.id_token_nonce })
    }

    /// The sign-in that a provider's answer belongs to: of two answers with one state, one gets it.
    ///
    /// # Errors
    /// When the store is away.
    pub fn redeem(state: &str) -> Result<std::result::Result<State, Fault>> {
        let account = AccountOptions::read()?;
        let redeemed = match account.store_state_strategy {
            StateStrategy::Cookie => redeem_cookie(state)?,
            StateStrategy::Database => redeem_row(state, account.skip_state_cookie_check)?,
        };
        Ok(redeemed.and_then(|kept| match kept.expires_at < clock::now_millis() {
            true => Err(kept.fault("state_mismatch")),
            false => Ok(kept),
        }))
    }

    /// Whether `provider` is the one that the user was sent to.
    pub fn is_for(&self, provider: &str) -> bool {
        self.provider.as_deref().is_none_or(|own| own == provider)
    }

    /// Where errors of this sign-in are shown.
    ///
    /// # Errors
    /// When the host fails.
    pub fn error_page(&self) -> Result<String> {
        self.error_url.clone().map_or_else(options::error_page, Ok)
    }

    fn fault(&self, code: &'static str) -> Fault {
        Fault { code, error_url: self.error_url.clone() }
    }

    fn is_named(&self, state: &str) -> bool {
        self.oauth_state.as_deref().is_none_or(|own| own == state)
    }
}

type Redeemed = std::result::Result<State, Fault>;

fn redeem_row(state: &str, skip_cookie: bool) -> Result<Redeemed> {
    const UNKNOWN: Fault = Fault { code: "state_mismatch", error_url: None };
    if state.len() > 128 || !state.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(Err(UNKNOWN));
    }
    let identifier = format!("{PREFIX}{state}");
    let read = |text: String| serde_json::from_str::<State>(&text).ok();
    // Looked at before it is redeemed: in another browser it stays for the one that it belongs to.
    let Some(kept) = verifications::find(&identifier)?.and_then(read) else { return Ok(Err(UNKNOWN)) };
    let mut bound = bound_to_browser()?;
    let is_bound = skip_cookie || bound.iter().any(|own| own == state);
    if !is_bound || !kept.is_named(state) {
        return Ok(Err(kept.fault("state_mismatch")));
    }
    bound.retain(|own| own != state);
    bind(bound)?;
    Ok(verifications::consume(&identifier)?.and_then(read).ok_or(UNKNOWN))
}

/// Sign-ins that this browser began and did not finish, newest first. Each is a random text of one length, so one of them
/// alone is the cookie of the reference.
fn bound_to_browser() -> Result<Vec<String>> {
    let cookie = cookies::get_signed(BINDING)?.unwrap_or_default();
    let states = cookie.as_bytes().chunks(STATE_LENGTH as usize);
    Ok(states.map(|state| String::from_utf8_lossy(state).into_owned()).collect())
}

fn bind(states: Vec<String>) -> Result<()> {
    if states.is_empty() {
        return cookies::delete(BINDING);
    }
    let most = config::options::<Options>()?.sign_ins_at_once;
    let newest: Vec<String> = states.into_iter().take(most).collect();
    cookies::set_signed(BINDING, &newest.concat(), Attributes { max_age_secs: Some(BINDING_SECS), http_only: true })
}

/// As [`bound_to_browser`], each with everything in it.
fn sealed_in_browser() -> Result<Vec<String>> {
    let cookie = cookies::get(SEALED)?.unwrap_or_default();
    Ok(cookie.split('.').filter(|sealed| !sealed.is_empty()).map(str::to_owned).collect())
}

fn keep_sealed(sealed: Vec<String>) -> Result<()> {
    let most = config::options::<Options>()?.sign_ins_at_once;
    let mut kept = String::new();
    for one in sealed.into_iter().take(most) {
        if !kept.is_empty() && kept.len() + one.len() >= LONGEST_COOKIE {
            break;
        }
        kept = if kept.is_empty() { one } else { format!("{kept}.{one}") };
    }
    if kept.is_empty() {
        return cookies::delete(SEALED);
    }
    cookies::set(SEALED, &kept, Attributes { max_age_secs: Some(LIFE_SECS), http_only: true })
}

fn opened(sealed: &str) -> Option<State> {
    let text = crypto::from_base64url(sealed).and_then(|sealed| crypto::open(PURPOSE, &sealed))?;
    serde_json::from_slice(&text).ok()
}

fn redeem_cookie(state: &str) -> Result<Redeemed> {
    let sealed = sealed_in_browser()?;
    if sealed.is_empty() {
        return Ok(Err(Fault { code: "state_mismatch", error_url: None }));
    }
    let begun: Vec<(String, State)> =
        sealed.into_iter().filter_map(|sealed| opened(&sealed).map(|kept| (sealed, kept))).collect();
    let is_it = |kept: &State| kept.oauth_state.is_some() && kept.is_named(state);
    let (of_this, others): (Vec<_>, Vec<_>) = begun.into_iter().partition(|(_, kept)| is_it(kept));
    let Some((_, kept)) = of_this.into_iter().next() else {
        let newest = others.into_iter().next();
        return Ok(Err(
            newest.map_or(Fault { code: "state_invalid", error_url: None }, |(_, kept)| kept.fault("state_mismatch"))
        ));
    };
    keep_sealed(others.into_iter().map(|(sealed, _)| sealed).collect())?;
    // The cookie may be sent again: the first answer is the only one.
    let window_secs = u32::try_from(LIFE_SECS).unwrap_or(u32::MAX);
    Ok(if counters::hit(&format!("state {state}"), window_secs)? == 1 {
        Ok(kept)
    } else {
        Err(kept.fault("state_mismatch"))
    })
}
