//! A server in this process for route tests: a real database, a clock that the test moves, plain requests and answers.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use doorward::app::{App, open_store};
use doorward::auth::lifecycle::Observers;
use doorward::auth::{Auth, Scope};
use doorward::clock::{Clock, Timestamp};
use doorward::config::Config;
use doorward::crypto::random::{Random, SystemRandom};
use doorward::exchange::Deciders;
use doorward::http::{Headers, Mount, Query, Request, Response};
use doorward::mail::Mail;
use doorward::pipeline::Extensions;
use doorward::plugin_host::{PluginCounters, Ports};
use doorward::store::{Models, Record, Store};
use serde_json::Value as Json;

use crate::store::Place;
use crate::told;

/// Where the clock of every fixture begins: 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600_000;

/// The secret of servers that are started without another.
pub const SECRET: &str = "route-test-secret-0123456789-abcdefghij";

/// A clock that stands still until it is moved.
pub struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// The machine's randomness, which panics while a test wants it so.
#[derive(Default)]
struct TestRandom {
    panics: AtomicBool,
}

impl Random for TestRandom {
    fn fill(&self, bytes: &mut [u8]) {
        assert!(!self.panics.load(Ordering::SeqCst), "the test wants a panic");
        SystemRandom.fill(bytes);
    }
}

/// A running server and its database.
pub struct Fixture {
    app: App,
    clock: Arc<TestClock>,
    random: Arc<TestRandom>,
}

/// One route that the server has.
pub struct KnownRoute {
    /// In capitals.
    pub method: String,
    /// Below the base path, or the whole path.
    pub path: String,
    /// Whether it stands beside the base path.
    pub is_at_root: bool,
    /// Whether a plugin answers.
    pub is_of_plugin: bool,
}

/// An answer.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Every header, names in lower case.
    pub headers: Headers,
    /// The body as it came.
    pub text: String,
}

impl Answer {
    /// The body as JSON; `null` when it is empty.
    pub fn json(&self) -> Json {
        if self.text.is_empty() { Json::Null } else { serde_json::from_str(&self.text).unwrap() }
    }

    /// Status, code and message in one line.
    pub fn refusal(&self) -> String {
        let body = self.json();
        let part = |name: &str| body.get(name).and_then(Json::as_str).unwrap_or("-").to_owned();
        format!("{} {} {}", self.status, part("code"), part("message"))
    }

    /// `name=value` of the first cookie that is set, for the next request.
    pub fn cookie(&self) -> String {
        let line = self.headers.get("set-cookie").unwrap();
        line.split(';').next().unwrap().to_owned()
    }
}

impl Answer {
    /// Every cookie that is set and not removed, as the next request's `Cookie` header.
    pub fn cookies(&self) -> String {
        let set = self.headers.all("set-cookie").filter(|line| !line.contains("Max-Age=0;"));
        set.map(|line| line.split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
    }

    /// Every cookie of the answer in order: its name without the prefix, with a `-` before those that are removed.
    pub fn cookie_changes(&self) -> Vec<String> {
        let change = |line: &str| {
            let name = line.split('=').next().unwrap().rsplit_once("better-auth.").unwrap().1;
            format!("{}{name}", if line.contains("Max-Age=0;") { "-" } else { "" })
        };
        self.headers.all("set-cookie").map(change).collect()
    }
}

fn config(place: &Place, options: &str, secret: &str) -> Result<Config, String> {
    let text = format!(
        "secret = \"{secret}\"\ndatabase.url = \"{}\"\n\
         email_and_password.enabled = true\npassword_hashing = {{ memory_kib = 64, iterations = 1 }}\n{options}\n",
        place.url
    );
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tests");
    let mut config = Config::parse(&text, &folder, &BTreeMap::new()).map_err(|error| error.to_string())?;
    config.is_development = true;
    Ok(config)
}

impl Fixture {
    /// Starts a server without rate limits on `place`, with more options as dotted TOML keys.
    pub async fn start(place: &Place, options: &str) -> Self {
        Self::start_limited(place, &format!("rate_limit.enabled = false\n{options}")).await
    }

    /// As [`Fixture::start`], with the limits that a server has.
    pub async fn start_limited(place: &Place, options: &str) -> Self {
        Self::try_start(place, options).await.unwrap()
    }

