//! The store's tests: one list of cases, run on SQLite and on PostgreSQL.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in the functions it calls too"
)]

mod backup;
mod cluster;
mod files;
mod migrations;
mod misfits;
mod older;
mod outages;
mod promotion;
mod queries;
mod races;
mod references;
mod refusals;
mod repeats;
mod replicas;
mod steps;
mod tables;
mod takeover;
mod tls;
mod transactions;
mod try_again;
mod user_fields;

use std::env;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use doorward::clock::Timestamp;
use doorward::store::{Backend, Models, Record, Schema, Store, StoreOptions, Value};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use tokio_postgres::NoTls;
use tokio_postgres::error::SqlState;
use url::Url;

/// A superuser's URL of a PostgreSQL server; each test makes a database of its own there.
const POSTGRES_URL: &str = "DOORWARD_TEST_POSTGRES_URL";

/// The port of a pooler in transaction mode before that server, as `tests/pgbouncer` starts it. Tests go through it.
const POOLER_PORT: &str = "DOORWARD_TEST_POOLER_PORT";

/// If it is set, databases are as distributed ones are.
const STRICT: &str = "DOORWARD_TEST_STRICT";

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
            Backend::Postgres => execute(&direct(&self.url), sql).await.unwrap(),
            Backend::Mysql => execute_mysql(&self.url, sql).await,
        }
    }
}

/// A lock that another program holds until this is dropped.
#[allow(dead_code, reason = "a connection is there to be held")]
pub enum Lock {
    Sqlite(SqliteConnection),
    Postgres(tokio_postgres::Client),
    Mysql(Conn),
}

