//! What becomes of a plugin's unique columns when a new version does not call them unique any more.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use doorward::store::{Backend, Field, FieldType, Model, Models, Reference, Schema, Store, StoreError, eq};
use serde_json::json;

use super::steps::{field, find, insert, needed, notes, older, rename, schema, step};
use super::{Place, TestStore, on_each, on_sqlite, user};

on_each!(
    a_column_may_repeat,
    several_may_repeat_together,
    unique_and_not_and_unique_again,
    a_renamed_column_may_repeat,
    a_dropped_column_takes_its_group_along,
    what_others_made_unique_stays,
    what_is_referred_to_stays_unique,
);

fn unique(name: &str) -> Field {
    Field { unique: true, ..field(name, FieldType::String) }
}

fn text(name: &str) -> Field {
    field(name, FieldType::String)
}

/// The one text of each row, on SQLite.
fn lines(place: &Place, sql: &str) -> Vec<String> {
    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = Text)]
        line: String,
    }
    let mut connection = SqliteConnection::establish(place.url.strip_prefix("sqlite://").unwrap()).unwrap();
    let lines: Vec<Line> = sql_query(sql).load(&mut connection).unwrap();
    lines.into_iter().map(|line| line.line).collect()
}

/// SQLite's own look at its file, after which it writes it anew from the texts of its tables.
async fn sound(place: &Place) {
    if place.backend == Backend::Sqlite {
        assert_eq!(lines(place, "SELECT integrity_check AS line FROM pragma_integrity_check"), ["ok"]);
        assert!(lines(place, "SELECT \"table\" AS line FROM pragma_foreign_key_check").is_empty());
        place.sql("VACUUM").await;
        assert_eq!(lines(place, "SELECT integrity_check AS line FROM pragma_integrity_check"), ["ok"]);
    }
}

fn is_taken(result: Result<doorward::store::Record, StoreError>) -> bool {
    matches!(result, Err(StoreError::UniqueViolation { .. }))
}

/// A table of somebody else, which refers to this column of the plugin's.
fn child(place: &Place, column: &str) -> String {
    let end = if place.backend == Backend::Mysql { "default charset=utf8mb4 collate=utf8mb4_nopad_bin" } else { "" };
    format!(
        r#"create table "child" ("id" integer primary key, "note" varchar(255),
               foreign key ("note") references "note" ("{column}") on delete cascade) {end}"#
    )
}

async fn migrated(place: &Place, schema: Schema) -> Store {
    let store = place.open(schema);
    store.migrate().await.unwrap();
    assert_eq!(store.migration_plan().await.unwrap(), Vec::<String>::new(), "once is enough");
    store
}

