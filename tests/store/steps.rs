//! What becomes of a plugin's tables when a new version declares them otherwise.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use doorward::clock::Timestamp;
use doorward::store::core_models::MIGRATION;
use doorward::store::{
    Backend, Backfill, Database, Field, FieldType, Model, Models, Owner, Record, Reference, Schema, Store, StoreError,
    Value, eq, starts_with,
};
use serde_json::{Value as Json, json};

use super::{Place, TestStore, on_each};

on_each!(
    what_is_no_longer_declared_is_no_longer_needed,
    a_changed_type_is_refused_with_what_to_do,
    a_renamed_field_keeps_its_values,
    a_rename_after_the_new_column_was_added,
    steps_are_done_in_order_and_once,
    steps_have_nothing_to_do_in_a_new_table,
    old_rows_get_the_default,
    a_backfill_goes_on_where_it_ended,
    fields_are_unique_together,
    rows_that_are_over_are_swept
);

pub(super) fn field(name: &str, kind: FieldType) -> Field {
    Field { owner: Owner::Plugin("notes".into()), ..Field::new(name, kind) }
}

pub(super) fn needed(name: &str, kind: FieldType) -> Field {
    Field { required: true, ..field(name, kind) }
}

pub(super) fn notes(fields: Vec<Field>) -> Model {
    let id = needed("id", FieldType::String);
    Model::new("note", [vec![id], fields].concat(), Owner::Plugin("notes".into()))
}

/// The core with the table `note` and these steps.
pub(super) fn schema(model: Model, steps: &[Json]) -> Schema {
    let mut schema = Schema::core();
    schema.add_model(model).unwrap();
    for step in steps {
        schema.add_step("notes", serde_json::from_value(step.clone()).unwrap());
    }
    schema
}

pub(super) fn step(name: &str, work: &Json) -> Json {
    let mut step = json!({ "name": name, "table": "note" });
    step.as_object_mut().unwrap().extend(work.as_object().unwrap().clone());
    step
}

pub(super) fn rename(from: &str, to: &str) -> Json {
    step(&format!("{from} is {to}"), &json!({ "do": "rename", "from": from, "to": to }))
}

pub(super) async fn insert(store: &Store, id: &str, fields: &[(&str, Value)]) -> Result<Record, StoreError> {
    let mut row = Record::new(store.schema().model("note").unwrap());
    row.set("id", id).unwrap();
    fields.iter().for_each(|(name, value)| row.set(name, value.clone()).unwrap());
    store.insert(row).await
}

/// A database with the table as an older version declared it.
pub(super) async fn older(place: &Place, fields: Vec<Field>) -> Store {
    let store = place.open(schema(notes(fields), &[]));
    store.migrate().await.unwrap();
    store
}

pub(super) async fn find(store: &Store, id: &str) -> Record {
    store.find_one("note", &[eq("id", id)]).await.unwrap().unwrap()
}

async fn what_is_no_longer_declared_is_no_longer_needed(place: Place) {
    let old = older(
        &place,
        vec![
            Field { unique: true, ..needed("code", FieldType::String) },
            Field { index: true, references: Some(Reference::to_id("user")), ..needed("userId", FieldType::String) },
            needed("size", FieldType::Number),
            needed("text", FieldType::String),
        ],
    )
    .await;
    let user = super::user(&old, "u1");
    old.insert(user).await.unwrap();
    let all = [("code", "a".into()), ("userId", "u1".into()), ("size", 1.into()), ("text", "t".into())];
    insert(&old, "n1", &all).await.unwrap();
    // `size` stays, and need not have a value any more.
    let new = place.open(schema(notes(vec![field("size", FieldType::Number), needed("text", FieldType::String)]), &[]));
    let mut parts = new.missing_parts().await.unwrap();
    parts.sort();
    assert_eq!(
        parts,
        ["note.code", "note.size", "note.userId"].map(|column| format!("{column} as an optional column"))
    );
    assert_eq!(new.migrate().await.unwrap().statements.len(), 3);
    assert!(new.migration_plan().await.unwrap().is_empty());
    insert(&new, "n2", &[("text", "u".into())]).await.unwrap();
    assert!(insert(&new, "n3", &[]).await.is_err(), "what is still needed is");
    // The values are there for whoever declares the columns again, with what belongs to them.
    let again = find(&old, "n1").await;
    assert_eq!((again.text("code"), again.text("userId")), ("a", "u1"));
    assert!(insert(&old, "n4", &all).await.is_err(), "a unique value stays unique");
    old.delete("user", &[eq("id", "u1")]).await.unwrap();
    assert_eq!(new.count_all("note").await, 1, "a row still goes with what it refers to");
}

