//! A fake host for native tests: everything in memory, one world per test thread.
//!
//! ```
//! use doorward_sdk::{fake, users};
//! fake::reset();
//! fake::with(|world| world.options = r#"{"expires_in":60}"#.to_owned());
//! let user = users::create(&serde_json::json!({ "email": "ada@example.com" })).unwrap();
//! assert_eq!(users::find_by_email("Ada@Example.com").unwrap().unwrap().id(), user.id());
//! ```
//!
//! Flat: one file per group of what the host has.

/// Answers with why the function cannot be called now, when it cannot: the contract's table says so.
macro_rules! at_its_time {
    ($capability:literal, $function:literal) => {
        const CALL: doorward_contract::Call = doorward_contract::Call::of($capability, $function);
        $crate::fake::duty::at_its_time(&CALL)?;
    };
}

mod answer;
mod attempt;
pub(crate) mod background;
pub(crate) mod calls;
mod change;
pub(crate) mod data;
mod duty;
pub(crate) mod pages;
pub(crate) mod people;
mod redaction;
mod reply;
mod request;
mod rows;
mod run;
pub(crate) mod services;
pub(crate) mod signed_in;
pub(crate) mod slots;
mod tasks;
pub(crate) mod upload;

use crate::bindings::doorward::plugin::endpoints::EndpointCall;
use crate::bindings::doorward::plugin::http::{Incoming, Outgoing};
use crate::webauthn::{Assertion, Registration};
use doorward_contract::{FieldRule, Section, Table};
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub use answer::{body, header, status, text};
pub use attempt::RawAttempt;
pub use background::Enqueued;
pub use change::RawChange;
pub use reply::RawReply;
pub use request::RawRequest;
pub use run::check_options;
pub use slots::contribute;
pub use tasks::{hear, run_job};

/// What the plugin did and what it will find.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// # fake::reset();
/// let plugin = Plugin::new("newsletter", "1.0.0").http_host("lists.example.com").job(Job::new("sync", |_task| {
///     http::Request::get("https://lists.example.com/new").send()?;
///     Ok(())
/// }));
/// assert_eq!(fake::run_job(&plugin, "sync", &Value::Null).unwrap_err().refusal().status, 502);
/// // What a test finds afterwards is what the plugin did; what it sets before is what the plugin finds.
/// let (asked, lines) = fake::with(|world| (world.http_sent.len(), world.log.len()));
/// assert_eq!((asked, lines), (1, 1));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct World {
    /// The operator's options, as JSON text.
    pub options: String,
    /// The time.
    pub now_millis: u64,
    /// Users by id.
    pub users: BTreeMap<String, Map<String, Value>>,
    /// Fields that a new user must have.
    pub required_user_fields: Vec<String>,
    /// Fields that other plugins and the operator add to users. See [`add_user_field`].
    pub user_fields: Vec<FieldRule>,
    /// Passwords by the user's id, in clear.
    pub passwords: BTreeMap<String, String>,
    /// What has changed about how a user signs in, by the user's id: any text, for `users::credentials_version`.
    pub credential_changes: BTreeMap<String, String>,
    /// Who was told of which change, by `users::tell_of_change`.
    pub told: Vec<(String, String)>,
    /// Accounts at providers.
    pub accounts: Vec<Map<String, Value>>,
    /// The account that the browser remembers: the id of its row.
    pub remembered_account: Option<String>,
    /// Rows of the plugin's tables, by table.
    pub tables: BTreeMap<String, Vec<Map<String, Value>>>,
    /// Tables that the plugin of the last request declares; then no others can be used.
    pub(crate) declared: Option<Vec<Table>>,
    /// Slots that the plugin of the last request declares; then it can ask for no others.
    pub(crate) slots: Option<Vec<&'static str>>,
    /// What other plugins add, by slot: plugin and section.
    pub contributions: BTreeMap<String, Vec<(String, Section)>>,
    /// What [`site::view`](crate::site::view) shows.
    pub site: Value,
    /// What [`site::description`](crate::site::description) tells.
    pub description: Value,
    /// What the request's user may do, for [`permissions::allows`](crate::permissions::allows): `audit.read`.
    pub permissions: BTreeSet<String>,
    /// Files of the operator's folder of templates, by name.
    pub templates: BTreeMap<String, String>,
    /// Counters by key: count and end of the window in milliseconds.
    pub counters: BTreeMap<String, (u64, u64)>,
    /// Live sessions by token: `{"session": …, "user": …}`.
    pub live: BTreeMap<String, Value>,
    /// What the request has after `Bearer`.
    pub bearer: Option<String>,
    pub(crate) is_in_transaction: bool,
    /// Verifications by identifier: value and end of life in milliseconds.
    pub verifications: BTreeMap<String, (String, u64)>,
    /// Cookies of the request and those set since; signed ones are kept as they are.
    pub cookies: BTreeMap<String, String>,
    /// Sections of the core's options, by name.
    pub core_options: BTreeMap<String, Value>,
    /// Who is signed in: `{"session": …, "user": …}`. See [`sign_in`].
    pub session: Option<Value>,
    /// Whether that session ends with the browser.
    pub is_brief: bool,
    /// Whether that session is older than `session.fresh_age`.
    pub is_session_old: bool,
    /// The session that the plugin opened.
    pub opened: Option<Value>,
    /// Ids of the users for whom a session was opened, in order.
    pub sessions: Vec<String>,
    /// Mails: kind, recipient, data.
    pub mails: Vec<(String, String, Value)>,
    /// Lines of the log.
    pub log: Vec<String>,
    /// Values of the cache: value and end of life in milliseconds.
    pub cached: BTreeMap<String, (String, u64)>,
    /// Claims of the tokens that were signed.
    pub tokens: BTreeMap<String, String>,
    /// What an authenticator makes. Answers of a test are `{"challenge": …}`.
    pub registration: Option<Registration>,
    /// What an authenticator proves. Answers of a test are `{"challenge": …}`.
    pub assertion: Option<Assertion>,
    /// Answers of other endpoints, by method and path. See [`answer_endpoint`].
    pub endpoint_answers: BTreeMap<(String, String), (u16, Value)>,
    /// What the plugin called, in order.
    pub endpoint_calls: Vec<EndpointCall>,
    /// Paths that the plugin of the last request may call; then no others.
    pub(crate) called: Option<Vec<&'static str>>,
    /// Whether the last request is a `GET`.
    pub(crate) answers_get: bool,
    /// Answers of other servers, by URL. See [`answer_http`].
    pub http_answers: BTreeMap<String, Incoming>,
    /// Requests to other servers, in order.
    pub http_sent: Vec<Outgoing>,
    /// Requests to other servers for later, in order. Nothing sends them.
    pub http_queued: Vec<Outgoing>,
    /// Jobs that the plugin enqueued, in order. [`run_job`] runs one.
    pub jobs: Vec<Enqueued>,
    /// Events that the plugin emitted: name and payload.
    pub emitted: Vec<(String, Value)>,
    /// What is left of the body that the plugin reads chunk by chunk.
    pub(crate) upload: VecDeque<Vec<u8>>,
    /// Whether the route of the last request reads it so.
    pub(crate) reads_chunks: bool,
    /// Names of fields that the plugin of the last request declares as secret.
    pub(crate) secrets: Vec<&'static str>,
    /// Hosts that the operator allows beside those of the manifest.
    pub allowed_hosts: Vec<String>,
    /// What the plugin is called for, while it is.
    pub(crate) duty: Option<duty::Duty>,
    /// Tables of plugins take no new row, as when the database cannot be written.
    pub refuses_inserts: bool,
    /// Counts what was drawn, so that no two random values are equal.
    pub drawn: u64,
}

