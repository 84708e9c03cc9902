//! When the database undoes a transaction because of another one, it is done again without its caller.

use doorward::store::{Models, Store, StoreError, eq};

use super::{Place, TestStore, on_mysql, on_postgres, user};

async fn serializable(place: &Place) -> Store {
    let name = place.url.rsplit('/').next().unwrap();
    place.sql(&format!("alter database {name} set default_transaction_isolation = 'serializable'")).await;
    place.core().await
}

async fn count_of(store: &Store) -> i64 {
    store.find_one("doorward_counter", &[eq("key", "k")]).await.unwrap().unwrap().integer("count").unwrap()
}

async fn with_counter(store: &Store) {
    let values = [("id", "c".into()), ("key", "k".into()), ("count", 0.into()), ("endsAt", 1.into())];
    store.insert(super::record(store, "doorward_counter", &values)).await.unwrap();
}

/// All want the same row, some alone and some in a transaction with a row of their own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_who_collide_succeed() {
    on_postgres(async |place| {
        collide(serializable(&place).await).await;
    })
    .await;
    on_mysql(async |place| collide(place.core().await).await).await;
}

async fn collide(store: Store) {
    with_counter(&store).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..8 {
        let store = store.clone();
        tasks.spawn(async move {
            for round in 0..10 {
                if number % 2 == 0 {
                    store.increment("doorward_counter", &[eq("key", "k")], "count", 1).await.unwrap();
                    continue;
                }
                let transaction = store.begin().await.unwrap();
                transaction.insert(user(&store, &format!("u{number}-{round}"))).await.unwrap();
                transaction.increment("doorward_counter", &[eq("key", "k")], "count", 1).await.unwrap();
                transaction.commit().await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    assert_eq!((count_of(&store).await, store.count_all("user").await), (80, 40));
}

/// What a transaction has shown its caller must still be so, or the caller hears of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_read_and_has_changed_is_a_conflict() {
    on_postgres(async |place| {
        let store = serializable(&place).await;
        with_counter(&store).await;
        let transaction = store.begin().await.unwrap();
        let seen = transaction.find_one("doorward_counter", &[eq("key", "k")]).await.unwrap().unwrap();
        store.increment("doorward_counter", &[eq("key", "k")], "count", 5).await.unwrap();
        let next = seen.integer("count").unwrap() + 1;
        let outcome = transaction.update("doorward_counter", &[eq("key", "k")], &[("count", next.into())]).await;
        assert!(matches!(outcome, Err(StoreError::Conflict)), "{outcome:?}");
        assert!(transaction.insert(user(&store, "late")).await.is_err(), "nothing runs outside of the transaction");
        assert!(transaction.commit().await.is_err());
        assert_eq!((count_of(&store).await, store.count_all("user").await), (5, 0));
    })
    .await;
}

/// Two transactions lock the same rows in opposite order. The database ends one of them, which is done again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadlock_is_resolved() {
    on_postgres(lock_in_opposite_order).await;
    on_mysql(lock_in_opposite_order).await;
}

async fn lock_in_opposite_order(place: Place) {
    let store = place.core().await;
    for id in ["a", "b"] {
        store.insert(user(&store, id)).await.unwrap();
    }
    let barrier = tokio::sync::Barrier::new(2);
    let name = async |ids: [&str; 2], name: &str| {
        let transaction = store.begin().await.unwrap();
        for (place, id) in ids.into_iter().enumerate() {
            transaction.update("user", &[eq("id", id)], &[("name", name.into())]).await.unwrap();
            if place == 0 {
                barrier.wait().await;
            }
        }
        transaction.commit().await.unwrap();
    };
    tokio::join!(name(["a", "b"], "one"), name(["b", "a"], "two"));
    let of = async |id: &str| store.find_one("user", &[eq("id", id)]).await.unwrap().unwrap().text("name").to_owned();
    assert_eq!(of("a").await, of("b").await);
}

/// A unique violation that a savepoint undid is part of what is done again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn undone_parts_are_undone_again() {
    on_postgres(async |place| {
        let store = place.core().await;
        store.insert(user(&store, "taken")).await.unwrap();
        let transaction = store.begin().await.unwrap();
        transaction.insert(user(&store, "first")).await.unwrap();
        let savepoint = doorward::store::Savepoint::set(&transaction, 1).await.unwrap();
        assert!(transaction.insert(user(&store, "taken")).await.is_err());
        savepoint.undo().await.unwrap();
        place.sql(super::outages::END_ALL).await;
        transaction.insert(user(&store, "second")).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(store.count_all("user").await, 3);
    })
    .await;
}