async fn a_column_may_repeat(place: Place) {
    let of_user = || Field { references: Some(Reference::to_id("user")), ..text("userId") };
    let old = older(
        &place,
        vec![unique("code"), Field { unique: true, ..of_user() }, unique("slug"), needed("size", FieldType::Number)],
    )
    .await;
    old.insert(user(&old, "u1")).await.unwrap();
    let row = |code: &'static str, user: &'static str, slug: &'static str| {
        [("code", code.into()), ("userId", user.into()), ("slug", slug.into()), ("size", 1.into())]
    };
    insert(&old, "n1", &row("a", "u1", "s1")).await.unwrap();
    place.sql(r#"alter table "note" add column "extra" integer default 7"#).await;
    place.sql(r#"create index "by_size" on "note" ("size"); create view "codes" as select "code" from "note""#).await;
    place.sql(&child(&place, "id")).await;
    place.sql("insert into \"child\" values (1, 'n1')").await;
    if place.backend == Backend::Sqlite {
        place
            .sql("create trigger touched after insert on note begin update note set extra = 8 where id = new.id; end")
            .await;
        place.sql("analyze").await;
    }
    let fields =
        vec![Field { index: true, ..text("code") }, of_user(), unique("slug"), needed("size", FieldType::Number)];
    let new = place.open(schema(notes(fields), &[]));
    let mut parts = new.missing_parts().await.unwrap();
    parts.sort();
    assert_eq!(
        parts,
        [
            "an index on note.code",
            "note.code as a column whose values may repeat",
            "note.userId as a column whose values may repeat"
        ]
    );
    assert_eq!(new.migrate().await.unwrap().statements.len(), 3);
    assert_eq!(new.migration_plan().await.unwrap(), Vec::<String>::new(), "once is enough");
    insert(&new, "n2", &row("a", "u1", "s2")).await.unwrap();
    assert!(is_taken(insert(&new, "n3", &row("b", "u1", "s2")).await), "what is still unique is");
    assert!(insert(&new, "n3", &[("code", "c".into())]).await.is_err(), "what is still needed is");
    assert!(insert(&new, "n3", &row("a", "nobody", "s3")).await.is_err(), "what is referred to must be there");
    assert_eq!((find(&new, "n1").await.text("slug"), new.count_all("note").await), ("s1", 2));
    sound(&place).await;
    if place.backend == Backend::Sqlite {
        assert_eq!(lines(&place, "SELECT CAST(extra AS TEXT) AS line FROM note ORDER BY id"), ["7", "8"]);
        let indexes = "SELECT name AS line FROM pragma_index_list('note') ORDER BY name";
        let left = ["by_size", "note_code_idx", "sqlite_autoindex_note_1", "sqlite_autoindex_note_2"];
        assert_eq!(lines(&place, indexes), left);
        assert_eq!(lines(&place, "SELECT note AS line FROM child"), ["n1"]);
        assert_eq!(lines(&place, "SELECT code AS line FROM codes"), ["a", "a"]);
    }
    new.delete("user", &[eq("id", "u1")]).await.unwrap();
    assert_eq!(new.count_all("note").await, 0, "a row still goes with what it refers to");
    sound(&place).await;
}

fn grouped(groups: &[&[&str]]) -> Model {
    let names = |group: &&[&str]| group.iter().map(|name| (*name).to_owned()).collect();
    let of_group = |name: &str| Field { in_group: true, ..text(name) };
    let fields = vec![of_group("group"), of_group("name"), of_group("part")];
    Model { unique: groups.iter().map(names).collect(), ..notes(fields) }
}

async fn several_may_repeat_together(place: Place) {
    let old = migrated(&place, schema(grouped(&[&["group", "name"], &["name", "part"]]), &[])).await;
    let row = |part: &'static str| [("group", "g".into()), ("name", "n".into()), ("part", part.into())];
    insert(&old, "n1", &row("p1")).await.unwrap();
    assert!(is_taken(insert(&old, "n2", &row("p2")).await));
    let new = place.open(schema(grouped(&[&["part", "name"]]), &[]));
    assert_eq!(
        new.missing_parts().await.unwrap(),
        ["note.group, note.name as columns whose values may repeat together"]
    );
    new.migrate().await.unwrap();
    insert(&new, "n2", &row("p2")).await.unwrap();
    assert!(is_taken(insert(&new, "n3", &row("p2")).await), "the other group is still one, in any order");
    assert_eq!(new.migration_plan().await.unwrap(), Vec::<String>::new());
    sound(&place).await;
}

async fn unique_and_not_and_unique_again(place: Place) {
    let with = |field: Field| schema(notes(vec![field]), &[]);
    let code = |code: &'static str| [("code", code.into())];
    migrated(&place, with(unique("code"))).await;
    migrated(&place, with(text("code"))).await;
    let again = migrated(&place, with(unique("code"))).await;
    insert(&again, "n1", &code("a")).await.unwrap();
    assert!(is_taken(insert(&again, "n2", &code("a")).await));
    // By now the index is one that a statement has made.
    let new = migrated(&place, with(text("code"))).await;
    insert(&new, "n2", &code("a")).await.unwrap();
    let refused = place.open(with(unique("code"))).migrate().await.unwrap_err();
    assert!(matches!(refused, StoreError::UniqueViolation { .. } | StoreError::Unmigratable(_)), "{refused}");
    insert(&new, "n3", &code("a")).await.unwrap();
    place.sql(r#"delete from "note""#).await;
    let last = migrated(&place, with(unique("code"))).await;
    insert(&last, "n1", &code("a")).await.unwrap();
    assert!(is_taken(insert(&last, "n2", &code("a")).await));
    sound(&place).await;
}

async fn a_renamed_column_may_repeat(place: Place) {
    let old = older(&place, vec![unique("code"), unique("slug")]).await;
    insert(&old, "n1", &[("code", "a".into()), ("slug", "s".into())]).await.unwrap();
    let new = migrated(&place, schema(notes(vec![text("label"), unique("slug")]), &[rename("code", "label")])).await;
    insert(&new, "n2", &[("label", "a".into()), ("slug", "t".into())]).await.unwrap();
    assert!(is_taken(insert(&new, "n3", &[("slug", "t".into())]).await));
    assert_eq!(find(&new, "n1").await.text("label"), "a");
    sound(&place).await;
}

async fn a_dropped_column_takes_its_group_along(place: Place) {
    let of_group = |field: Field| Field { in_group: true, ..field };
    let both = vec![of_group(text("name")), of_group(text("part")), unique("code"), text("rest")];
    let both = Model { unique: vec![vec!["name".into(), "part".into()]], ..notes(both) };
    let old = migrated(&place, schema(both, &[])).await;
    let row = |part: &'static str| [("name", "n".into()), ("part", part.into()), ("code", part.into())];
    insert(&old, "n1", &row("p1")).await.unwrap();
    insert(&old, "n2", &row("p2")).await.unwrap();
    let steps = [
        step("no part", &json!({ "do": "drop", "field": "part" })),
        step("no code", &json!({ "do": "drop", "field": "code" })),
    ];
    let new = migrated(&place, schema(notes(vec![text("name"), text("rest")]), &steps)).await;
    assert_eq!(new.count("note", &[eq("name", "n")]).await.unwrap(), 2);
    let survey = new.survey().await.unwrap();
    let mut columns: Vec<&str> =
        survey.iter().filter(|found| found.table == "note").map(|found| found.column.as_str()).collect();
    columns.sort_unstable();
    assert_eq!(columns, ["id", "name", "rest"]);
    sound(&place).await;
}

async fn what_others_made_unique_stays(place: Place) {
    let old = older(&place, vec![text("code"), text("name"), Field { index: true, ..text("slug") }]).await;
    place
        .sql(r#"alter table "note" add column "extra" integer; create unique index "by_extra" on "note" ("extra")"#)
        .await;
    place.sql(r#"create unique index "by_both" on "note" ("extra", "slug")"#).await;
    let expressions = match place.backend {
        Backend::Mysql => r#"create unique index "by_start" on "note" ("code"(3))"#,
        Backend::Sqlite | Backend::Postgres => {
            r#"create unique index "by_case" on "note" (lower("code"));
               create unique index "by_name" on "note" ("name", lower("code"));
               create unique index "by_some" on "note" ("code") where "name" = 'x'"#
        }
    };
    place.sql(expressions).await;
    assert_eq!(old.migration_plan().await.unwrap(), Vec::<String>::new());
    // A group that the expression only looks like.
    let in_group = |name: &str| Field { in_group: true, ..text(name) };
    let fields = vec![in_group("code"), in_group("name"), Field { index: true, ..text("slug") }];
    let group = Model { unique: vec![vec!["name".into()]], ..notes(fields) };
    let new = place.open(schema(group, &[]));
    assert!(new.missing_parts().await.unwrap().contains(&"an index on note.name".to_owned()));
}

async fn what_is_referred_to_stays_unique(place: Place) {
    let old = older(&place, vec![unique("code"), unique("slug")]).await;
    insert(&old, "n1", &[("code", "a".into()), ("slug", "s".into())]).await.unwrap();
    place.sql(&child(&place, "code")).await;
    let new = place.open(schema(notes(vec![text("title"), text("slug")]), &[rename("code", "title")]));
    for error in [new.migration_plan().await.unwrap_err(), new.migrate().await.unwrap_err()] {
        assert_eq!(
            error.to_string(),
            "note.title need not be unique any more, but child.note refers to it, which only a unique column allows: remove \
             that foreign key by hand, or let the plugin declare it unique again"
        );
    }
    assert_eq!(old.migration_plan().await.unwrap(), Vec::<String>::new(), "nothing was written");
    assert!(is_taken(insert(&old, "n2", &[("slug", "s".into())]).await));
    place.sql(r#"drop table "child""#).await;
    new.migrate().await.unwrap();
    insert(&new, "n2", &[("title", "a".into()), ("slug", "s".into())]).await.unwrap();
}

/// A table that somebody else has made, with constraints in every place.
const BY_HAND: &str = r#"
    CREATE TABLE note (
        a text CONSTRAINT one UNIQUE ON CONFLICT FAIL, -- not "b" UNIQUE
        id text NOT NULL PRIMARY KEY,
        parent text REFERENCES note (id) ON DELETE CASCADE,
        "b" text /* , */ UNIQUE COLLATE NOCASE,
        n integer GENERATED ALWAYS AS (length(a)),
        c text DEFAULT 'x, unique' UNIQUE,
        UNIQUE (c),
        CONSTRAINT several UNIQUE (b COLLATE NOCASE, "c" DESC),
        UNIQUE (c, parent)
    );
    INSERT INTO note (id, a, parent, b, c) VALUES ('1', 'a1', NULL, 'b1', 'c1'), ('2', 'a2', '1', 'b2', 'c2')"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn constraints_of_a_table_go_one_by_one() {
    on_sqlite(|place| async move {
        place.sql(BY_HAND).await;
        let fields = |b: Field| notes(vec![text("a"), text("parent"), b, text("c")]);
        let kept = Model { unique: vec![vec!["parent".into(), "c".into()]], ..fields(unique("b")) };
        let new = migrated(&place, schema(kept, &[])).await;
        let row = |a: &'static str, parent: &'static str, b: &'static str, c: &'static str| {
            [("a", a.into()), ("parent", parent.into()), ("b", b.into()), ("c", c.into())]
        };
        insert(&new, "3", &row("a1", "2", "b3", "c1")).await.unwrap();
        assert!(is_taken(insert(&new, "4", &row("a1", "1", "B3", "c9")).await));
        assert!(is_taken(insert(&new, "4", &row("a1", "2", "b4", "c1")).await));
        sound(&place).await;
        let newest = migrated(&place, schema(fields(text("b")), &[])).await;
        insert(&newest, "4", &row("a1", "2", "B3", "c1")).await.unwrap();
        assert_eq!(lines(&place, "SELECT name AS line FROM pragma_index_list('note')"), ["sqlite_autoindex_note_1"]);
        sound(&place).await;
        newest.delete("note", &[eq("id", "1")]).await.unwrap();
        assert_eq!(newest.count_all("note").await, 0, "parents still take their children along");
    })
    .await;
}
