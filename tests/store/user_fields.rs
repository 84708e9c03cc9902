//! What becomes of the fields that a plugin adds to users and sessions when a new version calls them otherwise or drops them.

use std::collections::BTreeMap;
use std::path::Path;

use doorward::config::Config;
use doorward::store::core_models::MIGRATION;
use doorward::store::{
    Field, FieldType, Model, Models, Owner, Record, Schema, Store, StoreError, Value, eq, starts_with,
};
use serde_json::{Value as Json, json};

use super::{NOW, Place, TestStore, on_each, record, user};

on_each!(
    renamed_fields_keep_their_values,
    a_column_that_joined_a_live_table_is_renamed,
    dropped_fields_go_with_their_columns,
    what_was_needed_is_no_longer,
    what_others_brought_is_refused,
    a_column_of_nobody_is_refused_until_somebody_says_whose_it_is,
    counted_ids_are_filled_too,
);

fn of(plugin: &str, name: &str) -> Field {
    Field { owner: Owner::Plugin(plugin.to_owned()), ..Field::new(name, FieldType::String) }
}

fn own(name: &str) -> Field {
    of("notes", name)
}

/// The core with these fields of users and sessions, and the steps of the plugin `notes`.
fn schema(users: &[Field], sessions: &[Field], steps: &[Json]) -> Schema {
    let mut schema = Schema::core();
    users.iter().for_each(|field| schema.add_field("user", field.clone()).unwrap());
    sessions.iter().for_each(|field| schema.add_field("session", field.clone()).unwrap());
    for step in steps {
        schema.add_step("notes", serde_json::from_value(step.clone()).unwrap());
    }
    schema
}

fn rename(table: &str, from: &str, to: &str) -> Json {
    json!({ "name": format!("{table}.{from} is {to}"), "table": table, "do": "rename", "from": from, "to": to })
}

fn copy(table: &str, from: &str, to: &str) -> Json {
    json!({ "name": format!("{to} from {from}"), "table": table, "do": "copy", "from": from, "to": to })
}

fn fill(table: &str, field: &str, value: &str) -> Json {
    json!({ "name": format!("fill {field}"), "table": table, "do": "fill", "field": field, "value": value })
}

fn dropped(table: &str, field: &str) -> Json {
    json!({ "name": format!("no {field}"), "table": table, "do": "drop", "field": field })
}

async fn migrated(place: &Place, schema: Schema) -> Store {
    let store = place.open(schema);
    store.migrate().await.unwrap();
    assert_eq!(store.migration_plan().await.unwrap(), Vec::<String>::new(), "once is enough");
    store
}

async fn add_user(store: &Store, id: &str, fields: &[(&str, &str)]) -> Result<Record, StoreError> {
    let mut row = user(store, id);
    fields.iter().for_each(|(name, value)| row.set(name, *value).unwrap());
    store.insert(row).await
}

async fn add_session(store: &Store, user: &str, fields: &[(&str, &str)]) {
    let values = [
        ("id", Value::from(format!("s-{user}"))),
        ("token", format!("token-{user}").into()),
        ("userId", user.into()),
        ("expiresAt", NOW.plus_secs(300).into()),
        ("createdAt", NOW.into()),
        ("updatedAt", NOW.into()),
    ];
    let mut row = record(store, "session", &values);
    fields.iter().for_each(|(name, value)| row.set(name, *value).unwrap());
    store.insert(row).await.unwrap();
}

async fn find(store: &Store, model: &str, id: &str) -> Record {
    store.find_one(model, &[eq("id", id)]).await.unwrap().unwrap()
}

/// What the journal says of columns.
async fn journal(store: &Store) -> Vec<String> {
    let rows = store.find_many(MIGRATION, &[starts_with("id", "column:")], None, None, None).await.unwrap();
    let mut lines: Vec<String> =
        rows.iter().map(|row| format!("{} {}", row.text("id"), row.text("statement"))).collect();
    lines.sort();
    lines
}

