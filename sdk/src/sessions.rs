//! Sessions. Every one that is opened passes the session gates.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! # doorward_sdk::fake::reset();
//! # let user = users::create(&json!({ "email": "ada@example.com" }))?;
//! // A gate may refuse, or demand another proof: `?` passes its answer on.
//! let session = sessions::open(&user, "magic-link")?;
//! assert_eq!(sessions::require()?.id(), session.id());
//! sessions::end_current()?;
//! assert!(sessions::current()?.is_none());
//! # Ok::<(), Error>(())
//! ```

use crate::bindings::doorward::plugin::sessions::Freshness;
use crate::error::Result;
use crate::host;
use crate::users::User;
use doorward_contract::ErrorCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A session and its user.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// # sessions::open(&ada, "email")?;
/// # sessions::update_current(&json!({ "tenant": "acme" }))?;
/// let session = sessions::require()?;
/// // The token is the key to the session: it leaves the server in a cookie alone.
/// let shown = json!({ "id": session.id(), "email": session.user.email(), "tenant": session.get("tenant") });
/// assert_eq!(shown["tenant"], "acme");
/// assert!(session.fields().contains_key("token") && !session.token().is_empty());
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    session: Map<String, Value>,
    /// Whose session it is.
    pub user: User,
}

impl Session {
    /// The session's id, which is no secret.
    pub fn id(&self) -> &str {
        self.text("id")
    }

    /// The secret of the session's cookie.
    pub fn token(&self) -> &str {
        self.text("token")
    }

    /// Any field of the session, by its name on the wire.
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.session.get(field)
    }

    /// The session's fields, as the client gets them.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.session
    }

    pub(crate) fn parse(text: &str) -> Result<Session> {
        Ok(serde_json::from_str(text)?)
    }

    fn text(&self, field: &str) -> &str {
        self.get(field).and_then(Value::as_str).unwrap_or_default()
    }
}

/// The request's session with its token. A route gets it from the store; a hook may get a copy from the browser.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// let greeting = match sessions::current()? {
///     Some(session) => format!("Hello, {}", session.user.email()),
///     None => "Hello, stranger".to_owned(),
/// };
/// assert_eq!(greeting, "Hello, stranger");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// When the session cannot be read.
pub fn current() -> Result<Option<Session>> {
    host::sessions::current(Freshness::Usual)?.map(|text| Session::parse(&text)).transpose()
}

/// The request's session as the store has it: neither ended nor over.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// # doorward_sdk::fake::sign_in(&ada);
/// // In a hook: a copy in the browser's cookie may be of a session that was ended meanwhile.
/// let user = sessions::stored()?.map(|session| session.user.id());
/// assert_eq!(user, Some(ada.id()));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// When the store is away.
pub fn stored() -> Result<Option<Session>> {
    stored_text()?.map(|text| Session::parse(&text)).transpose()
}

/// As [`stored`], as the text that it is read from: `{"session": …, "user": …}` in JSON. Two texts are equal as long as nothing of
/// the session and its user has changed, and to compare them costs less than to read them. The text holds the session's token:
/// keep a hash of it, never itself.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// # doorward_sdk::fake::sign_in(&ada);
/// let before = sessions::stored_text()?;
/// assert!(before.is_some());
/// assert_eq!(sessions::stored_text()?, before);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// When the store is away.
pub fn stored_text() -> Result<Option<String>> {
    Ok(host::sessions::current(Freshness::Stored)?)
}

/// The request's session from the store: not revoked, not expired.
///
/// ```
/// use doorward_sdk::prelude::*;
/// use doorward_sdk::fake::RawRequest;
/// # doorward_sdk::fake::reset();
/// fn subscribe(_request: &Request, (): ()) -> Result<Response> {
///     let user = sessions::require()?.user;
///     models::insert::<Value>("subscriber", &json!({ "userId": user.id() }))?;
///     Ok(Response::empty(204))
/// }
///
/// let table = Table::new("subscriber").field(FieldRule::new("userId", FieldType::String).required());
/// let plugin = Plugin::new("newsletter", "1.0.0").table(table).route(Route::post("/newsletter", subscribe));
/// let refused = RawRequest::post("/newsletter", &json!({})).send(&plugin).unwrap_err().refusal();
/// assert_eq!((refused.status, refused.code.as_deref()), (401, Some("UNAUTHORIZED")));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// 401 `UNAUTHORIZED` when there is none.
pub fn require() -> Result<Session> {
    required(Freshness::Stored)
}

/// The request's session from the store, younger than `session.fresh_age`.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// # fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// # fake::sign_in(&ada);
/// // Before a key is shown, whoever asks has signed in a short while ago.
/// assert!(sessions::require_fresh().is_ok());
/// fake::with(|world| world.is_session_old = true);
/// assert_eq!(sessions::require_fresh().unwrap_err().refusal().code.as_deref(), Some("SESSION_NOT_FRESH"));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// 401 `UNAUTHORIZED` when there is none, `SESSION_NOT_FRESH` when it is older.
pub fn require_fresh() -> Result<Session> {
    required(Freshness::Fresh)
}

fn required(freshness: Freshness) -> Result<Session> {
    match host::sessions::current(freshness)? {
        Some(text) => Session::parse(&text),
        None => Err(ErrorCode::UNAUTHORIZED.into()),
    }
}

