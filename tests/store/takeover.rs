//! A database that Better Auth made and filled is taken over as it is.

use doorward::clock::Timestamp;
use doorward::store::session::find_session_with_user;
use doorward::store::{Backend, Field, FieldType, Models, Schema, account, eq};

use super::{NOW, Place, on_each, on_postgres, user};

on_each!(
    rows_are_read_and_nothing_is_rebuilt,
    columns_of_its_plugins_are_recognised,
    what_refers_to_a_table_has_the_type_of_its_id,
);

/// Rows as the reference writes them. SQLite holds ISO text and 0 or 1.
const ROWS: &str = r#"
insert into "user" ("id", "name", "email", "emailVerified", "createdAt", "updatedAt", "role", "banned")
  values ('uOhAZBYF8CLzGQDAVpdzPYvVrIcJdfYd', 'Ada', 'ada@example.com', $TRUE, '2026-11-22T08:41:23.051Z', '2026-11-22T08:41:24.000Z', 'admin,user', $FALSE);
insert into "session" ("id", "token", "userId", "expiresAt", "createdAt", "updatedAt", "ipAddress", "userAgent")
  values ('sid', 'Wm3kLq8ZrT0vYxN5bHc7JdF2gPaS9eUo', 'uOhAZBYF8CLzGQDAVpdzPYvVrIcJdfYd', '2026-11-29T08:41:23.051Z', '2026-11-22T08:41:23.051Z', '2026-11-22T08:41:23.051Z', '', 'curl/8');
insert into "account" ("id", "accountId", "providerId", "userId", "password", "createdAt", "updatedAt")
  values ('aid', 'uOhAZBYF8CLzGQDAVpdzPYvVrIcJdfYd', 'credential', 'uOhAZBYF8CLzGQDAVpdzPYvVrIcJdfYd', 'salt:key', '2026-11-22T08:41:23.051Z', '2026-11-22T08:41:23.051Z');
insert into "verification" ("id", "identifier", "value", "expiresAt", "createdAt", "updatedAt")
  values ('vid', 'reset-password:x', 'uOhAZBYF8CLzGQDAVpdzPYvVrIcJdfYd', '2026-11-22T09:41:23.051Z', '2026-11-22T08:41:23.051Z', '2026-11-22T08:41:23.051Z');
"#;

async fn fill(place: &Place) {
    let (ddl, yes, no) = match place.backend {
        Backend::Sqlite => (include_str!("better_auth/plugins.sqlite.sql"), "1", "0"),
        Backend::Postgres => (include_str!("better_auth/plugins.postgres.sql"), "true", "false"),
        Backend::Mysql => (include_str!("better_auth/plugins.mysql.sql"), "true", "false"),
    };
    place.sql(ddl).await;
    let rows = ROWS.replace("$TRUE", yes).replace("$FALSE", no);
    place.sql(&if place.backend == Backend::Mysql { rows.replace("Z'", "'") } else { rows }).await;
}

async fn what_refers_to_a_table_has_the_type_of_its_id(place: Place) {
    let types: &[&str] = match place.backend {
        Backend::Sqlite => &["text", "varchar(36)"],
        Backend::Postgres => &["uuid", "varchar(36)", "integer"],
        Backend::Mysql => &["varchar(36) character set utf8mb4 collate utf8mb4_general_ci", "int", "bigint unsigned"],
    };
    for kind in types {
        for table in ["doorward_script_value", "session", "account", "user"] {
            place.sql(&format!("drop table if exists \"{table}\"")).await;
        }
        let time = if place.backend == Backend::Postgres { "timestamptz" } else { "datetime" };
        let own = format!(
            "create table \"user\" (\"id\" {kind} not null primary key, \"name\" varchar(255) not null, \"email\" varchar(255) \
             not null unique, \"emailVerified\" boolean not null, \"image\" varchar(255), \"createdAt\" {time} not null, \
             \"updatedAt\" {time} not null)"
        );
        place.sql(&own).await;
        let store = place.open(Schema::core());
        store.migrate().await.unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(store.migration_plan().await.unwrap(), Vec::<String>::new(), "{kind}");
    }
}

/// The reference's tables get indexes at most.
fn leaves_tables_alone(sql: &str) -> bool {
    sql.contains("doorward_") || sql.starts_with("create index ")
}

