//! The typed views and their functions, table by table.

use doorward::store::outbox::{OUTBOX, discard, enqueue, postpone, take_due};
use doorward::store::session::{find_session_with_user, list_sessions};
use doorward::store::user::{find_user_by_email, find_user_by_id};
use doorward::store::verification::find_verification;
use doorward::store::{Backend, Models, Store, User, Verification, eq, ne};
use serde_json::json;

use super::{NOW, Place, TestStore, on_each, record, user, verification};

on_each!(
    users,
    sessions,
    a_session_is_found_as_it_is_now_whoever_changed_it,
    verifications,
    the_outbox_lends_and_takes_back
);

async fn users(place: Place) {
    let store = place.core().await;
    store.insert(user(&store, "u1")).await.unwrap();
    let found = find_user_by_id(&store, "u1").await.unwrap().unwrap();
    assert_eq!(find_user_by_email(&store, "u1@example.com").await.unwrap(), Some(found));
    assert_eq!(find_user_by_email(&store, "U1@example.com").await.unwrap(), None);
    assert_eq!(find_user_by_id(&store, "").await.unwrap(), None);
    let changed = store.update("user", &[eq("id", "u1")], &[("emailVerified", true.into())]).await.unwrap().remove(0);
    assert!(User(changed).email_verified());
}

pub(super) async fn insert_session(store: &Store, user_id: &str, token: &str, age: i64) {
    let values = [
        ("id", format!("id of {token}").into()),
        ("token", token.into()),
        ("userId", user_id.into()),
        ("expiresAt", NOW.plus_secs(3600).into()),
        ("createdAt", NOW.plus_secs(-age).into()),
        ("updatedAt", NOW.into()),
        ("ipAddress", "".into()),
    ];
    store.insert(record(store, "session", &values)).await.unwrap();
}

async fn sessions(place: Place) {
    let store = place.core().await;
    for id in ["u1", "u2"] {
        store.insert(user(&store, id)).await.unwrap();
    }
    for (token, age) in [("t1", 30), ("t2", 10), ("t3", 20)] {
        insert_session(&store, "u1", token, age).await;
    }
    insert_session(&store, "u2", "other", 0).await;
    let (session, owner) = find_session_with_user(&store, "t2").await.unwrap().unwrap();
    assert_eq!((session.user_id(), session.id(), owner.id()), ("u1", "id of t2", "u1"));
    assert_eq!(session.expires_at(), NOW.plus_secs(3600));
    assert_eq!(find_session_with_user(&store, "t").await.unwrap(), None);
    assert!(find_session_with_user(&store, "t2\0").await.is_err());
    let listed = list_sessions(&store, "u1", NOW).await.unwrap();
    assert_eq!(listed.iter().map(|session| session.token()).collect::<Vec<_>>(), ["t2", "t3", "t1"]);
    assert_eq!(list_sessions(&store, "u1", NOW.plus_secs(3600)).await.unwrap(), []);
    assert_eq!(store.delete("session", &[eq("token", "t3")]).await.unwrap(), 1);
    assert_eq!(store.delete("session", &[eq("token", "t3")]).await.unwrap(), 0);
    assert_eq!(store.delete("session", &[eq("userId", "u1"), ne("token", "t1")]).await.unwrap(), 1);
    assert_eq!(store.delete("session", &[eq("userId", "u1")]).await.unwrap(), 1);
    assert_eq!(store.count_all("session").await, 1);
}

