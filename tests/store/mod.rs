//! The store's tests: one list of cases, run on SQLite and on PostgreSQL.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in the functions it calls too"
)]

mod files;
mod migrations;
mod misfits;
mod outages;
mod queries;
mod races;
mod tables;
mod takeover;
mod transactions;

use std::env;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use doorward::clock::Timestamp;
use doorward::store::{Backend, Models, Record, Schema, Store, StoreOptions, Value};
use url::Url;

/// A superuser's URL of a PostgreSQL server; each test makes a database of its own there.
const POSTGRES_URL: &str = "DOORWARD_TEST_POSTGRES_URL";

/// An empty database of one kind.
#[derive(Clone)]
pub struct Place {
    /// Which kind.
    pub backend: Backend,
    /// Where it is.
    pub url: String,
}

impl Place {
    /// Opens the database with these models, as it is.
    fn open(&self, schema: Schema) -> Store {
        self.open_with(schema, StoreOptions::default())
    }

    fn open_with(&self, schema: Schema, options: StoreOptions) -> Store {
        Store::open(&self.url, Arc::new(schema), options).unwrap()
    }

    /// Opens the database with the core's models and the rate limiter's, migrated.
    async fn core(&self) -> Store {
        self.migrated(StoreOptions::default()).await
    }

    async fn migrated(&self, options: StoreOptions) -> Store {
        let mut schema = Schema::core();
        schema.add_rate_limit().unwrap();
        let store = self.open_with(schema, options);
        store.migrate().await.unwrap();
        store
    }

    /// Runs SQL beside the store, as another program would.
    pub async fn sql(&self, sql: &str) {
        match self.backend {
            Backend::Sqlite => {
                let path = self.url.strip_prefix("sqlite://").unwrap();
                let mut connection = SqliteConnection::establish(path).unwrap();
                connection.batch_execute(&format!("PRAGMA busy_timeout = 5000; {sql}")).unwrap();
            }
            Backend::Postgres => {
                AsyncPgConnection::establish(&self.url).await.unwrap().batch_execute(sql).await.unwrap()
            }
        }
    }
}

/// A lock that another program holds until this is dropped.
#[allow(dead_code, reason = "a connection is there to be held")]
pub enum Lock {
    Sqlite(SqliteConnection),
    Postgres(Box<AsyncPgConnection>),
}

impl Place {
    /// Keeps everybody from writing, and on PostgreSQL from reading this table.
    pub async fn lock(&self, table: &str) -> Lock {
        match self.backend {
            Backend::Sqlite => {
                let mut connection = SqliteConnection::establish(self.url.strip_prefix("sqlite://").unwrap()).unwrap();
                connection.batch_execute("PRAGMA busy_timeout = 5000; BEGIN EXCLUSIVE").unwrap();
                Lock::Sqlite(connection)
            }
            Backend::Postgres => {
                let mut connection = AsyncPgConnection::establish(&self.url).await.unwrap();
                connection
                    .batch_execute(&format!("BEGIN; LOCK TABLE \"{table}\" IN ACCESS EXCLUSIVE MODE"))
                    .await
                    .unwrap();
                Lock::Postgres(Box::new(connection))
            }
        }
    }
}

/// Runs a case on an empty SQLite file.
pub async fn on_sqlite<F: Future<Output = ()>>(case: impl FnOnce(Place) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("test.db").display());
    case(Place { backend: Backend::Sqlite, url }).await;
}

/// Runs a case on an empty PostgreSQL database, which stays there for a look if the case fails.
pub async fn on_postgres<F: Future<Output = ()>>(case: impl FnOnce(Place) -> F) {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let Ok(server) = env::var(POSTGRES_URL) else {
        assert!(
            env::var("DOORWARD_TEST_SQLITE_ONLY").is_ok_and(|value| value == "1"),
            "set {POSTGRES_URL} to a superuser's URL of a PostgreSQL server, or DOORWARD_TEST_SQLITE_ONLY=1"
        );
        return;
    };
    let name = format!("doorward_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let mut admin = AsyncPgConnection::establish(&server).await.unwrap();
    admin.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    let mut url = Url::parse(&server).unwrap();
    url.set_path(&name);
    case(Place { backend: Backend::Postgres, url: url.into() }).await;
    admin.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
}

/// Makes a test of each case for each database.
macro_rules! on_both {
    ($($case:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                crate::store::on_sqlite(super::$case).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                crate::store::on_postgres(super::$case).await;
            })*
        }
    };
}
pub(crate) use on_both;

/// A moment of the tests.
const NOW: Timestamp = Timestamp(1_795_336_883_051);

fn record(store: &Store, model: &str, values: &[(&str, Value)]) -> Record {
    let mut record = Record::new(store.schema_of(model));
    for (field, value) in values {
        record.set(field, value.clone()).unwrap();
    }
    record
}

fn user(store: &Store, id: &str) -> Record {
    let email = format!("{id}@example.com");
    let values = [
        ("id", id.into()),
        ("name", "Ada".into()),
        ("email", email.into()),
        ("createdAt", NOW.into()),
        ("updatedAt", NOW.into()),
    ];
    record(store, "user", &values)
}

fn verification(store: &Store, id: &str, identifier: &str, created_at: Timestamp) -> Record {
    let values = [
        ("id", id.into()),
        ("identifier", identifier.into()),
        ("value", format!("value of {id}").into()),
        ("expiresAt", NOW.plus_secs(300).into()),
        ("createdAt", created_at.into()),
        ("updatedAt", created_at.into()),
    ];
    record(store, "verification", &values)
}

/// Short ways to say what tests say often.
trait TestStore {
    fn schema_of(&self, model: &str) -> &Arc<doorward::store::Model>;
    fn count_all(&self, model: &str) -> impl Future<Output = u64>;
}

impl TestStore for Store {
    fn schema_of(&self, model: &str) -> &Arc<doorward::store::Model> {
        doorward::store::Database::schema(self).model(model).unwrap()
    }

    async fn count_all(&self, model: &str) -> u64 {
        self.count(model, &[]).await.unwrap()
    }
}

/// Options under which a forgotten transaction is soon rolled back.
fn impatient() -> StoreOptions {
    StoreOptions { idle_transaction_timeout: Duration::from_millis(50), ..StoreOptions::default() }
}
