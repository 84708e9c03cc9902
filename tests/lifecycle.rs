//! Lifecycle events: observers see every write, may alter or refuse it, and share its transaction.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use doorward::auth::lifecycle::{Action, Change, Observer};
use doorward::auth::{Auth, Scope, session, user_change, verification};
use doorward::error::ApiError;
use doorward::outbox;
use doorward::store::{Database, Models, Record, StoreError, Value, eq};
use serde_json::{Map, json};

use crate::fixture::Fixture;
use crate::routes::{ada, sign_up};
use crate::store::{Place, on_both};

on_both!(
    every_write_is_seen_in_order,
    a_before_observer_changes_what_is_written,
    a_value_that_does_not_fit_is_refused,
    a_refusal_before_leaves_nothing_behind,
    a_refusal_after_undoes_the_whole_request,
    an_observer_writes_in_the_same_transaction,
    a_guarded_update_stays_guarded,
    a_race_for_a_verification_has_one_winner,
    observed_updates_of_one_row_lose_nothing,
    an_observer_knows_the_request_and_who_acts,
    mail_of_an_observer_commits_with_its_change,
);

type Before = Box<dyn Fn(&mut Change) -> Result<(), ApiError> + Send + Sync>;
type After = Box<dyn Fn(&Scope, Action, &Record) -> Result<(), ApiError> + Send + Sync>;

/// Notes what it sees, then does what the test wants.
struct Watcher {
    seen: Mutex<Vec<String>>,
    before: Before,
    after: After,
}

#[async_trait]
impl Observer for Watcher {
    fn observes(&self, _model: &str, _action: Action) -> bool {
        true
    }

    async fn before(&self, _scope: &Scope, change: &mut Change) -> Result<(), ApiError> {
        self.seen.lock().unwrap().push(format!("before {:?} {}", change.action(), change.model()));
        (self.before)(change)
    }

    async fn after(&self, scope: &Scope, change: &Change, row: &Record) -> Result<(), ApiError> {
        let action = change.action();
        self.seen.lock().unwrap().push(format!("after {action:?} {}", row.model().name));
        (self.after)(scope, action, row)
    }
}

