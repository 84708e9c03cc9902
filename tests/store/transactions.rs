//! Transactions: what commits, what does not, and that neighbours in one batch do not disturb each other.

use std::sync::Arc;

use doorward::store::{Database, Models, Savepoint, StoreError, StoreOptions, eq};
use futures_util::FutureExt;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::{NOW, Place, TestStore, impatient, on_each, record, user};

on_each!(
    commit_makes_visible,
    drop_and_rollback_undo,
    a_failed_statement_dooms_the_transaction,
    a_statement_that_nobody_waits_for_dooms_it_too,
    what_a_savepoint_undoes_dooms_nothing,
    a_forgotten_transaction_is_rolled_back,
    neighbours_do_not_disturb_each_other,
    callers_who_give_up_leave_nothing_behind,
    cascade,
    a_commit_survives_the_store,
    a_shared_handle_takes_part_and_cannot_keep_it_open,
);

async fn commit_makes_visible(place: Place) {
    let store = place.core().await;
    let transaction = store.begin().await.unwrap();
    transaction.insert(user(&store, "u1")).await.unwrap();
    assert_eq!(transaction.count("user", &[]).await.unwrap(), 1);
    assert_eq!(store.count_all("user").await, 0, "an uncommitted row is visible");
    transaction.commit().await.unwrap();
    assert_eq!(store.count_all("user").await, 1);
}

async fn drop_and_rollback_undo(place: Place) {
    let store = place.core().await;
    let dropped = store.begin().await.unwrap();
    dropped.insert(user(&store, "u1")).await.unwrap();
    drop(dropped);
    let rolled_back = store.begin().await.unwrap();
    rolled_back.insert(user(&store, "u2")).await.unwrap();
    rolled_back.rollback().await.unwrap();
    // Succeeds only when the row of the dropped transaction is gone: the addresses are the same.
    store.insert(user(&store, "u1")).await.unwrap();
    assert_eq!(store.count_all("user").await, 1);
}

async fn a_failed_statement_dooms_the_transaction(place: Place) {
    let store = place.core().await;
    store.insert(user(&store, "u1")).await.unwrap();
    let transaction = store.begin().await.unwrap();
    transaction.insert(user(&store, "u2")).await.unwrap();
    assert!(matches!(transaction.insert(user(&store, "u1")).await, Err(StoreError::UniqueViolation { .. })));
    assert!(transaction.insert(user(&store, "u3")).await.is_err());
    assert!(transaction.commit().await.is_err());
    assert_eq!(store.count_all("user").await, 1);
}

/// Sends a statement and drops its future before the answer.
fn give_up<T>(statement: impl Future<Output = T>) {
    // SQLite may have answered by now, which no test can keep it from.
    _ = statement.now_or_never();
}

async fn a_statement_that_nobody_waits_for_dooms_it_too(place: Place) {
    let store = place.core().await;
    store.insert(user(&store, "u1")).await.unwrap();
    let transaction = store.begin().await.unwrap();
    transaction.insert(user(&store, "u2")).await.unwrap();
    give_up(transaction.insert(user(&store, "u1")));
    assert!(transaction.commit().await.is_err());
    assert_eq!(store.count_all("user").await, 1);
    // One that succeeds counts, whether or not anybody waits for it.
    let transaction = store.begin().await.unwrap();
    give_up(transaction.insert(user(&store, "u3")));
    transaction.commit().await.unwrap();
    assert_eq!(store.count_all("user").await, 2);
}

async fn what_a_savepoint_undoes_dooms_nothing(place: Place) {
    let store = place.core().await;
    store.insert(user(&store, "u1")).await.unwrap();
    let transaction = store.begin().await.unwrap();
    transaction.insert(user(&store, "u2")).await.unwrap();
    let savepoint = Savepoint::set(&transaction, 1).await.unwrap();
    transaction.insert(user(&store, "u3")).await.unwrap();
    give_up(transaction.insert(user(&store, "u1")));
    transaction.forbid_commit();
    savepoint.undo().await.unwrap();
    transaction.insert(user(&store, "u4")).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(store.count_all("user").await, 3);
    let transaction = store.begin().await.unwrap();
    give_up(transaction.insert(user(&store, "u1")));
    assert!(transaction.insert(user(&store, "u5")).await.is_err(), "what follows a failure cannot be kept");
    assert!(transaction.commit().await.is_err());
}

async fn a_forgotten_transaction_is_rolled_back(place: Place) {
    let store = place.migrated(impatient()).await;
    let forgotten = store.begin().await.unwrap();
    forgotten.insert(user(&store, "u1")).await.unwrap();
    // Waits for the forgotten row: it has the same address.
    store.insert(user(&store, "u1")).await.unwrap();
    assert!(matches!(forgotten.count("user", &[]).await, Err(StoreError::Unavailable(_))));
    assert!(forgotten.commit().await.is_err());
    assert_eq!(store.count_all("user").await, 1);
}

