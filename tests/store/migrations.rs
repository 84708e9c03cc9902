//! Migrations: from nothing, twice, and what joins an existing database.

use doorward::store::core_models::MIGRATION;
use doorward::store::{Backend, Field, FieldType, Model, Models, Owner, Reference, Schema, create_schema, eq};

use super::{Place, TestStore, on_each, user};

on_each!(from_nothing_and_twice, additions_join_a_live_database, several_processes_at_once, a_failure_changes_nothing);

async fn from_nothing_and_twice(place: Place) {
    let store = place.open(Schema::core());
    let plan = store.migration_plan().await.unwrap();
    assert_eq!(plan, create_schema(&Schema::core(), place.backend));
    assert_eq!(store.migrate().await.unwrap().statements, plan);
    assert!(store.migration_plan().await.unwrap().is_empty());
    assert!(store.migrate().await.unwrap().statements.is_empty());
    let recorded = store.find_many(MIGRATION, &[], None, None, None).await.unwrap();
    assert_eq!(recorded.iter().map(|record| record.text("statement")).collect::<Vec<_>>(), plan);
    assert!(recorded.iter().all(|record| record.timestamp("appliedAt").is_some()));
}

fn with_plugin() -> Schema {
    let mut schema = Schema::core();
    let owner = Owner::Plugin("plugin".into());
    let field = |name: &str, kind| Field { owner: owner.clone(), ..Field::new(name, kind) };
    schema.add_field("user", Field { unique: true, ..field("username", FieldType::String) }).unwrap();
    schema
        .add_field("user", Field { required: true, default: Some(false.into()), ..field("banned", FieldType::Boolean) })
        .unwrap();
    schema.add_field("session", Field { index: true, ..field("teamId", FieldType::String) }).unwrap();
    let fields = vec![
        Field { required: true, ..field("id", FieldType::String) },
        Field { references: Some(Reference::to_id("user")), index: true, ..field("userId", FieldType::String) },
        field("data", FieldType::Json),
    ];
    schema.add_model(Model::new("badge", fields, owner)).unwrap();
    schema
}

async fn additions_join_a_live_database(place: Place) {
    let before = place.core().await;
    before.insert(user(&before, "u1")).await.unwrap();
    let store = place.open(with_plugin());
    let report = store.migrate().await.unwrap();
    assert_eq!(report.statements.len(), 7, "{:#?}", report.statements);
    assert!(store.migrate().await.unwrap().statements.is_empty());
    let old = store.find_one("user", &[eq("id", "u1")]).await.unwrap().unwrap();
    assert!(old.get("username").is_null() && old.boolean("banned") == Some(false));
    let mut new = user(&store, "u2");
    new.set("username", "grace").unwrap();
    assert_eq!(store.insert(new).await.unwrap().boolean("banned"), Some(false));
    let taken = store.update("user", &[eq("id", "u1")], &[("username", "grace".into())]).await;
    assert!(matches!(taken, Err(doorward::store::StoreError::UniqueViolation { .. })));
    // A store that does not know the additions goes on working beside it.
    assert_eq!(before.count_all("user").await, 2);
}

async fn several_processes_at_once(place: Place) {
    let stores: Vec<_> = (0..4).map(|_| place.open(with_plugin())).collect();
    let tasks: Vec<_> =
        stores.into_iter().map(|store| tokio::spawn(async move { store.migrate().await.unwrap() })).collect();
    let mut worked = 0;
    for task in tasks {
        worked += usize::from(!task.await.unwrap().statements.is_empty());
    }
    assert_eq!(worked, 1);
}

async fn a_failure_changes_nothing(place: Place) {
    let store = place.core().await;
    for id in ["u1", "u2"] {
        store.insert(user(&store, id)).await.unwrap();
    }
    // The rows hold the same value in what is to become unique.
    place.sql("alter table \"user\" add column username varchar(255); update \"user\" set username = 'same'").await;
    let with_plugin = place.open(with_plugin());
    let plan = with_plugin.migration_plan().await.unwrap();
    assert!(with_plugin.migrate().await.is_err());
    let left = with_plugin.migration_plan().await.unwrap();
    // MySQL keeps what was done before the failure; the next migration goes on there.
    let is_expected =
        if place.backend == Backend::Mysql { left.iter().all(|sql| plan.contains(sql)) } else { left == plan };
    assert!(is_expected && !left.is_empty(), "{left:#?}");
    assert_eq!(store.count_all("user").await, 2);
    place.sql("update \"user\" set username = id").await;
    with_plugin.migrate().await.unwrap();
    assert!(with_plugin.migration_plan().await.unwrap().is_empty());
}
