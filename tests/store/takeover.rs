//! A database that Better Auth made and filled is taken over as it is.

use doorward::clock::Timestamp;
use doorward::store::session::find_session_with_user;
use doorward::store::{Backend, Field, FieldType, Models, Schema, account, eq};

use super::{NOW, Place, on_both};

on_both!(rows_are_read_and_nothing_is_rebuilt, columns_of_its_plugins_are_recognised);

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
    };
    place.sql(ddl).await;
    place.sql(&ROWS.replace("$TRUE", yes).replace("$FALSE", no)).await;
}

async fn rows_are_read_and_nothing_is_rebuilt(place: Place) {
    fill(&place).await;
    let store = place.open(Schema::core());
    let plan = store.migration_plan().await.unwrap();
    assert!(plan.iter().all(|sql| sql.contains("doorward_")), "{plan:#?}");
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
    assert!(plan.iter().all(|sql| sql.contains("doorward_")), "{plan:#?}");
    let user = store.find_one("user", &[eq("email", "ada@example.com")]).await.unwrap().unwrap();
    assert_eq!((user.text("role"), user.boolean("banned")), ("admin,user", Some(false)));
}