fn columns_of(store: &[doorward::store::Surveyed], table: &str) -> Vec<String> {
    store.iter().filter(|found| found.table == table).map(|found| found.column.clone()).collect()
}

async fn renamed_fields_keep_their_values(place: Place) {
    let nick = Field { unique: true, ..own("nick") };
    let old = migrated(&place, schema(&[nick, own("color")], &[own("device")], &[])).await;
    add_user(&old, "u1", &[("nick", "ada"), ("color", "red")]).await.unwrap();
    add_user(&old, "u2", &[]).await.unwrap();
    add_session(&old, "u1", &[("device", "phone")]).await;
    let all = [
        rename("user", "nick", "handle"),
        rename("session", "device", "machine"),
        copy("user", "color", "shade"),
        fill("user", "shade", "grey"),
        rename("user", "handle", "alias"),
    ];
    let handle = Field { unique: true, ..own("handle") };
    let new = place.open(schema(&[handle.clone(), own("shade")], &[own("machine")], &all[..4]));
    let plan = new.migration_plan().await.unwrap();
    assert!(plan[0].contains("rename column") && plan[0].contains("plugin notes"), "{plan:#?}");
    new.migrate().await.unwrap();
    assert_eq!(new.migration_plan().await.unwrap(), Vec::<String>::new(), "once is enough");
    let ada = find(&new, "user", "u1").await;
    assert_eq!((ada.text("handle"), ada.text("shade"), ada.text("email")), ("ada", "red", "u1@example.com"));
    assert!(find(&new, "user", "u2").await.get("handle").is_null());
    assert_eq!(find(&new, "user", "u2").await.text("shade"), "grey");
    assert_eq!(find(&new, "session", "s-u1").await.text("machine"), "phone");
    let taken = add_user(&new, "u3", &[("handle", "ada")]).await;
    assert!(matches!(taken, Err(StoreError::UniqueViolation { .. })), "what was unique is");
    // A version later. `color` is the plugin's still, and nobody's field.
    let alias = Field { unique: true, ..own("alias") };
    let newest = migrated(&place, schema(&[alias, own("shade")], &[own("machine")], &all)).await;
    assert_eq!(find(&newest, "user", "u1").await.text("alias"), "ada");
    assert_eq!(
        journal(&newest).await,
        [
            "column:session.device gone",
            "column:session.machine added by the plugin notes",
            "column:user.alias added by the plugin notes",
            "column:user.color added by the plugin notes",
            "column:user.handle gone",
            "column:user.nick gone",
            "column:user.shade added by the plugin notes",
        ]
    );
}

async fn a_column_that_joined_a_live_table_is_renamed(place: Place) {
    let core = migrated(&place, Schema::core()).await;
    add_user(&core, "u1", &[]).await.unwrap();
    let old = migrated(&place, schema(&[own("nick")], &[], &[])).await;
    old.update("user", &[eq("id", "u1")], &[("nick", "ada".into())]).await.unwrap();
    // A version that forgot its step has the new column beside the old one.
    let hasty = migrated(&place, schema(&[own("alias")], &[], &[])).await;
    add_user(&hasty, "u2", &[("alias", "bob")]).await.unwrap();
    let steps = [rename("user", "nick", "handle"), rename("user", "handle", "alias")];
    let new = migrated(&place, schema(&[own("alias")], &[], &steps)).await;
    assert_eq!(
        (find(&new, "user", "u1").await.text("alias"), find(&new, "user", "u2").await.text("alias")),
        ("ada", "bob")
    );
    assert_eq!(core.count_all("user").await, 2, "who does not know the plugin goes on beside it");
}

