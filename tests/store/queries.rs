//! Round trips, filters, changes and their refusals.

use doorward::clock::Timestamp;
use doorward::store::{
    Database, Field, FieldType, Filter, Model, Models, Op, Owner, Record, Schema, Sort, Store, StoreError, Value,
    contains, ends_with, eq, gt, gte, lt, lte, ne, none_of, one_of, starts_with,
};
use serde_json::json;

use super::{NOW, Place, TestStore, on_each, record, user};

on_each!(
    round_trip_of_each_kind,
    defaults_and_renamed_columns,
    comparisons,
    lists_and_groups,
    like_is_literal,
    sort_limit_offset,
    unique_violation,
    required_fields,
    bad_input,
    update_and_delete,
    statements_need_a_filter,
    texts_are_equal_only_if_all_their_bytes_are,
);

/// A model with a field of each kind.
async fn things(place: &Place) -> Store {
    let mut schema = Schema::core();
    let fields = vec![
        Field { required: true, ..Field::new("id", FieldType::String) },
        Field::new("text", FieldType::String),
        Field::new("number", FieldType::Bigint),
        Field::new("truth", FieldType::Boolean),
        Field::new("moment", FieldType::Date),
        Field::new("data", FieldType::Json),
    ];
    let model = Model::new("thing", fields, Owner::Plugin("things".into()));
    schema.add_model(model).unwrap();
    let store = place.open(schema);
    store.migrate().await.unwrap();
    store
}

/// Neither letter case, nor accents, nor spaces at the end make two addresses one.
async fn texts_are_equal_only_if_all_their_bytes_are(place: Place) {
    let store = place.core().await;
    let addresses =
        ["e@x.example", "E@x.example", "\u{e9}@x.example", "e\u{301}@x.example", "e@x.example ", "\u{1f600}@x.example"];
    for (number, address) in addresses.into_iter().enumerate() {
        let mut user = user(&store, &format!("u{number}"));
        user.set("email", address).unwrap();
        store.insert(user).await.unwrap();
    }
    for (number, address) in addresses.into_iter().enumerate() {
        let found = store.find_many("user", &[eq("email", address)], None, None, None).await.unwrap();
        assert_eq!(found.iter().map(|user| user.text("id")).collect::<Vec<_>>(), [format!("u{number}")], "{address:?}");
    }
}

async fn round_trip_of_each_kind(place: Place) {
    let store = things(&place).await;
    let rows: [[Value; 5]; 4] = [
        ["".into(), 0.into(), false.into(), Timestamp(0).into(), json!(null).into()],
        [
            "naïve 🦀 'quoted\" \\ %_".into(),
            i64::MAX.into(),
            true.into(),
            NOW.into(),
            json!({"a": [1, "é", null]}).into(),
        ],
        ["\n".into(), i64::MIN.into(), true.into(), Timestamp(-1).into(), json!("text").into()],
        [Value::Null, Value::Null, Value::Null, Value::Null, Value::Null],
    ];
    for (index, values) in rows.into_iter().enumerate() {
        let names = ["text", "number", "truth", "moment", "data"];
        let mut pairs: Vec<(&str, Value)> = names.into_iter().zip(values).collect();
        pairs.push(("id", format!("t{index}").into()));
        let written = record(&store, "thing", &pairs);
        let returned = store.insert(written.clone()).await.unwrap();
        let found = store.find_one("thing", &[eq("id", format!("t{index}"))]).await.unwrap().unwrap();
        for (name, value) in &pairs {
            // What is JSON's null in a column of JSON stays that, and is not SQL's.
            assert_eq!(returned.get(name), value, "{name} of row {index}, returned");
            assert_eq!(found.get(name), value, "{name} of row {index}, found");
        }
        assert_eq!(written, found);
    }
}

async fn defaults_and_renamed_columns(place: Place) {
    let mut schema = Schema::core();
    schema.rename_table("user", "people").unwrap();
    schema.rename_column("user", "email", "mail_address").unwrap();
    schema.add_field("user", Field { default: Some("guest".into()), ..Field::new("role", FieldType::String) }).unwrap();
    let store = place.open(schema);
    store.migrate().await.unwrap();
    store.insert(user(&store, "u1")).await.unwrap();
    let found = store.find_one("user", &[eq("email", "u1@example.com")]).await.unwrap().unwrap();
    assert_eq!(found.boolean("emailVerified"), Some(false));
    assert_eq!(found.text("role"), "guest");
    place.sql("update people set mail_address = 'other'").await;
    assert_eq!(store.find_one("user", &[]).await.unwrap().unwrap().text("email"), "other");
}