impl Watcher {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

fn watch(server: &Fixture, before: Before, after: After) -> Arc<Watcher> {
    let watcher = Arc::new(Watcher { seen: Mutex::default(), before, after });
    server.decide(|deciders| deciders.observers = Arc::new(vec![Arc::<Watcher>::clone(&watcher)]));
    watcher
}

fn only_watch(server: &Fixture) -> Arc<Watcher> {
    watch(server, Box::new(|_| Ok(())), Box::new(|_, _, _| Ok(())))
}

fn refusal() -> ApiError {
    ApiError::new(403, "NOT_TODAY", "Not today")
}

async fn every_write_is_seen_in_order(place: Place) {
    let server = Fixture::start(&place, "").await;
    let watcher = only_watch(&server);
    let cookie = sign_up(&server).await.cookie();
    let both = |action: &str, model: &str| [format!("before {action} {model}"), format!("after {action} {model}")];
    let made = [both("Create", "user"), both("Create", "account"), both("Create", "session")].concat();
    assert_eq!(watcher.take(), made);
    server.pass_secs(86_400);
    assert_eq!(server.get("/get-session", &cookie).await.status, 200);
    assert_eq!(watcher.take(), both("Update", "session"));
    let headers = [("cookie", cookie.as_str()), ("origin", "http://localhost:3000")];
    assert_eq!(server.send("POST", "/sign-out", &headers, "").await.status, 200);
    assert_eq!(watcher.take(), both("Delete", "session"));
    let auth = server.auth();
    verification::create(auth, &server.scope(), "x", "1", 60).await.unwrap();
    assert_eq!(verification::consume(auth, &server.scope(), "x").await.unwrap().as_deref(), Some("1"));
    assert_eq!(watcher.take(), [both("Create", "verification"), both("Delete", "verification")].concat());
    let id = server.records("user").await[0].text("id").to_owned();
    assert!(user_change::delete(auth, &server.scope(), &id).await.unwrap());
    assert_eq!(watcher.take(), [both("Delete", "account"), both("Delete", "user")].concat());
}

async fn a_before_observer_changes_what_is_written(place: Place) {
    let server = Fixture::start(&place, "").await;
    let rename = |change: &mut Change| match change.model() {
        "user" => change.set("name", "Lady Ada").map_err(ApiError::from),
        _ => Ok(()),
    };
    watch(&server, Box::new(rename), Box::new(|_, _, _| Ok(())));
    assert_eq!(sign_up(&server).await.json()["user"]["name"], json!("Lady Ada"));
    let id = server.records("user").await[0].text("id").to_owned();
    let fields = vec![("image".to_owned(), Value::from("a.png")), ("name".to_owned(), Value::from("x"))];
    let changed = user_change::update(server.auth(), &server.scope(), &id, fields).await.unwrap().unwrap();
    assert_eq!((changed.name(), changed.image()), ("Lady Ada", Some("a.png")));
}

async fn a_value_that_does_not_fit_is_refused(place: Place) {
    let server = Fixture::start(&place, "").await;
    let problems: Arc<Mutex<Vec<bool>>> = Arc::default();
    let noted = Arc::clone(&problems);
    let misuse = move |change: &mut Change| {
        let is_invalid = |result: Result<(), StoreError>| matches!(result, Err(StoreError::InvalidInput { .. }));
        let mut noted = noted.lock().unwrap();
        noted.push(is_invalid(change.set("name", 1)) && is_invalid(change.set("nonsense", "x")));
        if change.action() != Action::Create {
            noted.push(is_invalid(change.set("id", "mine")));
        }
        Ok(())
    };
    watch(&server, Box::new(misuse), Box::new(|_, _, _| Ok(())));
    sign_up(&server).await;
    let user = server.records("user").await.remove(0);
    let fields = vec![("image".to_owned(), Value::from("a.png"))];
    user_change::update(server.auth(), &server.scope(), user.text("id"), fields).await.unwrap();
    assert_eq!(server.records("user").await[0].text("id"), user.text("id"));
    assert!(problems.lock().unwrap().iter().all(|is_invalid| *is_invalid));
}

async fn a_refusal_before_leaves_nothing_behind(place: Place) {
    let server = Fixture::start(&place, "").await;
    for refused in ["user", "account", "session"] {
        let refuse = move |change: &mut Change| if change.model() == refused { Err(refusal()) } else { Ok(()) };
        watch(&server, Box::new(refuse), Box::new(|_, _, _| Ok(())));
        let answer = server.post("/sign-up/email", &ada()).await;
        assert_eq!(answer.refusal(), "403 NOT_TODAY Not today");
        assert!(answer.headers.get("set-cookie").is_none());
        assert_eq!([server.rows("user").await, server.rows("account").await, server.rows("session").await], [0, 0, 0]);
    }
}

async fn a_refusal_after_undoes_the_whole_request(place: Place) {
    let server = Fixture::start(&place, "").await;
    let refuse = |_: &Scope, _, row: &Record| if row.model().name == "session" { Err(refusal()) } else { Ok(()) };
    watch(&server, Box::new(|_| Ok(())), Box::new(refuse));
    assert_eq!(server.post("/sign-up/email", &ada()).await.status, 403);
    assert_eq!([server.rows("user").await, server.rows("account").await, server.rows("session").await], [0, 0, 0]);
    // Who ignores the refusal cannot commit what it was about.
    let auth = server.auth();
    watch(&server, Box::new(|_| Ok(())), Box::new(|_, _, _| Err(refusal())));
    let transaction = auth.store.begin().await.unwrap();
    let scope = Scope::new(transaction.shared(), server.observers());
    assert!(verification::create(auth, &scope, "x", "1", 60).await.is_err());
    assert!(transaction.commit().await.is_err());
    assert!(verification::create(auth, &server.scope(), "x", "1", 60).await.is_err());
    assert_eq!(server.rows("verification").await, 0);
}

/// Keeps a verification for each new user.
struct Recorder;

#[async_trait]
impl Observer for Recorder {
    fn observes(&self, model: &str, action: Action) -> bool {
        model == "user" && action == Action::Create
    }

    async fn before(&self, _scope: &Scope, _change: &mut Change) -> Result<(), ApiError> {
        Ok(())
    }