async fn a_changed_type_is_refused_with_what_to_do(place: Place) {
    let old = older(&place, vec![field("size", FieldType::String)]).await;
    insert(&old, "n1", &[("size", "large".into())]).await.unwrap();
    let new = place.open(schema(notes(vec![field("size", FieldType::Number), field("more", FieldType::Json)]), &[]));
    for error in [new.migration_plan().await.unwrap_err(), new.migrate().await.unwrap_err()] {
        let error = error.to_string();
        assert!(
            error.starts_with("note.size is ") && error.contains("the plugin `notes` now declares a number"),
            "{error}"
        );
        assert!(error.contains("declare a field of another name"), "{error}");
    }
    let copied = [step("a", &json!({ "do": "copy", "from": "size", "to": "width" }))];
    let copied = place.open(schema(notes(vec![field("width", FieldType::Number)]), &copied));
    let error = copied.migrate().await.unwrap_err().to_string();
    assert!(error.contains("note.size is ") && error.contains("Plugin::backfill"), "{error}");
    assert_eq!(old.migration_plan().await.unwrap(), Vec::<String>::new(), "nothing was written");
}

async fn a_renamed_field_keeps_its_values(place: Place) {
    let old = older(&place, vec![Field { unique: true, ..needed("code", FieldType::String) }]).await;
    insert(&old, "n1", &[("code", "a".into())]).await.unwrap();
    let label = || vec![Field { unique: true, ..needed("label", FieldType::String) }];
    let new = place.open(schema(notes(label()), &[rename("code", "label")]));
    let plan = new.migration_plan().await.unwrap();
    assert!(plan.len() == 1 && plan[0].contains("rename column") && plan[0].contains("plugin notes"), "{plan:?}");
    new.migrate().await.unwrap();
    assert_eq!(find(&new, "n1").await.text("label"), "a");
    assert!(insert(&new, "n2", &[("label", "a".into())]).await.is_err());
    insert(&new, "n2", &[("label", "b".into())]).await.unwrap();
    // Two versions later, from the first one at once.
    let title = || vec![Field { unique: true, ..needed("title", FieldType::String) }];
    let newest = place.open(schema(notes(title()), &[rename("code", "label"), rename("label", "title")]));
    newest.migrate().await.unwrap();
    assert_eq!(find(&newest, "n2").await.text("title"), "b");
    assert!(newest.migration_plan().await.unwrap().is_empty());
}

async fn a_rename_after_the_new_column_was_added(place: Place) {
    let old = older(&place, vec![needed("code", FieldType::String)]).await;
    insert(&old, "n1", &[("code", "a".into())]).await.unwrap();
    // A version that forgot its step.
    let label = || notes(vec![field("label", FieldType::String)]);
    let hasty = place.open(schema(label(), &[]));
    hasty.migrate().await.unwrap();
    insert(&hasty, "n2", &[("label", "b".into())]).await.unwrap();
    let new = place.open(schema(label(), &[rename("code", "label")]));
    new.migrate().await.unwrap();
    assert_eq!((find(&new, "n1").await.text("label"), find(&new, "n2").await.text("label")), ("a", "b"));
    assert!(new.migration_plan().await.unwrap().is_empty());
}

