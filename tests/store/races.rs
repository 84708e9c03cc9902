//! What many callers do at once.

use std::sync::Arc;

use doorward::store::{Models, Store, StoreError, eq, lt, rate_limit};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::{NOW, Place, TestStore, on_each, record, user, verification as row};

on_each!(
    one_of_many_consumes,
    increments_all_count,
    a_guard_holds_under_a_race,
    one_of_many_inserts,
    the_rate_limit_admits_its_number,
    outbox_rows_go_to_one_taker,
);

/// Runs `count` copies of a task, all released at once.
async fn race<F, T>(store: &Store, count: usize, task: impl Fn(Store, usize) -> F) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let barrier = Arc::new(Barrier::new(count));
    let mut tasks = JoinSet::new();
    for number in 0..count {
        let (barrier, work) = (Arc::clone(&barrier), task(store.clone(), number));
        tasks.spawn(async move {
            barrier.wait().await;
            work.await
        });
    }
    tasks.join_all().await
}

async fn one_of_many_consumes(place: Place) {
    let store = place.core().await;
    for round in 0..5 {
        let identifier = format!("magic-link:{round}");
        store.insert(row(&store, &format!("{round}-old"), &identifier, NOW)).await.unwrap();
        store.insert(row(&store, &format!("{round}-new"), &identifier, NOW.plus_secs(1))).await.unwrap();
        let results = race(&store, 50, |store, _| {
            let identifier = identifier.clone();
            async move { store.consume("verification", &[eq("identifier", identifier.as_str())]).await.unwrap() }
        })
        .await;
        let winners: Vec<_> = results.into_iter().flatten().collect();
        assert_eq!(winners.len(), 1);
        assert_eq!(winners[0].text("id"), format!("{round}-new"));
    }
    assert_eq!(store.count_all("verification").await, 0);
}

fn counter(store: &Store) -> doorward::store::Record {
    let values = [("id", "r".into()), ("key", "k".into()), ("count", 0.into()), ("lastRequest", 0.into())];
    record(store, "rateLimit", &values)
}

async fn increments_all_count(place: Place) {
    let store = place.core().await;
    store.insert(counter(&store)).await.unwrap();
    let seen = race(&store, 50, |store, _| async move {
        let row = store.increment("rateLimit", &[eq("key", "k")], "count", 2).await.unwrap().unwrap();
        row.integer("count").unwrap()
    })
    .await;
    let mut seen: Vec<i64> = seen;
    seen.sort_unstable();
    assert_eq!(seen, (1..=50).map(|count| count * 2).collect::<Vec<_>>());
}

async fn a_guard_holds_under_a_race(place: Place) {
    let store = place.core().await;
    store.insert(counter(&store)).await.unwrap();
    let admitted = race(&store, 50, |store, _| async move {
        store.increment("rateLimit", &[eq("key", "k"), lt("count", 10)], "count", 1).await.unwrap().is_some()
    })
    .await;
    assert_eq!(admitted.into_iter().filter(|is_admitted| *is_admitted).count(), 10);
}

async fn one_of_many_inserts(place: Place) {
    let store = place.core().await;
    let results = race(&store, 50, |store, number| async move {
        let mut record = user(&store, &format!("u{number}"));
        record.set("email", "same@example.com").unwrap();
        store.insert(record).await
    })
    .await;
    let (inserted, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(inserted.len(), 1);
    assert!(refused.iter().all(|result| matches!(result, Err(StoreError::UniqueViolation { .. }))), "{refused:?}");
}

async fn the_rate_limit_admits_its_number(place: Place) {
    let store = place.core().await;
    let ask = |store: Store, id: String, now| async move {
        rate_limit::count_request(&store, &id, "1.2.3.4|/sign-in", (10_000, 3), now).await.unwrap()
    };
    let results = race(&store, 50, |store, number| ask(store, number.to_string(), NOW)).await;
    assert_eq!(results.iter().filter(|refusal| refusal.is_none()).count(), 3);
    assert_eq!(ask(store.clone(), "x".into(), NOW.plus_secs(5)).await, Some(NOW));
    assert_eq!(ask(store.clone(), "x".into(), NOW.plus_secs(11)).await, None);
    for number in 0..2 {
        assert_eq!(ask(store.clone(), format!("y{number}"), NOW.plus_secs(11)).await, None);
    }
    assert_eq!(
        ask(store.clone(), "z".into(), NOW.plus_secs(10)).await,
        Some(NOW.plus_secs(11)),
        "another node's clock"
    );
    assert_eq!(ask(store.clone(), "z".into(), NOW.plus_secs(-3600)).await, None, "the clock stepped back");
}

async fn outbox_rows_go_to_one_taker(place: Place) {
    use doorward::store::outbox::{OUTBOX, enqueue, take_due};
    let store = place.core().await;
    for number in 0..20 {
        enqueue(&store, &format!("m{number}"), "mail", serde_json::json!({}), NOW).await.unwrap();
    }
    let taken =
        race(&store, 8, |store, _| async move { take_due(&store, OUTBOX, &[], NOW, (60, 20)).await.unwrap() }).await;
    let mut ids: Vec<String> = taken.iter().flatten().map(|delivery| delivery.id().to_owned()).collect();
    assert_eq!(ids.len(), 20);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 20);
}