impl Default for World {
    fn default() -> World {
        World {
            options: "{}".to_owned(),
            now_millis: 1_700_000_000_000,
            users: BTreeMap::new(),
            required_user_fields: Vec::new(),
            user_fields: Vec::new(),
            passwords: BTreeMap::new(),
            credential_changes: BTreeMap::new(),
            told: Vec::new(),
            accounts: Vec::new(),
            remembered_account: None,
            tables: BTreeMap::new(),
            declared: None,
            slots: None,
            contributions: BTreeMap::new(),
            description: serde_json::json!({ "openapi": "3.1.1", "paths": {} }),
            site: serde_json::json!({ "appName": "Test", "basePath": "/api/auth", "pagesPath": "" }),
            permissions: BTreeSet::new(),
            templates: BTreeMap::new(),
            counters: BTreeMap::new(),
            live: BTreeMap::new(),
            bearer: None,
            is_in_transaction: false,
            verifications: BTreeMap::new(),
            cookies: BTreeMap::new(),
            core_options: BTreeMap::from([
                ("mail".to_owned(), serde_json::json!({ "transport": "mailbox" })),
                ("user".to_owned(), serde_json::json!({})),
            ]),
            session: None,
            is_brief: false,
            is_session_old: false,
            opened: None,
            sessions: Vec::new(),
            mails: Vec::new(),
            log: Vec::new(),
            cached: BTreeMap::new(),
            tokens: BTreeMap::new(),
            registration: None,
            assertion: None,
            endpoint_answers: BTreeMap::new(),
            endpoint_calls: Vec::new(),
            called: None,
            answers_get: false,
            http_answers: BTreeMap::new(),
            http_sent: Vec::new(),
            http_queued: Vec::new(),
            jobs: Vec::new(),
            emitted: Vec::new(),
            upload: VecDeque::new(),
            reads_chunks: false,
            secrets: Vec::new(),
            allowed_hosts: Vec::new(),
            duty: None,
            refuses_inserts: false,
            drawn: 0,
        }
    }
}