async fn steps_are_done_in_order_and_once(place: Place) {
    let old = older(
        &place,
        vec![field("code", FieldType::String), Field { index: true, ..field("junk", FieldType::String) }],
    )
    .await;
    for number in 0..2500 {
        insert(&old, &format!("n{number:04}"), &[("code", format!("c{number}").into()), ("junk", "j".into())])
            .await
            .unwrap();
    }
    let fields = || notes(vec![field("title", FieldType::String), field("color", FieldType::String)]);
    let steps = [
        step("1", &json!({ "do": "copy", "from": "code", "to": "label" })),
        rename("label", "title"),
        step("2", &json!({ "do": "fill", "field": "color", "value": "grey" })),
        step("3", &json!({ "do": "drop", "field": "junk" })),
    ];
    let new = place.open(schema(fields(), &steps));
    let plan = new.plan().await.unwrap();
    assert!(plan.losses.len() == 1 && plan.losses[0].contains("junk"), "{plan:?}");
    new.migrate().await.unwrap();
    let filled = [eq("title", "c2499"), eq("color", "grey")];
    assert_eq!(
        (new.count("note", &filled).await.unwrap(), new.count("note", &[eq("color", "grey")]).await.unwrap()),
        (1, 2500)
    );
    assert!(old.missing_parts().await.unwrap().contains(&"the column note.junk".to_owned()));
    let recorded = new.find_many(MIGRATION, &[starts_with("id", "step:notes:")], None, None, None).await.unwrap();
    assert_eq!(recorded.len(), 4);
    new.update("note", &[eq("id", "n0000")], &[("color", Value::Null)]).await.unwrap();
    assert!(new.migrate().await.unwrap().statements.is_empty());
    assert!(find(&new, "n0000").await.get("color").is_null(), "a step is done once");
}

async fn steps_have_nothing_to_do_in_a_new_table(place: Place) {
    let steps = [rename("code", "label"), step("1", &json!({ "do": "backfill", "index": 0 }))];
    let new = place.open(schema(notes(vec![field("label", FieldType::String)]), &steps));
    new.migrate().await.unwrap();
    assert!(new.plan().await.unwrap().statements.is_empty());
    assert_eq!(new.count(MIGRATION, &[starts_with("id", "step:")]).await.unwrap(), 2, "they are recorded");
}

async fn old_rows_get_the_default(place: Place) {
    let old = older(&place, vec![]).await;
    insert(&old, "n1", &[]).await.unwrap();
    let moment = Timestamp::parse_iso("2026-11-22T08:41:23.051Z").unwrap();
    let values: Vec<(&str, FieldType, Value)> = vec![
        ("text", FieldType::String, r"it's \ 100%".into()),
        ("size", FieldType::Number, 7.into()),
        ("large", FieldType::Bigint, 5_000_000_000i64.into()),
        ("open", FieldType::Boolean, true.into()),
        ("at", FieldType::Date, moment.into()),
        ("tags", FieldType::Strings, Value::Json(json!(["a", "it's"]))),
    ];
    let fields = values.iter().map(|(name, kind, value)| Field { default: Some(value.clone()), ..needed(name, *kind) });
    let keyed = Field { default: Some("k".into()), index: true, ..needed("keyed", FieldType::String) };
    let new = place.open(schema(notes(fields.chain([keyed]).collect()), &[]));
    new.migrate().await.unwrap();
    let row = find(&new, "n1").await;
    for (name, _, value) in &values {
        assert_eq!(row.get(name), value, "{name}");
    }
    assert_eq!(row.text("keyed"), "k");
    assert!(new.migration_plan().await.unwrap().is_empty());
}

/// Writes `number` into rows; fails when it is asked for the third time.
struct Counts {
    asked: AtomicUsize,
    fails_at: usize,
}

