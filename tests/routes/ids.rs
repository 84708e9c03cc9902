//! Ids that the database makes: they are counted or have a default, and are texts to clients.

use doorward::store::{Backend, Models, eq};
use serde_json::{Value as Json, json};

use crate::fixture::Fixture;
use crate::store::{Place, on_each};

on_each!(
    the_database_counts,
    what_is_no_number_is_nobody,
    a_hidden_user_takes_a_number_too,
    limits_are_counted_under_numbers,
    a_default_of_the_column_makes_ids,
    uuids_have_their_own_type,
);

fn person(name: &str) -> Json {
    json!({ "name": name, "email": format!("{name}@example.com"), "password": "correct horse" })
}

async fn the_database_counts(place: Place) {
    let server = Fixture::start(&place, "advanced.database.generate_id = \"serial\"").await;
    let ada = server.post("/sign-up/email", &person("ada")).await;
    assert_eq!(ada.json()["user"]["id"], json!("1"), "{}", ada.text);
    let bob = server.post("/sign-up/email", &person("bob")).await;
    assert_eq!(bob.json()["user"]["id"], json!("2"));
    let seen = server.get("/get-session", &bob.cookie()).await.json();
    assert_eq!((&seen["session"]["userId"], &seen["user"]["id"]), (&json!("2"), &json!("2")));
    assert_eq!(server.get("/list-sessions", &bob.cookie()).await.json()[0]["id"], json!("2"));
    let accounts = server.get("/list-accounts", &bob.cookie()).await.json();
    assert_eq!((&accounts[0]["accountId"], &accounts[0]["userId"]), (&json!("2"), &json!("2")));
    let signed_in = server.post("/sign-in/email", &person("ada")).await;
    assert_eq!(signed_in.json()["user"]["id"], json!("1"));
    let change = json!({ "currentPassword": "correct horse", "newPassword": "correct horse 2" });
    assert_eq!(server.post_as("/change-password", &ada.cookie(), &change).await.status, 200);
    // The columns hold numbers, as those of the reference do.
    place.sql("delete from \"user\" where \"id\" = 2 and \"id\" + 0 = 2").await;
    assert_eq!((server.rows("user").await, server.rows("session").await), (1, 2));
    let carl = server.post("/sign-up/email", &person("carl")).await;
    assert_eq!(carl.json()["user"]["id"], json!("3"), "the id of a deleted user is not given again");
}

async fn what_is_no_number_is_nobody(place: Place) {
    let server = Fixture::start(&place, "advanced.database.generate_id = \"serial\"").await;
    server.post("/sign-up/email", &person("ada")).await;
    for id in ["", "1abc", "01", "+1", " 1", "1 ", "1.0", "abc", "9223372036854775808", "-0"] {
        assert!(server.store().find_one("user", &[eq("id", id)]).await.unwrap().is_none(), "{id:?}");
        let listed = doorward::store::one_of("id", vec![id.into(), "1".into()]);
        assert_eq!(server.store().count("user", &[listed]).await.unwrap(), 1);
        let others = doorward::store::ne("id", id);
        assert_eq!(server.store().count("user", &[others]).await.unwrap(), 1);
    }
    let holds = doorward::store::contains("id", "1");
    assert_eq!(server.store().count("user", &[holds]).await.unwrap(), 1);
}

async fn a_hidden_user_takes_a_number_too(place: Place) {
    let options = "advanced.database.generate_id = \"serial\"\nmail.transport = \"mailbox\"\n\
                   email_and_password.require_email_verification = true";
    let server = Fixture::start(&place, options).await;
    let id = async |name: &str| server.post("/sign-up/email", &person(name)).await.json()["user"]["id"].clone();
    let ids = [id("ada").await, id("ada").await, id("bob").await, id("ada").await, id("carl").await];
    assert_eq!(ids, ["1", "2", "3", "4", "5"].map(Json::from));
    assert_eq!(server.rows("user").await, 3);
}

async fn limits_are_counted_under_numbers(place: Place) {
    let options = "advanced.database.generate_id = \"serial\"\nrate_limit = { enabled = true, storage = \"database\" }";
    let server = Fixture::start_limited(&place, options).await;
    let wrong = json!({ "email": "ada@example.com", "password": "wrong password" });
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(server.post("/sign-in/email", &wrong).await.status);
    }
    assert_eq!(statuses, [401, 401, 401, 429]);
    assert!(server.records("rateLimit").await.iter().any(|row| row.text("id") == "1"));
}

async fn a_default_of_the_column_makes_ids(place: Place) {
    let options = "advanced.database.generate_id = false";
    if place.backend == Backend::Mysql {
        let refusal = Fixture::try_start(&place, options).await.err().unwrap();
        assert!(refusal.contains("does not say which id it made"), "{refusal}");
        return;
    }
    let server = Fixture::start(&place, options).await;
    let ada = server.post("/sign-up/email", &person("ada")).await;
    let id = server.records("user").await[0].text("id").to_owned();
    assert!(id.len() >= 32, "{id}");
    assert_eq!(server.get("/get-session", &ada.cookie()).await.json()["user"]["id"], json!(id));
}

async fn uuids_have_their_own_type(place: Place) {
    let server = Fixture::start(&place, "advanced.database.generate_id = \"uuid\"").await;
    server.post("/sign-up/email", &person("ada")).await;
    let id = server.records("user").await[0].text("id").to_owned();
    for (wanted, count) in [(id.as_str(), 1), ("nobody", 0), ("", 0), (&id[1..], 0)] {
        assert_eq!(server.store().count("user", &[eq("id", wanted)]).await.unwrap(), count, "{wanted:?}");
        let listed = doorward::store::one_of("id", vec!["nobody".into(), wanted.into()]);
        assert_eq!(server.store().count("user", &[listed]).await.unwrap(), count, "{wanted:?}");
    }
    if place.backend == Backend::Postgres {
        place.sql("select \"id\" = gen_random_uuid() from \"user\"").await;
        // What an older version made stays as it is, and new tables fit to it.
    }
}