/// What was looked up once is not asked for again while nothing changes, where the database tells: any change counts.
async fn a_session_is_found_as_it_is_now_whoever_changed_it(place: Place) {
    let store = place.core().await;
    store.insert(user(&store, "u1")).await.unwrap();
    assert_eq!(find_session_with_user(&store, "t1").await.unwrap(), None);
    insert_session(&store, "u1", "t1", 0).await;
    let look = || async {
        let found = find_session_with_user(&store, "t1").await.unwrap();
        assert_eq!(find_session_with_user(&store, "t1").await.unwrap(), found, "and again");
        found.map(|(session, user)| (session.expires_at(), user.name().to_owned()))
    };
    assert!(look().await.is_some());
    for round in 0..200 {
        let (until, name) = (NOW.plus_secs(round), format!("name {round}"));
        store.update("session", &[eq("id", "id of t1")], &[("expiresAt", until.into())]).await.unwrap();
        store.update("user", &[eq("id", "u1")], &[("name", name.clone().into())]).await.unwrap();
        assert_eq!(look().await, Some((until, name)));
    }
    let quote = if place.backend == Backend::Mysql { '`' } else { '"' };
    place.sql(&format!("UPDATE {quote}user{quote} SET name = 'another' WHERE id = 'u1'")).await;
    assert_eq!(look().await.unwrap().1, "another", "which another connection wrote");
    let open = store.begin().await.unwrap();
    open.delete("session", &[eq("id", "id of t1")]).await.unwrap();
    assert_eq!(find_session_with_user(&open, "t1").await.unwrap(), None, "in the transaction");
    if place.backend == Backend::Sqlite {
        assert!(look().await.is_some(), "outside of it");
    }
    open.commit().await.unwrap();
    assert_eq!(look().await, None);
}

async fn verifications(place: Place) {
    let store = place.core().await;
    for (id, identifier, age) in [("old", "x", 10), ("new", "x", 0), ("older", "x", 20), ("other", "y", 0)] {
        store.insert(verification(&store, id, identifier, NOW.plus_secs(-age))).await.unwrap();
    }
    assert_eq!(find_verification(&store, "x").await.unwrap().unwrap().id(), "new");
    let used = store.consume("verification", &[eq("identifier", "x")]).await.unwrap().map(Verification);
    assert_eq!(used.unwrap().value(), "value of new");
    assert_eq!(store.consume("verification", &[eq("identifier", "x")]).await.unwrap(), None);
    assert_eq!(store.count_all("verification").await, 1);
}

async fn the_outbox_lends_and_takes_back(place: Place) {
    let store = place.core().await;
    let transaction = store.begin().await.unwrap();
    enqueue(&transaction, "m1", "mail", json!({"to": "ada@example.com"}), NOW).await.unwrap();
    transaction.commit().await.unwrap();
    assert!(take_due(&store, OUTBOX, &[], NOW.plus_secs(-1), (60, 10)).await.unwrap().is_empty());
    let taken = take_due(&store, OUTBOX, &[], NOW, (60, 10)).await.unwrap();
    assert_eq!((taken[0].kind(), taken[0].attempts()), ("mail", 1));
    assert_eq!(taken[0].payload(), &json!({"to": "ada@example.com"}));
    assert!(take_due(&store, OUTBOX, &[], NOW, (60, 10)).await.unwrap().is_empty(), "it is on loan");
    postpone(&store, &taken[0], NOW.plus_secs(5), Some("refused")).await.unwrap();
    let again = take_due(&store, OUTBOX, &[], NOW.plus_secs(5), (60, 10)).await.unwrap();
    assert_eq!((again[0].attempts(), again[0].0.text("lastError")), (2, "refused"));
    // Whoever took it died: the loan ends by itself.
    assert_eq!(take_due(&store, OUTBOX, &[], NOW.plus_secs(65), (60, 10)).await.unwrap().len(), 1);
    postpone(&store, &again[0], NOW, None).await.unwrap();
    let lost = take_due(&store, OUTBOX, &[], NOW.plus_secs(65), (60, 10)).await.unwrap();
    assert!(lost.is_empty(), "who lost it to another taker does not give it back");
    discard(&store, OUTBOX, &[eq("id", "m1")]).await.unwrap();
    assert_eq!(store.count_all("doorward_outbox").await, 0);
}