#[async_trait]
impl Backfill for Counts {
    async fn fields(&self, plugin: &str, index: u32, rows: &[Record]) -> Result<Vec<Vec<(String, Value)>>, StoreError> {
        assert_eq!((plugin, index), ("notes", 3));
        if self.asked.fetch_add(1, Ordering::SeqCst) == self.fails_at {
            return Err(StoreError::Unmigratable("as asked".into()));
        }
        let number = |row: &Record| row.text("code").trim_start_matches('c').parse::<i64>().unwrap();
        Ok(rows.iter().map(|row| vec![("number".to_owned(), number(row).into())]).collect())
    }
}

async fn a_backfill_goes_on_where_it_ended(place: Place) {
    let old = older(&place, vec![field("code", FieldType::String)]).await;
    for number in 0..250 {
        insert(&old, &format!("n{number:03}"), &[("code", format!("c{number}").into())]).await.unwrap();
    }
    let fields = notes(vec![field("code", FieldType::String), field("number", FieldType::Number)]);
    let new = place.open(schema(fields, &[step("1", &json!({ "do": "backfill", "index": 3 }))]));
    let error = new.migrate().await.unwrap_err().to_string();
    assert!(error.contains("the step `1` of the plugin notes") && error.contains("doorward migrate"), "{error}");
    let failing = Counts { asked: AtomicUsize::new(0), fails_at: 1 };
    assert!(new.migrate_with(Some(&failing)).await.is_err());
    assert_eq!(new.count("note", &[eq("number", Value::Null)]).await.unwrap(), 150, "the first batch stays");
    assert_eq!(new.missing_parts().await.unwrap().len(), 1, "the step is not done");
    // Whoever has a value by now keeps it: the row was seen.
    new.update("note", &[eq("id", "n000")], &[("number", 1000.into())]).await.unwrap();
    let working = Counts { asked: AtomicUsize::new(0), fails_at: usize::MAX };
    new.migrate_with(Some(&working)).await.unwrap();
    assert_eq!(working.asked.load(Ordering::SeqCst), 2);
    assert_eq!(
        (find(&new, "n000").await.integer("number"), find(&new, "n249").await.integer("number")),
        (Some(1000), Some(249))
    );
    assert!(new.plan().await.unwrap().statements.is_empty());
}

async fn fields_are_unique_together(place: Place) {
    let old = older(&place, vec![field("group", FieldType::String), field("name", FieldType::String)]).await;
    insert(&old, "n1", &[("group", "a".into()), ("name", "x".into())]).await.unwrap();
    let grouped = |name: &str| Field { in_group: true, ..field(name, FieldType::String) };
    let model =
        Model { unique: vec![vec!["group".into(), "name".into()]], ..notes(vec![grouped("group"), grouped("name")]) };
    let new = place.open(schema(model.clone(), &[]));
    let expected = if place.backend == Backend::Mysql { 3 } else { 1 };
    assert_eq!(new.migrate().await.unwrap().statements.len(), expected);
    assert!(new.migration_plan().await.unwrap().is_empty());
    let add = async |id: &str, group: &str, name: &str| {
        insert(&new, id, &[("group", group.into()), ("name", name.into())]).await
    };
    assert!(matches!(add("n2", "a", "x").await, Err(StoreError::UniqueViolation { .. })));
    add("n3", "b", "x").await.unwrap();
    insert(&new, "n4", &[("group", "a".into())]).await.unwrap();
    insert(&new, "n5", &[("group", "a".into())]).await.unwrap();
}

async fn rows_that_are_over_are_swept(place: Place) {
    let at = Field { index: true, ..field("endsAt", FieldType::Date) };
    let store = place.open(schema(Model { expires_at: Some("endsAt".into()), ..notes(vec![at]) }, &[]));
    store.migrate().await.unwrap();
    for number in 0..450 {
        insert(&store, &format!("n{number}"), &[("endsAt", Timestamp(number * 1000).into())]).await.unwrap();
    }
    insert(&store, "for ever", &[]).await.unwrap();
    let swept = doorward::auth::sweeper::sweep(&store, Timestamp(399_000)).await.unwrap();
    assert!(swept.contains(&("note".to_owned(), 400)), "{swept:?}");
    assert_eq!(store.count_all("note").await, 51);
}