impl Place {
    /// Keeps everybody from writing, and from reading this table, but on SQLite.
    pub async fn lock(&self, table: &str) -> Lock {
        match self.backend {
            Backend::Sqlite => {
                let mut connection = SqliteConnection::establish(self.url.strip_prefix("sqlite://").unwrap()).unwrap();
                connection.batch_execute("PRAGMA busy_timeout = 5000; BEGIN EXCLUSIVE").unwrap();
                Lock::Sqlite(connection)
            }
            Backend::Postgres => {
                let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.unwrap();
                tokio::spawn(connection);
                client.batch_execute(&format!("BEGIN; LOCK TABLE \"{table}\" IN ACCESS EXCLUSIVE MODE")).await.unwrap();
                Lock::Postgres(client)
            }
            Backend::Mysql => {
                let mut connection = Conn::from_url(&self.url).await.unwrap();
                connection.query_drop(format!("lock tables `{table}` write")).await.unwrap();
                Lock::Mysql(connection)
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
    let Ok(server) = server() else {
        assert!(
            is_sqlite_alone(),
            "set {POSTGRES_URL} to a superuser's URL of a PostgreSQL server, or DOORWARD_TEST_SQLITE_ONLY=1"
        );
        return;
    };
    let name = format!("doorward_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    execute(&server, &format!("CREATE DATABASE {name}")).await.unwrap();
    let mut url = Url::parse(&server).unwrap();
    url.set_path(&name);
    if env::var(STRICT).is_ok() {
        make_strict(&mut url, &name).await;
    }
    if let Ok(port) = env::var(POOLER_PORT) {
        url.set_port(Some(port.parse().unwrap())).unwrap();
    }
    case(Place { backend: Backend::Postgres, url: url.into() }).await;
    execute(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
}

/// A URL of a MySQL or MariaDB server, for a user who may do anything; each test makes a database of its own there.
const MYSQL_URL: &str = "DOORWARD_TEST_MYSQL_URL";

/// Runs a case on an empty MySQL or MariaDB database.
pub async fn on_mysql<F: Future<Output = ()>>(case: impl FnOnce(Place) -> F) {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let Ok(server) = env::var(MYSQL_URL) else {
        assert!(
            is_sqlite_alone(),
            "set {MYSQL_URL} to the URL of a MySQL or MariaDB server, or DOORWARD_TEST_SQLITE_ONLY=1"
        );
        return;
    };
    let name = format!("doorward_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    execute_mysql(&server, &format!("create database {name}")).await;
    let mut url = Url::parse(&server).unwrap();
    url.set_path(&name);
    case(Place { backend: Backend::Mysql, url: url.into() }).await;
    execute_mysql(&server, &format!("drop database {name}")).await;
}

/// Runs SQL, which quotes names as the standard does, on a connection of its own to MySQL or MariaDB.
async fn execute_mysql(url: &str, sql: &str) {
    let mut connection = Conn::from_url(url).await.unwrap();
    connection.query_drop("set session sql_mode = concat(@@sql_mode, ',ANSI_QUOTES')").await.unwrap();
    for statement in sql.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
        connection.query_drop(statement).await.unwrap();
    }
    connection.disconnect().await.unwrap();
}

fn is_sqlite_alone() -> bool {
    env::var("DOORWARD_TEST_SQLITE_ONLY").is_ok_and(|value| value == "1")
}

/// The URL of the PostgreSQL server for its superuser, past any pooler.
fn server() -> Result<String, env::VarError> {
    env::var(POSTGRES_URL)
}

/// The URL without the pooler.
fn direct(url: &str) -> String {
    let mut url = Url::parse(url).unwrap();
    if env::var(POOLER_PORT).is_ok_and(|port| url.port().is_some_and(|own| own.to_string() == port)) {
        let server = Url::parse(&server().unwrap()).unwrap();
        url.set_port(server.port()).unwrap();
    }
    url.into()
}

/// Makes a database as distributed ones are: every transaction is serializable, there are no advisory locks, and the
/// server's user is no superuser. A superuser could still take the locks.
async fn make_strict(url: &mut Url, name: &str) {
    let make_user = "do $$ begin create role doorward_plain login; exception when others then null; end $$";
    execute(url.as_str(), make_user).await.unwrap();
    let sql = format!(
        "alter database {name} owner to doorward_plain;
         alter database {name} set default_transaction_isolation = 'serializable';
         do $$ declare f regprocedure; begin
           for f in select p.oid from pg_proc p where proname like 'pg%advisory%' loop
             execute format('revoke execute on function %s from public', f);
           end loop;
         end $$"
    );
    execute(url.as_str(), &sql).await.unwrap();
    url.set_username("doorward_plain").unwrap();
}

/// Runs SQL on a connection of its own to PostgreSQL.
pub async fn execute(url: &str, sql: &str) -> Result<(), tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    loop {
        match client.batch_execute(sql).await {
            // A server was faster.
            Err(error) if error.code() == Some(&SqlState::T_R_SERIALIZATION_FAILURE) => {}
            done => return done,
        }
    }
}

/// Makes a test of each case for each database. Those on MySQL run only when ignored tests are asked for.
macro_rules! on_both {
    ($($case:ident),* $(,)?) => {
        crate::store::on_backends!(#[ignore = "`tests/run --full` runs it"] $($case),*);
    };
}
pub(crate) use on_both;

/// As `on_both!`, and those on MySQL always run.
macro_rules! on_each {
    ($($case:ident),* $(,)?) => {
        crate::store::on_backends!(#[allow(clippy::allow_attributes)] $($case),*);
    };
}
pub(crate) use on_each;

macro_rules! on_backends {
    (#[$($mysql:tt)*] $($case:ident),*) => {
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
        mod mysql {
            crate::store::on_backends!(@mysql [#[$($mysql)*]] $($case),*);
        }
    };
    (@mysql $attribute:tt $($case:ident),*) => {
        $(crate::store::on_backends!(@case $attribute $case);)*
    };
    (@case [#[$($mysql:tt)*]] $case:ident) => {
        #[$($mysql)*]
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            crate::store::on_mysql(super::$case).await;
        }
    };
}
pub(crate) use on_backends;

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