/// The session that this request opened.
///
/// ```
/// use doorward_sdk::prelude::*;
/// use doorward_sdk::fake::{RawReply, RawRequest};
/// # doorward_sdk::fake::reset();
/// let plugin = Plugin::new("arrivals", "1.0.0").after(On::path("/sign-in/**"), |_request, _reply| {
///     if let Some(session) = sessions::opened()? {
///         log::info(&format!("{} has arrived", session.user.id()));
///     }
///     Ok(())
/// });
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// # sessions::open(&ada, "email")?;
/// # let reply = RawReply::signed_in(&json!({ "id": ada.id() }));
/// # RawRequest::post("/sign-in/email", &json!({})).run_after(&plugin, &reply)?;
/// # assert_eq!(doorward_sdk::fake::with(|world| world.log.len()), 1);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// When the host's text is no session.
pub fn opened() -> Result<Option<Session>> {
    host::sessions::opened()?.map(|text| Session::parse(&text)).transpose()
}

/// Whether the browser keeps its session when it is closed, as it was chosen at the sign-in.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// // A cookie of the plugin's own ends when the session's does.
/// let max_age_secs = sessions::is_remembered()?.then_some(30 * 86_400);
/// cookies::set("tenant", "acme", cookies::Attributes { max_age_secs, http_only: true })?;
/// assert_eq!(max_age_secs, Some(2_592_000));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// When too many calls were made.
pub fn is_remembered() -> Result<bool> {
    Ok(host::sessions::is_remembered()?)
}

/// Signs the user in and sets the cookies. `method` is how they proved who they are: `magic-link`. The session outlives the
/// browser.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// # fake::reset();
/// // Whoever knows the code of a mail has proved the address.
/// verifications::create("news:K7", "ada@example.com", 600)?;
/// # users::create(&json!({ "email": "ada@example.com" }))?;
/// let email = verifications::consume("news:K7")?.unwrap_or_default();
/// let user = users::find_by_email(&email)?.ok_or_else(|| Error::from(ErrorCode::USER_NOT_FOUND))?;
/// let session = sessions::open(&user, "news-link")?;
/// assert_eq!(fake::with(|world| world.sessions.clone()), [session.user.id()]);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// What a gate answered instead; pass it on with `?`.
pub fn open(user: &User, method: &str) -> Result<Session> {
    Session::parse(&host::sessions::open(&user.id(), method, Some(true))?)
}

/// As [`open`], for a session that is short and ends with the browser.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// // At a terminal in the library nobody stays signed in.
/// let is_shared = true;
/// let open = if is_shared { sessions::open_briefly } else { sessions::open };
/// assert_eq!(open(&ada, "library-card")?.user.id(), ada.id());
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// As [`open`].
pub fn open_briefly(user: &User, method: &str) -> Result<Session> {
    Session::parse(&host::sessions::open(&user.id(), method, Some(false))?)
}

/// As [`open`], with the life that the browser chose when its sign-in began: for the second step of a sign-in.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// # verifications::create("second:t-1", &ada.id(), 300)?;
/// // The second step knows the user by what the first one left.
/// let id = verifications::consume("second:t-1")?.unwrap_or_default();
/// let user = users::find_by_id(&id)?.ok_or_else(|| Error::from(ErrorCode::USER_NOT_FOUND))?;
/// assert_eq!(sessions::open_as_chosen(&user, "hardware-token")?.user.id(), ada.id());
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// As [`open`].
pub fn open_as_chosen(user: &User, method: &str) -> Result<Session> {
    Session::parse(&host::sessions::open(&user.id(), method, None)?)
}

/// Opens a session in place of the request's own, for the same user and as long-lived, with what the application stored in its
/// fields, and ends the old one: for changes after which the old token is worth nothing.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// # fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// # fake::sign_in(&ada);
/// let old = sessions::require()?.token().to_owned();
/// // The second factor was switched on: tokens from before are worth nothing.
/// let session = sessions::replace_current("totp")?;
/// assert!(session.token() != old && !fake::with(|world| world.live.contains_key(&old)));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// As [`open`]; `invalid` without a session.
pub fn replace_current(method: &str) -> Result<Session> {
    Session::parse(&host::sessions::replace_current(method)?)
}

/// Removes the browser's mark that its session shall end with it: what was chosen holds for the present session alone.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// # fake::reset();
/// fake::with(|world| world.is_brief = true);
/// sessions::forget_choice()?;
/// assert!(sessions::is_remembered()?, "the next sign-in begins anew");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// When too many calls were made.
pub fn forget_choice() -> Result<()> {
    Ok(host::sessions::forget_choice()?)
}

/// Sets fields of the request's session that the plugin declares and renews its cookies. None when there is no session.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// # doorward_sdk::fake::sign_in(&ada);
/// // Which of her companies Ada works for now.
/// let session = sessions::update_current(&json!({ "tenant": "acme" }))?.unwrap();
/// assert_eq!(session.get("tenant"), Some(&json!("acme")));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `denied` for a field that is not declared.
pub fn update_current(fields: &Value) -> Result<Option<Session>> {
    host::sessions::update_current(&fields.to_string())?.map(|text| Session::parse(&text)).transpose()
}

/// Ends the request's session and deletes its cookies.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// # doorward_sdk::fake::sign_in(&ada);
/// sessions::end_current()?;
/// assert_eq!(sessions::require().unwrap_err().refusal().status, 401);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// When the store is away.
pub fn end_current() -> Result<()> {
    Ok(host::sessions::end_current()?)
}

/// Reads the request's session and user from the store again and renews its cookies, after the plugin changed them.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// # doorward_sdk::fake::sign_in(&ada);
/// users::update(&ada.id(), &json!({ "plan": "gold" }))?;
/// sessions::refresh_current()?;
/// let user = sessions::require()?.user;
/// assert_eq!(user.get("plan"), Some(&json!("gold")));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// When the store is away.
pub fn refresh_current() -> Result<()> {
    Ok(host::sessions::refresh_current()?)
}