async fn neighbours_do_not_disturb_each_other(place: Place) {
    let store = place.core().await;
    let first = store.begin().await.unwrap();
    first.insert(user(&store, "first")).await.unwrap();
    // On SQLite all of these wait behind the first one, and then share its commit.
    let barrier = Arc::new(Barrier::new(61));
    let mut tasks = JoinSet::new();
    for number in 0..60 {
        let (store, barrier) = (store.clone(), Arc::clone(&barrier));
        tasks.spawn(async move {
            barrier.wait().await;
            let record = user(&store, &format!("u{number}"));
            match number % 4 {
                0 => store.insert(record).await.map(drop),
                1 => {
                    let transaction = store.begin().await?;
                    transaction.insert(record).await?;
                    let id = format!("u{number}");
                    transaction.update("user", &[eq("id", id)], &[("name", "Grace".into())]).await?;
                    transaction.commit().await
                }
                2 => {
                    let transaction = store.begin().await?;
                    transaction.insert(record).await?;
                    drop(transaction);
                    Ok(())
                }
                _ => {
                    let transaction = store.begin().await?;
                    transaction.insert(record).await?;
                    transaction.insert(user(&store, "first")).await.map(drop)
                }
            }
            .map_err(|error| if number % 4 == 3 { error } else { panic!("{error}") })
        });
    }
    barrier.wait().await;
    first.commit().await.unwrap();
    let results = tasks.join_all().await;
    assert_eq!(results.iter().filter(|result| result.is_err()).count(), 15);
    assert_eq!(store.count_all("user").await, 31);
    assert_eq!(store.count("user", &[eq("name", "Grace")]).await.unwrap(), 15);
}

async fn callers_who_give_up_leave_nothing_behind(place: Place) {
    let store = place.migrated(StoreOptions { pool_size: 2, ..StoreOptions::default() }).await;
    for number in 0..40 {
        let task = tokio::spawn({
            let store = store.clone();
            async move {
                let transaction = store.begin().await.unwrap();
                let id = format!("u{number}");
                transaction.insert(user(&store, &id)).await.unwrap();
                transaction.update("user", &[eq("id", id)], &[("name", "x".into())]).await.unwrap();
                std::future::pending::<()>().await;
                transaction.commit().await.unwrap();
            }
        });
        for _ in 0..number {
            tokio::task::yield_now().await;
        }
        task.abort();
    }
    let transaction = store.begin().await.unwrap();
    transaction.insert(user(&store, "last")).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(store.count_all("user").await, 1);
}

async fn cascade(place: Place) {
    let store = place.core().await;
    store.insert(user(&store, "u1")).await.unwrap();
    let values = [
        ("id", "s1".into()),
        ("token", "t1".into()),
        ("userId", "u1".into()),
        ("expiresAt", NOW.into()),
        ("createdAt", NOW.into()),
        ("updatedAt", NOW.into()),
    ];
    store.insert(record(&store, "session", &values)).await.unwrap();
    let mut orphan = record(&store, "session", &values);
    orphan.set("id", "s2").unwrap();
    orphan.set("token", "t2").unwrap();
    orphan.set("userId", "nobody").unwrap();
    assert!(matches!(store.insert(orphan).await, Err(StoreError::ForeignKeyViolation { .. })));
    store.delete("user", &[eq("id", "u1")]).await.unwrap();
    assert_eq!(store.count_all("session").await, 0);
}

async fn a_commit_survives_the_store(place: Place) {
    let store = place.core().await;
    let transaction = store.begin().await.unwrap();
    transaction.insert(user(&store, "u1")).await.unwrap();
    transaction.commit().await.unwrap();
    drop(store);
    let again = place.core().await;
    assert_eq!(again.count_all("user").await, 1);
    assert_eq!(again.schema().models().len(), 16);
}

async fn a_shared_handle_takes_part_and_cannot_keep_it_open(place: Place) {
    let store = place.core().await;
    assert!(store.share().is_none());
    let transaction = store.begin().await.unwrap();
    let shared = transaction.share().unwrap();
    shared.insert(user(&store, "u1")).await.unwrap();
    assert_eq!(transaction.count("user", &[]).await.unwrap(), 1);
    transaction.commit().await.unwrap();
    assert!(shared.insert(user(&store, "u2")).await.is_err());
    let transaction = store.begin().await.unwrap();
    let shared = transaction.share().unwrap().share().unwrap();
    shared.insert(user(&store, "u3")).await.unwrap();
    drop(transaction);
    store.insert(user(&store, "u4")).await.unwrap();
    assert!(shared.count("user", &[]).await.is_err());
    assert_eq!(store.count_all("user").await, 2);
    let transaction = store.begin().await.unwrap();
    assert!(transaction.share().unwrap().insert(user(&store, "u1")).await.is_err());
    assert!(transaction.commit().await.is_err(), "a statement that failed beneath dooms it");
}
