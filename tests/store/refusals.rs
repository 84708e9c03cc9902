//! What a database refuses is told by its code: in any language of its messages it means the same.

use doorward::store::{Backend, Models, Schema, StoreError, eq};

use super::{NOW, Place, direct, execute, on_each, on_postgres, record, server, user};

on_each!(refusals_have_kinds);

async fn refusals_have_kinds(place: Place) {
    refuse_each(&place).await;
}

/// A value that is taken, a row that is missing, a column of the application's own that wants a value.
async fn refuse_each(place: &Place) {
    let store = place.core().await;
    store.insert(user(&store, "u1")).await.unwrap();
    let mut same_address = user(&store, "u2");
    same_address.set("email", "u1@example.com").unwrap();
    let taken = store.insert(same_address).await.unwrap_err();
    assert!(matches!(&taken, StoreError::UniqueViolation { constraint } if constraint == "user.email"), "{taken:?}");
    let mut same_id = user(&store, "u1");
    same_id.set("email", "other@example.com").unwrap();
    let taken = store.insert(same_id).await.unwrap_err();
    assert!(matches!(&taken, StoreError::UniqueViolation { constraint } if constraint == "user.id"), "{taken:?}");
    let values = [
        ("id", "s1".into()),
        ("token", "t1".into()),
        ("userId", "nobody".into()),
        ("expiresAt", NOW.into()),
        ("createdAt", NOW.into()),
        ("updatedAt", NOW.into()),
    ];
    let orphan = store.insert(record(&store, "session", &values)).await.unwrap_err();
    assert!(matches!(orphan, StoreError::ForeignKeyViolation { .. }), "{orphan:?}");
    place
        .sql("alter table doorward_counter add column floor varchar(9) not null default 'x' check (floor = 'x')")
        .await;
    let counter = [("id", "c1".into()), ("key", "k".into()), ("count", 1.into()), ("endsAt", 1.into())];
    store.insert(record(&store, "doorward_counter", &counter)).await.unwrap();
    if place.backend == Backend::Postgres {
        place.sql("alter table doorward_counter alter column floor drop default").await;
        let refused = store
            .insert(record(
                &store,
                "doorward_counter",
                &[&[("id", "c2".into()), ("key", "l".into())], &counter[2..]].concat(),
            ))
            .await
            .unwrap_err();
        assert!(
            matches!(&refused, StoreError::RowRefused { constraint } if constraint == "doorward_counter.floor"),
            "{refused:?}"
        );
    }
}

/// Columns of another type or length than the server's own, as an existing database may have them.
async fn columns_that_do_not_fit(place: Place) {
    let store = place.core().await;
    store.insert(user(&store, "u1")).await.unwrap();
    place.sql("alter table \"user\" alter column name type varchar(5)").await;
    let long = store.update("user", &[eq("id", "u1")], &[("name", "too long".into())]).await.unwrap_err();
    assert!(matches!(long, StoreError::InvalidInput { problem: "is longer than its column", .. }), "{long:?}");
    place.sql("alter table \"user\" alter column name type integer using 1").await;
    // A connection that has prepared the statement for the old type would say that the tables do not fit.
    let store = place.open(Schema::core());
    let wrong = store.update("user", &[eq("id", "u1")], &[("name", "a".into())]).await.unwrap_err();
    assert!(matches!(wrong, StoreError::InvalidInput { problem: "does not fit its column", .. }), "{wrong:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_length_or_type_is_no_fault_of_the_connection() {
    on_postgres(columns_that_do_not_fit).await;
}

/// German where the system has it, as `.ci/run` sees to; the server's own language elsewhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_language_of_messages_does_not_matter() {
    on_postgres(async |place| {
        let name = place.url.rsplit('/').next().unwrap().to_owned();
        let speak = format!("alter database {name} set lc_messages = 'de_DE.UTF-8'");
        let speaks_german = execute(&server().unwrap(), &speak).await.is_ok();
        assert!(speaks_german || std::env::var("CI").is_err(), "the locale de_DE.UTF-8 is missing");
        if speaks_german {
            let error = execute(&direct(&place.url), "select 1 from nowhere").await.unwrap_err();
            let text = error.as_db_error().unwrap().message().to_owned();
            assert!(text.contains("existiert nicht"), "{text}");
        }
        refuse_each(&place).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_is_not_given_up_is_no_endless_wait() {
    on_postgres(async |place| {
        let acquire_timeout = std::time::Duration::from_millis(200);
        let options = doorward::store::StoreOptions { acquire_timeout, ..Default::default() };
        let store = place.migrated(options).await;
        store.insert(user(&store, "u1")).await.unwrap();
        let holder = store.begin().await.unwrap();
        holder.update("user", &[eq("id", "u1")], &[("name", "Grace".into())]).await.unwrap();
        let waiting = store.update("user", &[eq("id", "u1")], &[("name", "Alan".into())]).await;
        assert!(matches!(waiting, Err(StoreError::Conflict)), "{waiting:?}");
        holder.commit().await.unwrap();
    })
    .await;
}
