//! Databases that cannot be reached, and connections that are lost.

use std::sync::Arc;
use std::time::Duration;

use doorward::store::session::find_session_with_user;
use doorward::store::{Models, Schema, Store, StoreError, StoreOptions, eq};
use futures_util::future::join_all;
use serde_json::json;

use super::cluster::Cluster;
use super::tables::insert_session;
use super::{Place, TestStore, on_postgres, user};
use crate::fixture::{Answer, Fixture};

fn open(url: &str) -> Result<Store, StoreError> {
    let options = StoreOptions { acquire_timeout: Duration::from_secs(2), ..StoreOptions::default() };
    Store::open(url, Arc::new(Schema::core()), options)
}

#[tokio::test]
async fn an_unreachable_database_is_unavailable() {
    assert!(matches!(open("sqlite:///no/such/folder/x.db"), Err(StoreError::Unavailable(_))));
    assert!(matches!(open("mssql://root@127.0.0.1/x"), Err(StoreError::InvalidInput { .. })));
    for url in ["sqlite://", "sqlite://:memory:"] {
        assert!(matches!(open(url), Err(StoreError::InvalidInput { .. })), "{url}");
    }
    let store = open("postgres://user:hunter22@127.0.0.1:1/x").unwrap();
    let error = store.count("user", &[]).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)));
    assert!(!format!("{error} {error:?}").contains("hunter22"));
    assert!(matches!(store.begin().await, Err(StoreError::Unavailable(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_connections_are_replaced() {
    on_postgres(survive_lost_connections).await;
}

const MANAGED: &str = "management = { address = \"127.0.0.1:0\" }";

pub const END_ALL: &str = "select pg_terminate_backend(pid) from pg_stat_activity \
    where datname = current_database() and pid <> pg_backend_pid()";

/// A transaction goes on where it was; what it has committed and what it has rolled back stays so.
async fn survive_lost_connections(place: Place) {
    let store = place.core().await;
    for round in 0..5 {
        let transaction = store.begin().await.unwrap();
        transaction.insert(user(&store, &format!("kept{round}"))).await.unwrap();
        place.sql(END_ALL).await;
        transaction.insert(user(&store, &format!("next{round}"))).await.unwrap();
        transaction.commit().await.unwrap();
        let transaction = store.begin().await.unwrap();
        transaction.insert(user(&store, "undone")).await.unwrap();
        place.sql(END_ALL).await;
        drop(transaction);
        place.sql(END_ALL).await;
        assert_eq!(store.count_all("user").await, 2 * (round + 1));
    }
}

/// What several look up at once goes over one connection. Nobody gets another's answer, whatever becomes of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_are_looked_up_together() {
    const USERS: usize = 20;
    on_postgres(async |place| {
        let store = place.core().await;
        for number in 0..USERS {
            store.insert(user(&store, &format!("u{number}"))).await.unwrap();
            insert_session(&store, &format!("u{number}"), &format!("t{number}"), 0).await;
        }
        for round in 0..USERS {
            let looks = (0..10 * USERS).map(|look| {
                let (store, number) = (store.clone(), look % USERS);
                tokio::spawn(async move {
                    let found = find_session_with_user(&store, &format!("t{number}")).await.unwrap();
                    (number, found.map(|(session, user)| (session.token().to_owned(), user.id().to_owned())))
                })
            });
            let looks = looks.collect::<Vec<_>>();
            if round % 3 == 1 {
                place.sql(END_ALL).await;
            }
            for (number, found) in join_all(looks).await.into_iter().map(Result::unwrap) {
                let expected = (number >= round).then(|| (format!("t{number}"), format!("u{number}")));
                assert_eq!(found, expected, "round {round}");
            }
            // Who gives up half-way leaves the answers of others as they are.
            let lost = tokio::spawn({
                let store = store.clone();
                async move { find_session_with_user(&store, "t19").await }
            });
            tokio::task::yield_now().await;
            lost.abort();
            // A transaction begins anew where its connection was ended; of a statement alone, nobody would know what it did.
            let transaction = store.begin().await.unwrap();
            assert_eq!(transaction.delete("session", &[eq("token", format!("t{round}"))]).await.unwrap(), 1);
            transaction.commit().await.unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_turns_read_only_is_noticed_and_comes_back() {
    on_postgres(async |place| {
        let server = Fixture::start(&place, MANAGED).await;
        let name = place.url.rsplit('/').next().unwrap();
        let turn = async |mode: &str| {
            let alter = format!("alter database {name} set default_transaction_read_only = {mode}");
            place.sql(&format!("begin read write; {alter}; commit")).await;
            place.sql(END_ALL).await;
        };
        let ready = async || server.manage("GET", "/ready", &[], "").await.status;
        assert_eq!(ready().await, 200);
        turn("on").await;
        assert_eq!(ready().await, 503);
        let refused = sign_up(&server, "a").await;
        assert_eq!((refused.status, refused.headers.get("retry-after")), (503, Some("1")));
        turn("off").await;
        assert_eq!(ready().await, 200);
        assert_eq!(sign_up(&server, "a").await.status, 200);
    })
    .await;
}

/// A cluster of its own, killed and started again under a running server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_killed_is_used_again_without_a_restart() {
    on_postgres(async |_| {
        let cluster = Cluster::start();
        let server = Fixture::start(&cluster.place, MANAGED).await;
        for round in 0..2 {
            assert_eq!(sign_up(&server, &format!("before{round}")).await.status, 200);
            cluster.halt();
            let refused = sign_up(&server, &format!("meanwhile{round}")).await;
            assert_eq!(refused.refusal(), "503 SERVER_BUSY The server is busy. Please try again later.");
            assert_eq!(refused.headers.get("retry-after"), Some("1"));
            assert_eq!(server.manage("GET", "/ready", &[], "").await.status, 503);
            assert_eq!(server.manage("GET", "/health", &[], "").await.status, 200);
            let metrics = server.manage("GET", "/metrics", &[], "").await.text;
            assert!(metrics.contains("doorward_database_up 0") && !metrics.contains("outbox_depth"), "{metrics}");
            cluster.resume();
            assert_eq!(server.manage("GET", "/ready", &[], "").await.status, 200);
            assert_eq!(sign_up(&server, &format!("after{round}")).await.status, 200);
        }
    })
    .await;
}

async fn sign_up(server: &Fixture, name: &str) -> Answer {
    let body = json!({ "name": name, "email": format!("{name}@example.com"), "password": "password1234" });
    server.post("/sign-up/email", &body).await
}