async fn rows_are_read_and_nothing_is_rebuilt(place: Place) {
    fill(&place).await;
    let store = place.open(Schema::core());
    let plan = store.migration_plan().await.unwrap();
    assert!(plan.iter().all(|sql| leaves_tables_alone(sql)), "{plan:#?}");
    store.migrate().await.unwrap();

    let token = "Wm3kLq8ZrT0vYxN5bHc7JdF2gPaS9eUo";
    let (session, user) = find_session_with_user(&store, token).await.unwrap().unwrap();
    assert_eq!(session.expires_at(), NOW.plus_secs(7 * 86_400));
    assert_eq!((session.ip_address(), session.user_agent()), (Some(""), Some("curl/8")));
    assert_eq!(
        (user.name(), user.email(), user.email_verified(), user.image()),
        ("Ada", "ada@example.com", true, None)
    );
    assert_eq!((user.created_at(), user.updated_at()), (NOW, Timestamp(1_795_336_884_000)));
    let account = account::find_credential_account(&store, user.id()).await.unwrap().unwrap();
    assert_eq!(account.password(), Some("salt:key"));
    let used = store.consume("verification", &[eq("identifier", "reset-password:x")]).await.unwrap().unwrap();
    assert_eq!(used.text("value"), user.id());

    // What is written back is what the reference would have written.
    store
        .update("user", &[eq("id", user.id())], &[("updatedAt", NOW.into()), ("emailVerified", false.into())])
        .await
        .unwrap();
    let expected = match place.backend {
        Backend::Sqlite => {
            r#"select 1 / (count(*) = 1) from "user" where "updatedAt" = '2026-11-22T08:41:23.051Z' and "emailVerified" = 0 and typeof("emailVerified") = 'integer'"#
        }
        // A key that is there twice is refused.
        Backend::Mysql => {
            r#"create table proof (id integer primary key); insert into proof values (1);
               insert into proof select count(*) + 1 from "user" where "updatedAt" = '2026-11-22 08:41:23.051' and not "emailVerified""#
        }
        Backend::Postgres => {
            r#"select 1 / count(*) from "user" where "updatedAt" = '2026-11-22T08:41:23.051Z' and not "emailVerified""#
        }
    };
    place.sql(expected).await;
    let (_, user) = find_session_with_user(&store, token).await.unwrap().unwrap();
    assert_eq!((user.updated_at(), user.email_verified()), (NOW, false));
}

async fn columns_of_its_plugins_are_recognised(place: Place) {
    fill(&place).await;
    let mut schema = Schema::core();
    schema.add_field("user", Field::new("role", FieldType::String)).unwrap();
    schema.add_field("user", Field::new("banned", FieldType::Boolean)).unwrap();
    let store = place.open(schema);
    let plan = store.migration_plan().await.unwrap();
    assert!(plan.iter().all(|sql| leaves_tables_alone(sql)), "{plan:#?}");
    let user = store.find_one("user", &[eq("email", "ada@example.com")]).await.unwrap().unwrap();
    assert_eq!((user.text("role"), user.boolean("banned")), ("admin,user", Some(false)));
}

/// Columns as other adapters make them: ids that are uuids, an enum, a domain, other kinds of text, date and number.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn types_of_other_adapters_are_read_and_written() {
    on_postgres(async |place| {
        let ddl = include_str!("better_auth/plugins.postgres.sql")
            .replace("\"id\" text", "\"id\" uuid")
            .replace("\"userId\" text", "\"userId\" uuid")
            .replace("\"email\" text", "\"email\" address")
            .replace("\"role\" text", "\"role\" roles, \"born\" date, \"credits\" numeric(20, 2), \"tags\" text[]")
            .replace("\"ipAddress\" text", "\"ipAddress\" inet");
        place.sql("create type roles as enum ('admin', 'user'); create domain address as varchar(80)").await;
        place.sql(&ddl).await;
        let mut schema = Schema::core();
        for (name, kind) in [
            ("role", FieldType::String),
            ("born", FieldType::Date),
            ("credits", FieldType::Number),
            ("tags", FieldType::Strings),
        ] {
            schema.add_field("user", Field::new(name, kind)).unwrap();
        }
        let store = place.open(schema);
        store.migrate().await.unwrap();
        let id = "0190a1b2-0000-7000-8000-00000000000a";
        let mut new = user(&store, id);
        for (name, value) in [("role", "admin".into()), ("born", NOW.into()), ("credits", 120_000.into())] {
            new.set(name, doorward::store::Value::clone(&value)).unwrap();
        }
        store.insert(new).await.unwrap();
        place.sql("update \"user\" set tags = array['a', 'b']").await;
        let values = [
            ("id", "0190a1b2-0000-7000-8000-00000000000b".into()),
            ("token", "t1".into()),
            ("userId", id.into()),
            ("ipAddress", "203.0.113.7".into()),
            ("expiresAt", NOW.into()),
            ("createdAt", NOW.into()),
            ("updatedAt", NOW.into()),
        ];
        store.insert(super::record(&store, "session", &values)).await.unwrap();
        let (session, user) = find_session_with_user(&store, "t1").await.unwrap().unwrap();
        assert_eq!((session.user_id(), user.id(), session.ip_address()), (id, id, Some("203.0.113.7")));
        assert_eq!((user.0.text("role"), user.0.integer("credits")), ("admin", Some(120_000)));
        assert_eq!(user.0.timestamp("born"), Some(Timestamp(NOW.0 - NOW.0.rem_euclid(86_400_000))));
        assert_eq!(user.0.get("tags").to_json(), serde_json::json!(["a", "b"]));
        store.update("user", &[eq("id", id)], &[("role", "user".into())]).await.unwrap();
        assert_eq!(store.count("user", &[eq("role", "user")]).await.unwrap(), 1);
        let unknown = store.find_one("user", &[eq("id", "no-uuid")]).await;
        assert!(matches!(unknown, Err(doorward::store::StoreError::InvalidInput { .. })), "{unknown:?}");
    })
    .await;
}
