//! Databases that cannot be reached, and connections that are lost.

use std::sync::Arc;
use std::time::Duration;

use doorward::store::{Models, Schema, Store, StoreError, StoreOptions};

use super::{Place, TestStore, on_postgres, user};

fn open(url: &str) -> Result<Store, StoreError> {
    let options = StoreOptions { acquire_timeout: Duration::from_secs(2), ..StoreOptions::default() };
    Store::open(url, Arc::new(Schema::core()), options)
}

#[tokio::test]
async fn an_unreachable_database_is_unavailable() {
    assert!(matches!(open("sqlite:///no/such/folder/x.db"), Err(StoreError::Unavailable(_))));
    assert!(matches!(open("mysql://root@127.0.0.1/x"), Err(StoreError::InvalidInput { .. })));
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

async fn survive_lost_connections(place: Place) {
    let store = place.core().await;
    for round in 0..5 {
        let transaction = store.begin().await.unwrap();
        transaction.insert(user(&store, &format!("lost{round}"))).await.unwrap();
        place
            .sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
            .await;
        assert!(matches!(transaction.insert(user(&store, "next")).await, Err(StoreError::Unavailable(_))));
        drop(transaction);
        assert_eq!(store.count_all("user").await, round);
        let transaction = store.begin().await.unwrap();
        transaction.insert(user(&store, &format!("kept{round}"))).await.unwrap();
        transaction.commit().await.unwrap();
    }
}