    async fn after(&self, scope: &Scope, _change: &Change, row: &Record) -> Result<(), ApiError> {
        let mut record = Record::new(scope.schema().model("verification")?);
        for (field, value) in [("id", "v"), ("identifier", "new-user"), ("value", row.text("id"))] {
            record.set(field, value)?;
        }
        for field in ["expiresAt", "createdAt", "updatedAt"] {
            record.set(field, row.get("createdAt").clone())?;
        }
        scope.insert(record).await?;
        Ok(())
    }
}

async fn an_observer_writes_in_the_same_transaction(place: Place) {
    let server = Fixture::start(&place, "").await;
    let refuse = |change: &mut Change| if change.model() == "account" { Err(refusal()) } else { Ok(()) };
    let watcher = Watcher { seen: Mutex::default(), before: Box::new(refuse), after: Box::new(|_, _, _| Ok(())) };
    server.decide(|deciders| deciders.observers = Arc::new(vec![Arc::new(Recorder), Arc::new(watcher)]));
    assert_eq!(server.post("/sign-up/email", &ada()).await.status, 403);
    assert_eq!(server.rows("verification").await, 0);
    server.decide(|deciders| deciders.observers = Arc::new(vec![Arc::new(Recorder)]));
    sign_up(&server).await;
    let kept = server.store().find_one("verification", &[eq("identifier", "new-user")]).await.unwrap().unwrap();
    assert_eq!(kept.text("value"), server.records("user").await[0].text("id"));
}

async fn a_guarded_update_stays_guarded(place: Place) {
    let server = Fixture::start(&place, "").await;
    sign_up(&server).await;
    let token = server.records("session").await[0].text("token").to_owned();
    only_watch(&server);
    let auth = server.auth();
    let user_id = server.records("user").await[0].text("id").to_owned();
    assert_eq!(session::end_all(auth, &server.scope(), &user_id, Some(&token)).await.unwrap(), 0);
    assert_eq!(session::end_all(auth, &server.scope(), &user_id, None).await.unwrap(), 1);
    assert!(session::end(auth, &server.scope(), &token).await.unwrap().is_none());
}

async fn a_race_for_a_verification_has_one_winner(place: Place) {
    let server = Fixture::start(&place, "").await;
    only_watch(&server);
    let auth = server.auth();
    verification::create(auth, &server.scope(), "x", "1", 60).await.unwrap();
    let racers = (0..20).map(|_| async { verification::consume(auth, &server.scope(), "x").await.unwrap() });
    let winners = futures_util::future::join_all(racers).await.into_iter().flatten().count();
    assert_eq!(winners, 1);
}

async fn observed_updates_of_one_row_lose_nothing(place: Place) {
    let options = "[user.additional_fields]\ncredits = { type = \"number\", default_value = 0, input = false }";
    let server = Fixture::start(&place, options).await;
    sign_up(&server).await;
    let count = |change: &mut Change| match (change.model(), change.action()) {
        ("user", Action::Update) => {
            let credits = change.row().integer("credits").unwrap_or(0);
            change.set("credits", credits + 1).map_err(ApiError::from)
        }
        _ => Ok(()),
    };
    watch(&server, Box::new(count), Box::new(|_, _, _| Ok(())));
    let id = server.records("user").await[0].text("id").to_owned();
    let updates = (0..30).map(async |number| {
        let fields = vec![("name".to_owned(), Value::from(format!("Ada {number}")))];
        user_change::update(server.auth(), &server.scope(), &id, fields).await.unwrap()
    });
    futures_util::future::join_all(updates).await;
    assert_eq!(server.records("user").await[0].integer("credits"), Some(30));
}

async fn an_observer_knows_the_request_and_who_acts(place: Place) {
    let server = Fixture::start(&place, "").await;
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = Arc::clone(&seen);
    let note = move |scope: &Scope, _, row: &Record| {
        let cause = scope.cause().map_or_else(
            || "none".to_owned(),
            |cause| {
                let actor = cause.actor().map_or_else(|| "nobody".to_owned(), |active| active.user.email().to_owned());
                format!("{} {} {:?} {actor}", cause.head.method, cause.head.path, cause.head.client_address)
            },
        );
        noted.lock().unwrap().push(format!("{}: {cause}", row.model().name));
        Ok(())
    };
    watch(&server, Box::new(|_| Ok(())), Box::new(note));
    let cookie = sign_up(&server).await.cookie();
    assert_eq!(server.post_as("/update-user", &cookie, &json!({ "name": "Ada L." })).await.status, 200);
    let auth = server.auth();
    verification::create(auth, &server.scope(), "x", "1", 60).await.unwrap();
    let address = server.records("session").await[0].text("ipAddress").to_owned();
    let beneath = |model: &str, path: &str, actor: &str| format!("{model}: POST {path} {:?} {actor}", Some(&address));
    assert_eq!(
        *seen.lock().unwrap(),
        [
            beneath("user", "/sign-up/email", "nobody"),
            beneath("account", "/sign-up/email", "nobody"),
            beneath("session", "/sign-up/email", "nobody"),
            beneath("user", "/update-user", "ada@example.com"),
            "verification: none".to_owned(),
        ]
    );
}

/// Writes a mail for each new user, through the transaction of the change.
struct Greeter(Arc<Auth>);

#[async_trait]
impl Observer for Greeter {
    fn observes(&self, model: &str, action: Action) -> bool {
        model == "user" && action == Action::Create
    }

    async fn before(&self, _scope: &Scope, _change: &mut Change) -> Result<(), ApiError> {
        Ok(())
    }

    async fn after(&self, scope: &Scope, _change: &Change, row: &Record) -> Result<(), ApiError> {
        outbox::enqueue(&self.0, scope, "verify-email", row.text("email"), &Map::new()).await?;
        scope.note_queued_mail();
        Ok(())
    }
}

async fn mail_of_an_observer_commits_with_its_change(place: Place) {
    let server = Fixture::start(&place, "").await;
    let refuse = |change: &mut Change| if change.model() == "session" { Err(refusal()) } else { Ok(()) };
    let watcher = Watcher { seen: Mutex::default(), before: Box::new(refuse), after: Box::new(|_, _, _| Ok(())) };
    let greeter = Arc::new(Greeter(Arc::clone(server.auth())));
    server.decide(|deciders| deciders.observers = Arc::new(vec![Arc::<Greeter>::clone(&greeter), Arc::new(watcher)]));
    assert_eq!(server.post("/sign-up/email", &ada()).await.status, 403);
    assert_eq!(server.rows("doorward_outbox").await, 0);
    server.decide(|deciders| deciders.observers = Arc::new(vec![greeter]));
    let woken = server.auth().mail_queued.notified();
    sign_up(&server).await;
    assert_eq!(server.rows("doorward_outbox").await, 1);
    woken.await;
}
