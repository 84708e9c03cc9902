//! `doorward takeover --check` on a database that Better Auth made.

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};

use super::operator::Folder;

const ROWS: &str = r#"
insert into "user" ("id", "name", "email", "emailVerified", "createdAt", "updatedAt") values ('u', 'Ada', 'a@b.c', 1, '2026-11-22T08:41:23.051Z', '2026-11-22T08:41:23.051Z');
insert into "account" ("id", "accountId", "providerId", "userId", "password", "createdAt", "updatedAt") values ('a', 'u', 'credential', 'u', 'salt:key', '2026-11-22T08:41:23.051Z', '2026-11-22T08:41:23.051Z');
insert into "account" ("id", "accountId", "providerId", "userId", "createdAt", "updatedAt") values ('b', '1', 'github', 'u', '2026-11-22T08:41:23.051Z', '2026-11-22T08:41:23.051Z');
"#;

fn sql(folder: &Folder, sql: &str) {
    let mut connection = SqliteConnection::establish(folder.path("doorward.db").to_str().unwrap()).unwrap();
    connection.batch_execute(sql).unwrap();
}

/// A configuration beside a database of Better Auth.
fn taken_over() -> Folder {
    let folder = Folder::new();
    sql(&folder, include_str!("../store/better_auth/plugins.sqlite.sql"));
    sql(&folder, ROWS);
    folder.succeed(&["init"]);
    folder
}

#[test]
fn a_database_is_gone_through_and_left_alone() {
    let folder = taken_over();
    sql(&folder, "alter table \"user\" add column \"shoe\" integer; create table \"orders\" (\"id\" text);");
    let rows = || std::fs::read(folder.path("doorward.db")).unwrap().split_off(100);
    let before = rows();
    let told = folder.succeed(&["takeover", "--check"]);
    for line in [
        "user.email\ttext\tis used as it is",
        "user.shoe\tinteger\tis not known here and stays; new rows get its default",
        "orders.id\ttext\tis of another table and stays",
        "to add: create table \"doorward_outbox\"",
        "note: the table twoFactor is there, and the plugin two-factor is off: users would sign in WITHOUT their second factor",
        "note: the column user.banned is there, and the plugin admin is off",
        "note: 1 passwords have hashes of Better Auth",
        "note: 1 accounts are at providers, and the plugin social is off",
        "the database can be taken over",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert!(rows() == before, "nothing is written");
}

#[test]
fn what_does_not_fit_is_named_before_anything_is_changed() {
    let folder = taken_over();
    sql(
        &folder,
        "alter table \"user\" add column \"tax\" text not null default ''; alter table \"user\" drop column \"image\"; \
                  alter table \"user\" add column \"image\" integer",
    );
    let (succeeded, told, complaints) = folder.run(&["takeover", "--check"], "");
    assert!(
        !succeeded && complaints.contains("1 things do not fit; mend them first. Nothing was changed"),
        "{complaints}"
    );
    assert!(told.contains("user.image\tinteger\tdoes not fit, see below"), "{told}");
    assert!(told.contains("does not fit: user.image is integer and cannot hold what Doorward writes"), "{told}");
}

#[test]
fn a_database_of_something_else_is_told() {
    let folder = Folder::new();
    sql(&folder, "create table \"orders\" (\"id\" text)");
    folder.succeed(&["init"]);
    assert!(folder.fail(&["takeover", "--check"]).contains("there is no table user"));
    assert!(folder.fail(&["takeover"]).contains("--check"));
}
