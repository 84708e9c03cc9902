//! Tables that are there and do not fit: each is named, and nothing is changed.

use doorward::config::GenerateId;
use doorward::store::{Backend, Schema, create_schema};

use super::{Place, on_each};

on_each!(
    tables_of_doorward_and_of_the_reference_fit,
    what_does_not_fit_is_named,
    what_fits_is_not_named,
    keys_of_others_are_noted,
);

/// What is found in tables of which one is made otherwise, fatal things first.
async fn found(place: &Place, (table, from, to): (&str, &str, &str)) -> Vec<String> {
    let beginning = format!("create table \"{table}\"");
    let ddl = create_schema(&Schema::core(), place.backend).into_iter().filter(|sql| sql.starts_with("create table"));
    for sql in ddl {
        let sql = if sql.starts_with(&beginning) {
            assert!(sql.contains(from), "{sql}");
            sql.replacen(from, to, 1)
        } else {
            sql
        };
        place.sql(&sql).await;
    }
    let store = place.open(Schema::core());
    let found = store.misfits(GenerateId::Random).await.unwrap();
    assert!(found.iter().all(|misfit| misfit.is_fatal));
    found.into_iter().map(|misfit| misfit.text).collect()
}

async fn anew(place: &Place) {
    match place.backend {
        Backend::Sqlite => {
            let path = place.url.strip_prefix("sqlite://").unwrap();
            for end in ["", "-wal", "-shm"] {
                _ = std::fs::remove_file(format!("{path}{end}"));
            }
        }
        Backend::Mysql => unreachable!("its tables are made otherwise"),
        Backend::Postgres => place.sql("drop schema public cascade; create schema public").await,
    }
    place.sql("create table \"person\" (\"id\" text not null primary key)").await;
}

async fn tables_of_doorward_and_of_the_reference_fit(place: Place) {
    let store = place.core().await;
    assert_eq!(store.misfits(GenerateId::Random).await.unwrap(), []);
    let ddl = match place.backend {
        // The reference's are in `takeover`.
        Backend::Mysql => return,
        Backend::Sqlite => include_str!("better_auth/plugins.sqlite.sql"),
        Backend::Postgres => include_str!("better_auth/plugins.postgres.sql"),
    };
    anew(&place).await;
    place.sql(ddl).await;
    assert_eq!(place.open(Schema::core()).misfits(GenerateId::Random).await.unwrap(), []);
}

async fn what_does_not_fit_is_named(place: Place) {
    if place.backend == Backend::Mysql {
        return what_does_not_fit_in_mysql_is_named(place).await;
    }
    let is_postgres = place.backend == Backend::Postgres;
    let (date, boolean) = if is_postgres { ("timestamptz", "boolean") } else { ("date", "integer") };
    let (expires, verified) = (format!("\"expiresAt\" {date}"), format!("\"emailVerified\" {boolean}"));
    let cases = [
        ("user", "\"email\" text", "\"email\" integer", "user.email is int"),
        ("user", "\"id\" text", "\"id\" uuid", "user.id is uuid and cannot hold what Doorward writes. Make it text"),
        ("user", verified.as_str(), "\"emailVerified\" text", "user.emailVerified is text and cannot hold"),
        ("session", expires.as_str(), "\"expiresAt\" bigint", "session.expiresAt is "),
        ("session", expires.as_str(), "\"expiresAt\" integer", "session.expiresAt is "),
        (
            "user",
            "\"image\" text",
            "\"image\" text not null",
            "user.image is NOT NULL, and Doorward writes rows without",
        ),
        (
            "user",
            "\"image\" text",
            "\"image\" text, \"tenant\" text not null",
            "user.tenant is NOT NULL without a default, and Doorward, which does not know it, could write no row. \
             Give it a default, or declare it in user.additional_fields",
        ),
        (
            "session",
            "references \"user\"",
            "references \"person\"",
            "session.userId refers to person, and Doorward writes ids of user. Drop the foreign key",
        ),
        (
            "account",
            "\"providerId\" text not null",
            "\"providerId\" text not null references \"person\"(\"id\")",
            "account.providerId refers to person, which Doorward does not know of",
        ),
    ];
    let of_postgres = [
        ("user", "\"email\" text", "\"email\" varchar(100)", "user.email holds 100 characters, and 255 are needed"),
        (
            "session",
            "\"userId\" text",
            "\"userId\" varchar(20)",
            "session.userId holds 20 characters, and 32 are needed",
        ),
        ("session", "\"token\" text", "\"token\" char(32)", "session.token is bpchar"),
    ];
    let cases = cases.into_iter().filter(|(_, _, to, _)| {
        // PostgreSQL itself refuses a key whose type differs.
        !(is_postgres && to.contains("\"id\" uuid"))
    });
    for case in cases.chain(of_postgres.into_iter().filter(|_| is_postgres)) {
        let (table, from, to, expected) = case;
        anew(&place).await;
        let found = found(&place, (table, from, to)).await;
        assert!(found.len() == 1 && found[0].starts_with(expected), "{to}: {found:?}");
    }
}

async fn what_does_not_fit_in_mysql_is_named(place: Place) {
    let store = place.core().await;
    for (change, expected) in [
        ("modify `image` int", "user.image is int and cannot hold what Doorward writes. Make it mediumtext"),
        ("modify `image` varchar(100)", "user.image holds 100 characters, and 255 are needed"),
        ("modify `image` mediumtext not null", "user.image is NOT NULL, and Doorward writes rows without"),
        ("modify `image` mediumtext, add `tenant` int not null", "user.tenant is NOT NULL without a default"),
    ] {
        place.sql(&format!("alter table `user` {change}")).await;
        let found = store.misfits(GenerateId::Random).await.unwrap();
        assert!(found.len() == 1 && found[0].text.starts_with(expected), "{change}: {found:?}");
    }
}

async fn what_fits_is_not_named(place: Place) {
    if place.backend == Backend::Mysql {
        place.core().await;
        place.sql("alter table `user` modify `image` varchar(255), add `tenant` int not null default 1").await;
        assert_eq!(place.open(Schema::core()).misfits(GenerateId::Random).await.unwrap(), []);
        return;
    }
    let cases = [
        ("user", "\"email\" text", "\"email\" varchar(255)"),
        ("user", "\"image\" text", "\"image\" text, \"tenant\" text"),
        ("user", "\"image\" text", "\"image\" text, \"tenant\" text not null default 'a'"),
        ("user", "\"image\" text", "\"image\" text, \"tenant\" text references \"person\"(\"id\")"),
        ("session", "\"userId\" text", "\"userId\" varchar(36)"),
    ];
    for (table, from, to) in cases {
        anew(&place).await;
        assert_eq!(found(&place, (table, from, to)).await, [] as [&str; 0], "{to}");
    }
}

async fn keys_of_others_are_noted(place: Place) {
    let store = place.core().await;
    // A key of MySQL wants the collation of the column that it refers to.
    let column = match place.backend {
        Backend::Mysql => "varchar(255) collate utf8mb4_nopad_bin",
        Backend::Sqlite | Backend::Postgres => "text",
    };
    for (table, end) in [("orders", ""), ("notes", " on delete cascade")] {
        let key = format!("foreign key (\"user_id\") references \"user\"(\"id\"){end}");
        place.sql(&format!("create table \"{table}\" (\"id\" int, \"user_id\" {column}, {key})")).await;
    }
    let found = store.misfits(GenerateId::Random).await.unwrap();
    assert!(found.len() == 1 && !found[0].is_fatal, "{found:?}");
    assert!(found[0].text.starts_with("orders.user_id refers to user without ON DELETE"), "{found:?}");
}
