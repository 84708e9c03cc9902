//! Additional fields that refer to other rows: what is written must be there, and what is referred to is deleted as was agreed.

use doorward::store::{Field, FieldType, Model, Models, OnDelete, Owner, Reference, Schema, Value, eq};
use serde_json::{Value as Json, json};

use super::{Place, on_each, record, user};
use crate::fixture::{Answer, Fixture};

on_each!(
    a_reference_to_nothing_is_refused,
    what_is_referred_to_takes_rows_along,
    what_is_referred_to_leaves_null,
    what_is_referred_to_stays,
    a_field_may_refer_to_a_table_that_is_made_later,
    a_field_may_refer_to_what_is_unique,
);

const PASSWORD: &str = "correct horse 1";

fn manager(on_delete: &str) -> String {
    format!(
        "user.delete_user.enabled = true\n\
         user.additional_fields.manager = {{ type = \"string\", references = {{ model = \"user\"{on_delete} }} }}"
    )
}

async fn sign_up(server: &Fixture, name: &str, more: &Json) -> Answer {
    let mut body = json!({ "name": name, "email": format!("{name}@example.com"), "password": PASSWORD });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    server.post("/sign-up/email", &body).await
}

async fn id_of(server: &Fixture, cookie: &str) -> String {
    server.get("/get-session", cookie).await.json()["user"]["id"].as_str().unwrap().to_owned()
}

async fn a_reference_to_nothing_is_refused(place: Place) {
    let server = Fixture::start(&place, &manager("")).await;
    let refused = sign_up(&server, "ada", &json!({ "manager": "nobody" })).await;
    assert_eq!(refused.refusal(), "400 REFERENCE_NOT_FOUND manager refers to nothing that is there");
    assert_eq!(server.counts().await, [0; 5], "nothing is left of it");
    let ada = sign_up(&server, "ada", &json!({})).await.cookie();
    let ada_id = id_of(&server, &ada).await;
    let bob = sign_up(&server, "bob", &json!({ "manager": ada_id })).await.cookie();
    let manager_of_bob = async || server.get("/get-session", &bob).await.json()["user"]["manager"].clone();
    let refused = server.post_as("/update-user", &bob, &json!({ "manager": "nobody" })).await;
    assert_eq!(refused.refusal(), "400 REFERENCE_NOT_FOUND manager refers to nothing that is there");
    assert_eq!(manager_of_bob().await, ada_id);
    assert_eq!(server.post_as("/update-user", &bob, &json!({ "manager": null })).await.status, 200);
    assert!(manager_of_bob().await.is_null());
}

/// Ada is Bob's manager and wants to leave; their cookies, and what she is told.
async fn ada_leaves(server: &Fixture) -> (String, String, Answer) {
    let ada = sign_up(server, "ada", &json!({})).await.cookie();
    let bob = sign_up(server, "bob", &json!({ "manager": id_of(server, &ada).await })).await.cookie();
    let answer = server.post_as("/delete-user", &ada, &json!({ "password": PASSWORD })).await;
    (ada, bob, answer)
}

async fn what_is_referred_to_takes_rows_along(place: Place) {
    let server = Fixture::start(&place, &manager("")).await;
    let (_, bob, answer) = ada_leaves(&server).await;
    assert_eq!((answer.status, server.rows("user").await), (200, 0), "{}", answer.text);
    assert!(server.get("/get-session", &bob).await.json().is_null());
}

async fn what_is_referred_to_leaves_null(place: Place) {
    let server = Fixture::start(&place, &manager(", on_delete = \"set null\"")).await;
    let (_, bob, answer) = ada_leaves(&server).await;
    assert_eq!((answer.status, server.rows("user").await), (200, 1), "{}", answer.text);
    assert!(server.get("/get-session", &bob).await.json()["user"]["manager"].is_null());
}

async fn what_is_referred_to_stays(place: Place) {
    let server = Fixture::start(&place, &manager(", on_delete = \"restrict\"")).await;
    let (ada, bob, answer) = ada_leaves(&server).await;
    let message = "It cannot be deleted, because something else refers to it";
    assert_eq!(answer.refusal(), format!("409 STILL_REFERENCED {message}"));
    assert_eq!(id_of(&server, &ada).await, server.get("/get-session", &bob).await.json()["user"]["manager"]);
    assert_eq!(server.post_as("/update-user", &bob, &json!({ "manager": null })).await.status, 200);
    assert_eq!(server.post_as("/delete-user", &ada, &json!({ "password": PASSWORD })).await.status, 200);
}

/// A table of a plugin is made after that of users; on a database that has users already, too.
async fn a_field_may_refer_to_a_table_that_is_made_later(place: Place) {
    let team = || {
        let owner = Owner::Plugin("teams".to_owned());
        let id = Field { required: true, owner: owner.clone(), ..Field::new("id", FieldType::String) };
        Model::new("team", vec![id], owner)
    };
    let field = |name: &str, on_delete| {
        let to = Reference { on_delete, ..Reference::to_id("team") };
        Field { references: Some(to), owner: Owner::Config, ..Field::new(name, FieldType::String) }
    };
    let mut first = Schema::core();
    first.add_model(team()).unwrap();
    first.add_field("user", field("team", OnDelete::SetNull)).unwrap();
    place.open(first.clone()).migrate().await.unwrap();
    first.add_field("user", field("second", OnDelete::Restrict)).unwrap();
    let store = place.open(first);
    store.migrate().await.unwrap();
    assert!(store.missing_parts().await.unwrap().is_empty());

    let mut ada = user(&store, "ada");
    ada.set("team", "red").unwrap();
    assert!(store.insert(ada.clone()).await.is_err(), "there is no such team");
    store.insert(record(&store, "team", &[("id", "red".into())])).await.unwrap();
    store.insert(ada).await.unwrap();
    let of_ada = [eq("id", "ada")];
    store.update("user", &of_ada, &[("second", "red".into())]).await.unwrap();
    assert!(store.delete("team", &[eq("id", "red")]).await.is_err(), "the second one keeps it");
    store.update("user", &of_ada, &[("second", Value::Null)]).await.unwrap();
    assert_eq!(store.delete("team", &[eq("id", "red")]).await.unwrap(), 1);
    let ada = store.find_one("user", &of_ada).await.unwrap().unwrap();
    assert!(ada.get("team").is_null());
}

async fn a_field_may_refer_to_what_is_unique(place: Place) {
    let options =
        "user.additional_fields.inviter = { type = \"string\", references = { model = \"user\", field = \"email\" } }";
    let server = Fixture::start(&place, options).await;
    sign_up(&server, "ada", &json!({})).await;
    assert_eq!(sign_up(&server, "bob", &json!({ "inviter": "eve@example.com" })).await.status, 400);
    assert_eq!(sign_up(&server, "bob", &json!({ "inviter": "ada@example.com" })).await.status, 200);
}