thread_local! {
    static WORLD: RefCell<World> = RefCell::new(World::default());
}

/// Looks at the world, or arranges it.
///
/// ```
/// use doorward_sdk::{clock, fake};
/// # fake::reset();
/// fake::with(|world| world.now_millis = 1_795_336_883_051);
/// assert!(clock::iso_text(clock::now_millis()).starts_with("2026-11-22"));
/// ```
pub fn with<T>(look: impl FnOnce(&mut World) -> T) -> T {
    WORLD.with_borrow_mut(look)
}

/// Begins a test with an empty world.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// cache::put("left over", "from another test", 60)?;
/// fake::reset();
/// assert_eq!(cache::get("left over"), None);
/// # Ok::<(), Error>(())
/// ```
pub fn reset() {
    with(|world| *world = World::default());
}

/// The request comes from a browser in which this user is signed in.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// # fake::reset();
/// let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// fake::sign_in(&ada);
/// assert_eq!(sessions::require()?.user.id(), ada.id());
/// # Ok::<(), Error>(())
/// ```
pub fn sign_in(user: &crate::users::User) {
    let session = serde_json::json!({ "id": "session-0", "token": "token-0", "userId": user.id() });
    let signed_in = serde_json::json!({ "session": session, "user": user });
    with(|world| {
        world.live.insert("token-0".to_owned(), signed_in.clone());
        world.session = Some(signed_in);
    });
}

/// The request comes from a browser in which nobody is signed in.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// # fake::reset();
/// fake::sign_in(&users::create(&json!({ "email": "ada@example.com" }))?);
/// fake::sign_out();
/// assert!(sessions::current()?.is_none());
/// # Ok::<(), Error>(())
/// ```
pub fn sign_out() {
    with(|world| world.session = None);
}

/// Sets fields of the request's session: those that the plugin adds to sessions, `createdAt`.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// # fake::reset();
/// # fake::sign_in(&users::create(&json!({ "email": "ada@example.com" }))?);
/// fake::set_session(&json!({ "tenant": "acme" }));
/// assert_eq!(sessions::require()?.get("tenant"), Some(&json!("acme")));
/// # Ok::<(), Error>(())
/// ```
pub fn set_session(fields: &Value) {
    let Some(fields) = fields.as_object() else { return };
    with(|world| {
        let session = world.session.as_mut().and_then(|session| session.get_mut("session")?.as_object_mut());
        session.map(|session| session.extend(fields.clone()))
    });
}

/// Lets time pass.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// # fake::reset();
/// verifications::create("news:t-1", "ada@example.com", 3600)?;
/// fake::pass_secs(3601);
/// assert_eq!(verifications::consume("news:t-1")?, None, "the link is too old");
/// # Ok::<(), Error>(())
/// ```
pub fn pass_secs(secs: u64) {
    with(|world| world.now_millis += secs * 1000);
}

/// An endpoint that the plugin calls answers so.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// # fake::reset();
/// fake::answer_endpoint("GET", "/get-session", 200, &Value::Null);
/// assert!(endpoints::get("/get-session", &[])?.body().is_null());
/// assert_eq!(endpoints::get("/list-accounts", &[])?.status(), 404, "nobody said what it answers");
/// # Ok::<(), Error>(())
/// ```
pub fn answer_endpoint(method: &str, path: &str, status: u16, body: &Value) {
    with(|world| world.endpoint_answers.insert((method.to_owned(), path.to_owned()), (status, body.clone())));
}

/// Another server answers requests of this URL so. Its host is one that the manifest names, or of
/// [`allowed_hosts`](World::allowed_hosts).
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// # fake::reset();
/// fake::answer_http("https://api.example.com/price", 200, "12.5");
/// let price: f64 = http::Request::get("https://api.example.com/price").send()?.json()?;
/// assert_eq!(price, 12.5);
/// assert!(http::Request::get("https://api.example.com/other").send().is_err());
/// # Ok::<(), Error>(())
/// ```
pub fn answer_http(url: &str, status: u16, body: &str) {
    let answer = Incoming { status, headers: Vec::new(), body: body.as_bytes().to_vec() };
    with(|world| world.http_answers.insert(url.to_owned(), answer));
}

/// Another plugin, or the operator, adds this field to users: it has its type and its default, and who does not name it in
/// [`reads_users`](crate::Plugin::reads_users) does not see it when it is hidden.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// fake::reset();
/// fake::add_user_field(FieldRule::new("tier", FieldType::String).default_value("free"));
/// let user = users::create(&json!({ "email": "ada@example.com" }))?;
/// assert_eq!(user.get("tier"), Some(&json!("free")));
/// # Ok::<(), Error>(())
/// ```
pub fn add_user_field(field: FieldRule) {
    with(|world| world.user_fields.push(field));
}