async fn dropped_fields_go_with_their_columns(place: Place) {
    let nick = Field { unique: true, ..own("nick") };
    let old = migrated(&place, schema(&[nick, Field { index: true, ..own("color") }], &[own("device")], &[])).await;
    add_user(&old, "u1", &[("nick", "ada"), ("color", "red")]).await.unwrap();
    add_session(&old, "u1", &[("device", "phone")]).await;
    let steps = [dropped("user", "nick"), dropped("user", "color"), dropped("session", "device")];
    let new = place.open(schema(&[], &[], &steps));
    assert_eq!(new.plan().await.unwrap().losses.len(), 3);
    new.migrate().await.unwrap();
    assert_eq!(new.migration_plan().await.unwrap(), Vec::<String>::new(), "once is enough");
    let survey = new.survey().await.unwrap();
    for (table, gone) in [("user", "nick"), ("user", "color"), ("session", "device")] {
        assert!(!columns_of(&survey, table).contains(&gone.to_owned()), "{table}.{gone}");
    }
    assert_eq!((new.count_all("user").await, new.count_all("session").await), (1, 1), "rows stay");
    add_user(&new, "u2", &[]).await.unwrap();
    // Whoever makes such a column now has not got it from the plugin.
    place.sql("alter table \"user\" add column \"nick\" varchar(20)").await;
    let again = [rename("user", "nick", "handle")];
    let error = place.open(schema(&[own("handle")], &[], &again)).migrate().await.unwrap_err().to_string();
    assert!(error.contains("nothing records that the plugin notes has added the column user.nick"), "{error}");
}

async fn what_was_needed_is_no_longer(place: Place) {
    let old = migrated(&place, schema(&[Field { required: true, ..own("nick") }], &[], &[])).await;
    add_user(&old, "u1", &[("nick", "ada")]).await.unwrap();
    let new = migrated(&place, schema(&[own("handle")], &[], &[rename("user", "nick", "handle")])).await;
    add_user(&new, "u2", &[]).await.unwrap();
    let none = migrated(&place, schema(&[], &[], &[rename("user", "nick", "handle"), dropped("user", "handle")])).await;
    assert_eq!(none.count_all("user").await, 2);
}