async fn ids(store: &Store, filters: &[Filter]) -> String {
    let sort = Some(Sort::ascending("id"));
    let records = store.find_many("thing", filters, sort, None, None).await.unwrap();
    assert_eq!(store.count("thing", filters).await.unwrap(), records.len() as u64);
    records.iter().map(|record| record.text("id")).collect::<Vec<_>>().join(" ")
}

async fn insert_things(store: &Store, rows: &[(&str, Value, Value)]) {
    for (id, text, number) in rows {
        let values = [("id", (*id).into()), ("text", text.clone()), ("number", number.clone())];
        store.insert(record(store, "thing", &values)).await.unwrap();
    }
}

async fn comparisons(place: Place) {
    let store = things(&place).await;
    insert_things(&store, &[("a", "x".into(), 1.into()), ("b", "y".into(), 2.into()), ("c", Value::Null, 3.into())])
        .await;
    for (filter, expected) in [
        (eq("text", "x"), "a"),
        (ne("text", "x"), "b"),
        (eq("text", Value::Null), "c"),
        (ne("text", Value::Null), "a b"),
        (lt("number", 2), "a"),
        (lte("number", 2), "a b"),
        (gt("number", 2), "c"),
        (gte("number", 2), "b c"),
    ] {
        assert_eq!(ids(&store, std::slice::from_ref(&filter)).await, expected, "{filter:?}");
    }
    store.update("thing", &[eq("id", "a")], &[("moment", NOW.into()), ("truth", true.into())]).await.unwrap();
    store
        .update("thing", &[eq("id", "b")], &[("moment", NOW.plus_secs(1).into()), ("truth", false.into())])
        .await
        .unwrap();
    assert_eq!(ids(&store, &[lt("moment", NOW.plus_secs(1))]).await, "a");
    assert_eq!(ids(&store, &[eq("moment", NOW)]).await, "a");
    assert_eq!(ids(&store, &[eq("moment", NOW.to_iso())]).await, "a");
    assert_eq!(ids(&store, &[eq("truth", false)]).await, "b");
}

async fn lists_and_groups(place: Place) {
    let store = things(&place).await;
    insert_things(&store, &[("a", "x".into(), 1.into()), ("b", "y".into(), 2.into()), ("c", "z".into(), 3.into())])
        .await;
    assert_eq!(ids(&store, &[one_of("text", vec!["x".into(), "z".into(), "?".into()])]).await, "a c");
    assert_eq!(ids(&store, &[none_of("number", vec![1.into(), 2.into()])]).await, "c");
    assert_eq!(ids(&store, &[one_of("text", vec![])]).await, "");
    assert_eq!(ids(&store, &[none_of("text", vec![])]).await, "a b c");
    assert_eq!(ids(&store, &[gt("number", 1), Filter::Any(vec![eq("text", "x"), eq("text", "y")])]).await, "b");
    assert_eq!(ids(&store, &[Filter::Any(vec![eq("text", "x"), eq("number", 3)])]).await, "a c");
    let many = (0..10_000).map(Value::from).collect();
    let refused = store.count("thing", &[one_of("number", many)]).await;
    assert!(matches!(refused, Err(StoreError::InvalidInput { .. })));
}