    /// As [`Fixture::start_limited`], with another secret.
    pub async fn start_with_secret(place: &Place, options: &str, secret: &str) -> Self {
        Self::try_start_with_secret(place, options, secret).await.unwrap()
    }

    /// As [`Fixture::start_limited`], or why the server does not start.
    pub async fn try_start(place: &Place, options: &str) -> Result<Self, String> {
        Self::try_start_with_secret(place, options, SECRET).await
    }

    async fn try_start_with_secret(place: &Place, options: &str, secret: &str) -> Result<Self, String> {
        let config = config(place, options, secret)?;
        open_store(&config).map_err(|error| error.to_string())?.migrate().await.unwrap();
        let clock = Arc::new(TestClock(AtomicI64::new(START)));
        let random = Arc::<TestRandom>::default();
        let ports = Ports { clock: Arc::<TestClock>::clone(&clock), random: Arc::<TestRandom>::clone(&random) };
        let app = App::start_with(config, ports).await.map_err(|error| error.to_string())?;
        Ok(Self { app, clock, random })
    }

    /// Brings the tables up to date as `doorward migrate` does, with the plugins' part in it. Returns the statements.
    pub async fn migrate(place: &Place, options: &str) -> Vec<String> {
        let config = config(place, options, SECRET).unwrap();
        let store = open_store(&config).unwrap();
        doorward::commands::migrate::bring_up_to_date(&config, &store).await.unwrap().statements
    }

    /// Applies these options, and no rate limits.
    pub async fn reload(&self, place: &Place, options: &str) -> Result<Vec<String>, String> {
        let options = format!("rate_limit.enabled = false\n{options}");
        self.app.reload(&config(place, &options, SECRET)?).await.map_err(|error| error.to_string())
    }

    /// Stops what goes on beside requests, as a server does that is told to end.
    pub async fn stop(&self) {
        self.app.stop().await;
    }

    /// Lets whatever draws randomness panic, or no longer.
    pub fn panic_at_random(&self, panics: bool) {
        self.random.panics.store(panics, Ordering::SeqCst);
    }

    /// Moves the clock.
    pub fn pass_secs(&self, secs: i64) {
        self.clock.0.fetch_add(secs * 1000, Ordering::SeqCst);
    }

    /// The moment that the clock shows.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Puts others in place of those who decide.
    pub fn decide(&self, change: impl FnOnce(&mut Deciders)) {
        let mut extensions = Extensions::clone(&self.app.pipeline.extensions());
        let mut deciders = Deciders::clone(&extensions.deciders);
        change(&mut deciders);
        extensions.deciders = Arc::new(deciders);
        self.app.pipeline.replace(extensions);
    }

    /// Every route that a request can reach.
    pub fn routes(&self) -> Vec<KnownRoute> {
        let router = Arc::clone(&self.app.pipeline.extensions().router);
        let known = router.routes().chain(router.root_routes()).map(|route| KnownRoute {
            method: route.method.clone(),
            path: route.path.clone(),
            is_at_root: route.mount == Mount::Root,
            is_of_plugin: route.plugin.is_some(),
        });
        known.collect()
    }

    /// Configuration, store and ports, for a look behind the answers.
    pub fn auth(&self) -> &Arc<Auth> {
        self.app.pipeline.auth()
    }

    /// The store, with those who see changes now, for work that no request causes.
    pub fn scope(&self) -> Scope {
        Scope::new(Arc::<Store>::clone(&self.auth().store), self.observers())
    }

    /// Those who see changes now.
    pub fn observers(&self) -> Arc<Observers> {
        Arc::clone(&self.app.pipeline.extensions().deciders.observers)
    }

    /// What each script did.
    pub fn script_metrics(&self) -> Vec<doorward::hooks::ScriptCounts> {
        self.app.pipeline.script_counts()
    }

    /// The database, for a look behind the answers.
    pub fn store(&self) -> &Store {
        &self.auth().store
    }

    /// What was counted of the first plugin's calls.
    pub fn plugin_counters(&self) -> PluginCounters {
        self.app.pipeline.plugin_counters().remove(0)
    }

    /// The number of rows of a model.
    pub async fn rows(&self, model: &str) -> u64 {
        self.store().count(model, &[]).await.unwrap()
    }

    /// All rows of a model.
    pub async fn records(&self, model: &str) -> Vec<Record> {
        self.store().find_many(model, &[], None, None, None).await.unwrap()
    }