async fn what_others_brought_is_refused(place: Place) {
    let old = schema(&[of("badges", "mood"), of("badges", "rank"), own("nick")], &[], &[]);
    let old = migrated(&place, old).await;
    let everything = [("mood", "calm"), ("rank", "first"), ("nick", "ada")];
    add_user(&old, "u1", &everything).await.unwrap();
    let configured = Field { owner: Owner::Config, ..Field::new("city", FieldType::String) };
    // `rank` is no field of anybody now.
    let now = [of("badges", "mood"), own("handle"), configured];
    let cases = [
        (dropped("user", "email"), "user.email belongs to the core"),
        (rename("user", "email", "handle"), "user.email belongs to the core"),
        (copy("user", "email", "handle"), "user.email belongs to the core"),
        (fill("user", "name", "Bob"), "user.name belongs to the core"),
        (rename("user", "nick", "email"), "user.email belongs to the core"),
        (dropped("user", "id"), "user.id belongs to the core"),
        (dropped("user", "mood"), "user.mood belongs to the plugin badges"),
        (copy("user", "mood", "handle"), "user.mood belongs to the plugin badges"),
        (fill("user", "mood", "sad"), "user.mood belongs to the plugin badges"),
        (dropped("user", "city"), "user.city belongs to the configuration"),
        (dropped("user", "rank"), "the plugin badges has added the column user.rank"),
        (rename("user", "rank", "handle"), "the plugin badges has added the column user.rank"),
        (copy("user", "rank", "handle"), "the plugin badges has added the column user.rank"),
        (dropped("account", "password"), "account.password belongs to the core"),
        (json!({ "name": "b", "table": "user", "do": "backfill", "index": 0 }), "user is no table of the plugin"),
    ];
    for (step, reason) in cases {
        let new = place.open(schema(&now, &[], std::slice::from_ref(&step)));
        for error in
            [new.plan().await.unwrap_err(), new.missing_parts().await.unwrap_err(), new.migrate().await.unwrap_err()]
        {
            let error = error.to_string();
            assert!(error.contains(reason) && error.contains("of the plugin notes"), "{step}: {error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }
    let there = find(&old, "user", "u1").await;
    assert_eq!(everything.map(|(name, _)| there.text(name)), everything.map(|(_, value)| value), "nothing was written");
    assert_eq!(old.migration_plan().await.unwrap(), Vec::<String>::new());
    // The core's columns by the names that the configuration gives them.
    let mut named = schema(&[], &[], &[dropped("user", "mail")]);
    named.rename_column("user", "email", "mail").unwrap();
    let error = place.open(named).plan().await.unwrap_err().to_string();
    assert!(error.contains("user.mail belongs to the core"), "{error}");
}

async fn a_column_of_nobody_is_refused_until_somebody_says_whose_it_is(place: Place) {
    let core = migrated(&place, Schema::core()).await;
    place.sql("alter table \"user\" add column \"nick\" varchar(20)").await;
    // Who declares a column that is there already has not added it.
    let old = migrated(&place, schema(&[own("nick")], &[], &[])).await;
    add_user(&old, "u1", &[("nick", "ada")]).await.unwrap();
    assert!(journal(&old).await.is_empty());
    let with = |step: Json| place.open(schema(&[own("handle")], &[], &[step]));
    for step in [dropped("user", "nick"), copy("user", "nick", "handle"), rename("user", "nick", "handle")] {
        let error = with(step).migrate().await.unwrap_err().to_string();
        assert!(error.contains("nothing records that the plugin notes has added the column user.nick"), "{error}");
        assert!(error.contains("INSERT INTO") && !error.contains('\n'), "{error}");
    }
    assert_eq!(find(&old, "user", "u1").await.text("nick"), "ada");
    let error = with(rename("user", "nick", "handle")).plan().await.unwrap_err().to_string();
    let by_hand = error.split("say so by hand: ").nth(1).unwrap().split(". If not").next().unwrap().replace('`', "\"");
    place.sql(&by_hand).await;
    let new = migrated(&place, schema(&[own("handle")], &[], &[rename("user", "nick", "handle")])).await;
    assert_eq!(find(&new, "user", "u1").await.text("handle"), "ada");
    assert_eq!(journal(&new).await, ["column:user.handle added by the plugin notes", "column:user.nick gone"]);
    assert_eq!(core.count_all("user").await, 1);
}

async fn counted_ids_are_filled_too(place: Place) {
    let text = format!(
        "secret = \"0123456789abcdef0123456789abcdef\"\ndatabase.url = \"{}\"\nadvanced.database.generate_id = \"serial\"",
        place.url
    );
    let config = Config::parse(&text, Path::new("."), &BTreeMap::new()).unwrap();
    let counted = |fields: &[Field], steps: &[Json]| {
        let mut schema = schema(fields, &[], steps);
        let id = Field { required: true, ..own("id") };
        schema.add_model(Model::new("note", vec![id, own("text")], Owner::Plugin("notes".into()))).unwrap();
        schema.configure(&config).unwrap();
        schema
    };
    let old = migrated(&place, counted(&[own("nick")], &[])).await;
    for number in 0..1203 {
        let values = [
            ("name", Value::from("Ada")),
            ("email", format!("{number}@example.com").into()),
            ("nick", format!("n{number}").into()),
            ("createdAt", NOW.into()),
            ("updatedAt", NOW.into()),
        ];
        old.insert(record(&old, "user", &values)).await.unwrap();
    }
    old.insert(record(&old, "note", &[])).await.unwrap();
    let mut note = fill("note", "text", "t");
    note["name"] = "of notes".into();
    let steps = [copy("user", "nick", "handle"), fill("user", "color", "grey"), note];
    let new = migrated(&place, counted(&[own("handle"), own("color")], &steps)).await;
    assert_eq!(new.count("user", &[eq("color", "grey")]).await.unwrap(), 1203);
    assert_eq!(new.count("user", &[eq("handle", "n1202")]).await.unwrap(), 1);
    assert_eq!(new.count("user", &[eq("handle", Value::Null)]).await.unwrap(), 0);
    assert_eq!(new.count("note", &[eq("text", "t")]).await.unwrap(), 1);
}