async fn like_is_literal(place: Place) {
    let store = things(&place).await;
    let texts = ["50% off", "50 off", "a_b", "axb", r"back\slash", "it's"];
    for (index, text) in texts.into_iter().enumerate() {
        insert_things(&store, &[(&format!("{index}"), text.into(), Value::Null)]).await;
    }
    for (filter, expected) in [
        (contains("text", "%"), "0"),
        (contains("text", "50"), "0 1"),
        (contains("text", "_"), "2"),
        (starts_with("text", "a_"), "2"),
        (ends_with("text", "_b"), "2"),
        (starts_with("text", "0"), ""),
        (ends_with("text", "off"), "0 1"),
        (contains("text", r"\"), "4"),
        (contains("text", r"\s"), "4"),
        (contains("text", "'s"), "5"),
        (contains("text", "' OR 1=1 --"), ""),
    ] {
        assert_eq!(ids(&store, std::slice::from_ref(&filter)).await, expected, "{filter:?}");
    }
}

async fn sort_limit_offset(place: Place) {
    let store = things(&place).await;
    for number in 0..150 {
        insert_things(&store, &[(&format!("{number:03}"), Value::Null, number.into())]).await;
    }
    let page = |sort, limit, offset| store.find_many("thing", &[], Some(sort), limit, offset);
    let numbers =
        |records: Vec<Record>| records.iter().filter_map(|record| record.integer("number")).collect::<Vec<_>>();
    assert_eq!(numbers(page(Sort::descending("number"), Some(2), None).await.unwrap()), [149, 148]);
    assert_eq!(numbers(page(Sort::ascending("number"), Some(2), Some(10)).await.unwrap()), [10, 11]);
    assert_eq!(page(Sort::ascending("number"), None, None).await.unwrap().len(), 100);
    assert_eq!(page(Sort::ascending("number"), Some(1000), Some(149)).await.unwrap().len(), 1);
}

async fn unique_violation(place: Place) {
    let store = place.core().await;
    store.insert(user(&store, "u1")).await.unwrap();
    let mut second = user(&store, "u2");
    second.set("email", "u1@example.com").unwrap();
    let Err(StoreError::UniqueViolation { constraint }) = store.insert(second).await else { panic!("inserted twice") };
    assert!(constraint.contains("email"), "{constraint}");
    assert!(matches!(store.insert(user(&store, "u1")).await, Err(StoreError::UniqueViolation { .. })));
    assert_eq!(store.count_all("user").await, 1);
}

async fn required_fields(place: Place) {
    let store = place.core().await;
    let mut nameless = user(&store, "u1");
    nameless.set("name", Value::Null).unwrap();
    assert!(
        matches!(store.insert(nameless).await, Err(StoreError::InvalidInput { field, .. }) if field == "user.name")
    );
    store.insert(user(&store, "u1")).await.unwrap();
    let emptied = store.update("user", &[eq("id", "u1")], &[("email", Value::Null)]).await;
    assert!(matches!(emptied, Err(StoreError::InvalidInput { .. })));
}

async fn bad_input(place: Place) {
    let store = place.core().await;
    let is_refused = |error| matches!(error, StoreError::InvalidInput { .. });
    assert!(is_refused(store.find_one("nonsense", &[]).await.unwrap_err()));
    assert!(is_refused(store.find_one("user", &[eq("nonsense", 1)]).await.unwrap_err()));
    assert!(is_refused(store.find_one("user", &[eq("id", 1)]).await.unwrap_err()));
    assert!(is_refused(store.find_one("user", &[eq("id", "a\0b")]).await.unwrap_err()));
    assert!(is_refused(store.find_one("user", &[contains("id", "\0")]).await.unwrap_err()));
    assert!(is_refused(store.find_one("user", &[eq("createdAt", "tomorrow")]).await.unwrap_err()));
    assert!(is_refused(store.find_one("user", &[Filter::new("emailVerified", Op::Contains, "1")]).await.unwrap_err()));
    let injection = "id\" = '' OR 1=1 --";
    assert!(is_refused(store.find_one("user", &[eq(injection, "a")]).await.unwrap_err()));
    assert!(is_refused(store.increment("user", &[eq("id", "a")], "name", 1).await.unwrap_err()));
    assert!(user(&store, "u1").set("name", "a\0b").is_err());
}

async fn update_and_delete(place: Place) {
    let store = place.core().await;
    for id in ["u1", "u2", "u3"] {
        store.insert(user(&store, id)).await.unwrap();
    }
    let changed =
        store.update("user", &[ne("id", "u2")], &[("name", "Grace".into()), ("image", "i".into())]).await.unwrap();
    assert_eq!(changed.len(), 2);
    assert!(changed.iter().all(|record| record.text("name") == "Grace" && record.text("image") == "i"));
    assert_eq!(store.update("user", &[eq("id", "u9")], &[("name", "x".into())]).await.unwrap().len(), 0);
    assert_eq!(store.delete("user", &[eq("name", "Grace")]).await.unwrap(), 2);
    assert_eq!(store.delete("user", &[eq("name", "Grace")]).await.unwrap(), 0);
    assert_eq!(store.find_one("user", &[]).await.unwrap().unwrap().text("name"), "Ada");
}

async fn statements_need_a_filter(place: Place) {
    let store = place.core().await;
    store.insert(user(&store, "u1")).await.unwrap();
    assert!(store.delete("user", &[]).await.is_err());
    assert!(store.consume("user", &[]).await.is_err());
    assert!(store.update("user", &[], &[("name", "x".into())]).await.is_err());
    assert!(store.increment(doorward::store::rate_limit::MODEL, &[], "count", 1).await.is_err());
    assert_eq!(store.schema().models().len(), 16);
    assert_eq!(store.count_all("user").await, 1);
}
