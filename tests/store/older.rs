//! An older server beside this one: what its version of the tables held is there, and the rows that it writes are taken.

use doorward::store::{Backend, Models, eq};

use super::{Place, TestStore, on_each};

on_each!(what_an_older_server_writes_is_taken_and_read);

/// The core's tables as they were when MySQL was added: the oldest ones that all three kinds of databases have had.
fn older(backend: Backend) -> &'static str {
    match backend {
        Backend::Sqlite => include_str!("older/sqlite.sql"),
        Backend::Postgres => include_str!("older/postgres.sql"),
        Backend::Mysql => include_str!("older/mysql.sql"),
    }
}

/// The rows of one sign-up, in the columns that the older server knows; all but those that may be null.
fn rows_of(name: &str) -> String {
    let at = "'2026-01-01 00:00:00'";
    format!(
        r#"insert into "user" ("id", "name", "email", "emailVerified", "createdAt", "updatedAt")
             values ('{name}', 'Ada', '{name}@example.com', false, {at}, {at});
           insert into "session" ("id", "expiresAt", "token", "createdAt", "updatedAt", "userId")
             values ('s-{name}', '2036-01-01 00:00:00', 'token-{name}', {at}, {at}, '{name}');
           insert into "account" ("id", "accountId", "providerId", "userId", "createdAt", "updatedAt")
             values ('a-{name}', '{name}', 'credential', '{name}', {at}, {at});
           insert into "verification" ("id", "identifier", "value", "expiresAt", "createdAt", "updatedAt")
             values ('v-{name}', '{name}', 'x', {at}, {at}, {at});
           insert into "doorward_outbox" ("id", "kind", "payload", "createdAt", "availableAt", "attempts")
             values ('o-{name}', 'mail', '{{}}', {at}, {at}, 0);
           insert into "doorward_counter" ("id", "key", "count", "endsAt") values ('c-{name}', '{name}', 1, 1);
           insert into "doorward_migration" ("id", "statement", "appliedAt") values ('m-{name}', 'x', {at})"#
    )
}

async fn what_an_older_server_writes_is_taken_and_read(place: Place) {
    place.sql(older(place.backend)).await;
    place.sql(&rows_of("before")).await;
    let store = place.open(doorward::store::Schema::core());
    let report = store.migrate().await.unwrap();
    assert!(!report.statements.is_empty(), "the tables have changed since");
    for statement in &report.statements {
        let adds =
            ["create table ", "create index ", "create unique index "].iter().any(|way| statement.starts_with(way))
                || (statement.starts_with("alter table ")
                    && statement.contains(" add column ")
                    && !statement.contains(" not null"));
        assert!(adds, "{statement}");
    }
    place.sql(&rows_of("after")).await;
    for name in ["before", "after"] {
        let session = store.find_one("session", &[eq("token", format!("token-{name}"))]).await.unwrap().unwrap();
        assert_eq!(session.text("userId"), name);
    }
    for model in ["user", "account", "verification", "doorward_outbox", "doorward_counter"] {
        assert_eq!(store.count_all(model).await, 2, "{model}");
    }
    assert!(store.missing_parts().await.unwrap().is_empty());
}