    /// Sends a `POST` with a JSON body and the server's own origin.
    pub async fn post(&self, path: &str, body: &Json) -> Answer {
        self.send(
            "POST",
            path,
            &[("origin", "http://localhost:3000"), ("content-type", "application/json")],
            body.to_string(),
        )
        .await
    }

    /// As [`Fixture::post`], with a `Cookie` header.
    pub async fn post_as(&self, path: &str, cookie: &str, body: &Json) -> Answer {
        let headers = [("origin", "http://localhost:3000"), ("content-type", "application/json"), ("cookie", cookie)];
        self.send("POST", path, &headers, body.to_string()).await
    }

    /// Every mail that was sent, newest first, once none is on its way.
    pub async fn mails(&self) -> Vec<Mail> {
        for _ in 0..1000 {
            if self.rows("doorward_outbox").await == 0 {
                return self.app.mailbox.as_ref().unwrap().mails();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("mail stays in the outbox");
    }

    /// The newest mail of a kind.
    pub async fn mail(&self, kind: &str) -> Mail {
        let mails = self.mails().await;
        let found = mails.iter().find(|mail| mail.kind == kind).cloned();
        found.unwrap_or_else(|| panic!("no {kind} among {mails:?}"))
    }

    /// Follows the link in a mail, with a `Cookie` header unless `cookie` is empty.
    pub async fn follow(&self, mail: &Mail, cookie: &str) -> Answer {
        let link = mail.data["url"].as_str().unwrap();
        let path = link.strip_prefix("http://localhost:3000/api/auth").unwrap();
        let headers = [("cookie", cookie)];
        self.send("GET", path, if cookie.is_empty() { &[] } else { &headers }, String::new()).await
    }

    /// How many users, accounts, sessions, verifications and unsent mails there are.
    pub async fn counts(&self) -> [u64; 5] {
        let mut counts = [0; 5];
        for (count, model) in counts.iter_mut().zip(["user", "account", "session", "verification", "doorward_outbox"]) {
            *count = self.rows(model).await;
        }
        counts
    }

    /// Sends a `GET` with a `Cookie` header.
    pub async fn get(&self, path: &str, cookie: &str) -> Answer {
        self.send("GET", path, &[("cookie", cookie)], String::new()).await
    }

    /// Sends any request to the management address.
    pub async fn manage(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<String>) -> Answer {
        let request = plain(method, path, headers, body.into());
        read(self.app.management.as_ref().unwrap().answer(&self.app.pipeline, request).await).await
    }

    /// Calls a function or an endpoint on the management address.
    pub async fn call_function(&self, key: &str, name: &str, call: &Json) -> Answer {
        let authorization = format!("Bearer {key}");
        self.manage("POST", &format!("/{name}"), &[("authorization", &authorization)], call.to_string()).await
    }

    /// Sends a request to a path at the server's root.
    pub async fn send_to_root(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send_to_root_with(method, path, headers, String::new()).await
    }

    /// As [`Fixture::send_to_root`], with a body.
    pub async fn send_to_root_with(&self, method: &str, path: &str, headers: &[(&str, &str)], body: String) -> Answer {
        let mut request = plain(method, path, headers, body);
        request.mount = Mount::Root;
        self.answer(request).await
    }

    /// Looks for settings that another server of the same database has changed.
    pub async fn look_for_settings(&self) -> bool {
        self.app.look_for_settings().await.unwrap()
    }

    /// Sends any request.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<String>) -> Answer {
        self.answer(plain(method, path, headers, body.into())).await
    }

    async fn answer(&self, request: Request) -> Answer {
        let head = Arc::clone(&request.head);
        let answer = read(self.app.pipeline.answer(request).await).await;
        told::hold(&self.app.pipeline.extensions(), &head, &answer);
        answer
    }
}

fn plain(method: &str, path: &str, headers: &[(&str, &str)], body: String) -> Request {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut request = Request::placeholder();
    request.id = "a-request-of-a-test".to_owned();
    request.method = method.to_owned();
    request.path = path.to_owned();
    request.query = Query::parse(query);
    request.raw_body = body.into();
    request.peer = Some([127, 0, 0, 1].into());
    for (name, value) in headers {
        request.headers.push(*name, *value);
    }
    request
}

async fn read(response: Response) -> Answer {
    let response = response.whole().await.unwrap();
    let text = String::from_utf8(response.body.to_vec()).unwrap();
    Answer { status: response.status, headers: response.headers, text }
}
