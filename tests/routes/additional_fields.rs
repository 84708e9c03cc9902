//! Additional fields, other names of tables and columns, the form of ids and identifiers, and small options.

use doorward::auth::additional_fields::read;
use doorward::auth::lifecycle::Action;
use doorward::auth::verification;
use doorward::store::{Database, Models};
use serde_json::{Value as Json, json};

use super::{ada, sign_up, with};
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(
    metadata_is_one_line,
    sign_up_takes_and_shows_them,
    what_is_missing_or_wrong_is_refused,
    fields_of_others_are_not_for_clients,
    updates_read_what_they_may,
    a_unique_field_is_no_address,
    sessions_have_their_own,
    tables_and_columns_have_other_names,
    ids_are_uuids,
    identifiers_are_hashed_where_asked,
    a_trailing_slash_is_skipped_where_asked,
    the_error_page_is_where_it_is_asked_to_be,
);

const FIELDS: &str = r#"
[user.additional_fields]
plan = { type = "string", required = true }
level = { type = "number", default_value = 3 }
vip = { type = "boolean", default_value = false, input = false }
secretNote = { type = "string", returned = false }
born = { type = "date" }
tags = { type = "string[]" }
rank = { type = "number", input = false }
handle = { type = "string", unique = true, field_name = "user_handle" }
"#;

fn member() -> Json {
    with(ada(), "plan", json!("pro"))
}

async fn metadata_is_one_line(place: Place) {
    let server = Fixture::start(&place, "user.additional_fields.metadata = { type = \"json\" }").await;
    let metadata = json!({ "theme": "dark", "tags": ["a", 1], "deep": { "n": null } });
    let answer = server.post("/sign-up/email", &with(ada(), "metadata", metadata.clone())).await;
    assert_eq!((answer.status, &answer.json()["user"]["metadata"]), (200, &metadata), "{}", answer.text);
    let cookie = answer.cookie();
    assert_eq!(server.get("/get-session", &cookie).await.json()["user"]["metadata"], metadata);
    let changed = server.post_as("/update-user", &cookie, &json!({ "metadata": { "theme": "light" } })).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let shown = server.get("/get-session", &cookie).await.json();
    assert_eq!(shown["user"]["metadata"], json!({ "theme": "light" }));
}

async fn sign_up_takes_and_shows_them(place: Place) {
    let server = Fixture::start(&place, FIELDS).await;
    let mut body = member();
    for (field, value) in
        [("secretNote", json!("hush")), ("born", json!("1815-12-10T00:00:00.000Z")), ("tags", json!(["a", "b"]))]
    {
        body = with(body, field, value);
    }
    let answer = server.post("/sign-up/email", &body).await;
    let mut user = answer.json()["user"].clone();
    for volatile in ["createdAt", "updatedAt", "id"] {
        assert!(user[volatile].take().is_string());
    }
    let expected = json!({
        "name": "Ada", "email": "ada@example.com", "emailVerified": false, "image": null, "createdAt": null,
        "updatedAt": null, "plan": "pro", "level": 3, "vip": false, "born": "1815-12-10T00:00:00.000Z",
        "tags": ["a", "b"], "rank": null, "handle": null, "id": null
    });
    assert_eq!(user.to_string(), expected.to_string());
    let shown = server.get("/get-session", &answer.cookie()).await.json();
    assert_eq!((&shown["user"]["tags"], &shown["user"]["plan"]), (&json!(["a", "b"]), &json!("pro")));
    assert_eq!(server.records("user").await[0].text("secretNote"), "hush");
}

async fn what_is_missing_or_wrong_is_refused(place: Place) {
    let server = Fixture::start(&place, FIELDS).await;
    assert_eq!(server.post("/sign-up/email", &ada()).await.refusal(), "400 MISSING_FIELD plan is required");
    for (field, value, problem) in [
        ("plan", json!(null), "expected string, received null"),
        ("level", json!("high"), "expected integer, received string"),
        ("level", json!(1.5), "expected integer, received number"),
        ("level", json!(1e300), "expected integer, received number"),
        ("born", json!("yesterday"), "expected date, received string"),
        ("born", json!(0), "expected date, received number"),
        ("tags", json!(["a", 1]), "expected array of strings, received array"),
        ("tags", json!({}), "expected array of strings, received object"),
    ] {
        let answer = server.post("/sign-up/email", &with(member(), field, value)).await;
        assert_eq!(answer.refusal(), format!("400 VALIDATION_ERROR [body.{field}] Invalid input: {problem}"));
    }
    assert_eq!(server.rows("user").await, 0);
}

async fn fields_of_others_are_not_for_clients(place: Place) {
    let server = Fixture::start(&place, FIELDS).await;
    let answer = server.post("/sign-up/email", &with(member(), "rank", json!(9))).await;
    assert_eq!(answer.refusal(), "400 FIELD_NOT_ALLOWED rank is not allowed to be set");
    assert_eq!(server.rows("user").await, 0);
    let body = with(with(member(), "vip", json!(true)), "rank", json!(0));
    let user = server.post("/sign-up/email", &body).await.json()["user"].clone();
    assert_eq!((&user["vip"], &user["rank"]), (&json!(false), &json!(null)));
}

async fn updates_read_what_they_may(place: Place) {
    let server = Fixture::start(&place, FIELDS).await;
    let read = |body: Json| {
        let read = read(server.auth(), "user", body.as_object().unwrap(), Action::Update);
        read.map(|fields| fields.into_iter().map(|(name, value)| format!("{name}={}", value.to_json())).collect())
            .map_err(|error| error.code().unwrap().to_owned())
    };
    let given = json!({ "level": 9.0, "plan": "free", "born": null, "name": "x", "email": "y", "role": "admin" });
    let fields: Vec<String> = read(given).unwrap();
    assert_eq!(fields, ["plan=\"free\"", "level=9", "born=null"]);
    assert_eq!(read(json!({ "vip": true })), Err("FIELD_NOT_ALLOWED".to_owned()));
    assert_eq!(read(json!({ "plan": null })), Err("VALIDATION_ERROR".to_owned()));
    assert_eq!(read(json!({ "vip": false, "user.role": "admin", "Vip": true })), Ok(Vec::new()));
}

async fn a_unique_field_is_no_address(place: Place) {
    let server = Fixture::start(&place, FIELDS).await;
    let body = with(member(), "handle", json!("lady"));
    assert_eq!(server.post("/sign-up/email", &body).await.status, 200);
    let other = with(body.clone(), "email", json!("b@example.com"));
    assert_eq!(
        server.post("/sign-up/email", &other).await.refusal(),
        "422 FAILED_TO_CREATE_USER Failed to create user"
    );
    assert!(server.post("/sign-up/email", &body).await.refusal().starts_with("422 USER_ALREADY_EXISTS"));
    assert_eq!([server.rows("user").await, server.rows("account").await], [1, 1]);
}

async fn sessions_have_their_own(place: Place) {
    let fields = "[session.additional_fields]\ntheme = { type = \"string\", default_value = \"dark\" }\n\
                  hidden = { type = \"number\", default_value = 1, returned = false }";
    let server = Fixture::start(&place, fields).await;
    let cookie = sign_up(&server).await.cookie();
    let session = server.get("/get-session", &cookie).await.json()["session"].clone();
    assert_eq!((&session["theme"], session.get("hidden")), (&json!("dark"), None));
}

async fn tables_and_columns_have_other_names(place: Place) {
    let names = "[user]\nmodel_name = \"people\"\nfields = { email = \"email_address\", createdAt = \"made\" }\n\
                 [session]\nmodel_name = \"logins\"\nfields = { userId = \"person\", token = \"ticket\" }\n\
                 [account]\nmodel_name = \"credentials\"\n[verification]\nfields.identifier = \"about\"";
    let server = Fixture::start(&place, names).await;
    let answer = sign_up(&server).await;
    assert_eq!(answer.json()["user"]["email"], json!("ada@example.com"));
    assert_eq!(server.get("/get-session", &answer.cookie()).await.json()["user"]["name"], json!("Ada"));
    place
        .sql(
            "select email_address, made from people; select ticket, person from logins; \
             select password from credentials; select about from verification",
        )
        .await;
}

async fn ids_are_uuids(place: Place) {
    let server = Fixture::start(&place, "advanced.database.generate_id = \"uuid\"").await;
    sign_up(&server).await;
    for model in ["user", "session", "account"] {
        let id = server.records(model).await[0].text("id").to_owned();
        assert_eq!((id.len(), id.matches('-').count(), id.as_bytes()[14]), (36, 4, b'4'), "{id}");
    }
    assert_eq!(server.records("session").await[0].text("token").len(), 32);
}

async fn identifiers_are_hashed_where_asked(place: Place) {
    let overrides = "{ default = \"plain\", overrides = { \"reset-password:\" = \"hashed\" } }";
    for (form, is_hashed) in [("\"plain\"", false), ("\"hashed\"", true), (overrides, true)] {
        let options = format!("mail.transport = \"mailbox\"\nverification.store_identifier = {form}");
        let server = Fixture::start(&place, &options).await;
        server.post("/sign-up/email", &ada()).await;
        let email = json!({ "email": "ada@example.com" });
        assert_eq!(server.post("/request-password-reset", &email).await.status, 200);
        let token = server.mail("reset-password").await.data["token"].as_str().unwrap().to_owned();
        let kept = server.records("verification").await.remove(0).text("identifier").to_owned();
        assert_eq!(kept.starts_with("reset-password:"), !is_hashed, "{kept}");
        assert_eq!(kept.len() == 43, is_hashed, "{kept}");
        let reset = json!({ "newPassword": "correct horse 2", "token": token });
        assert_eq!(server.post("/reset-password", &reset).await.status, 200);
        assert_eq!(server.post("/reset-password", &reset).await.status, 400);
        assert_eq!(server.rows("verification").await, 0);
        // What was stored before the option was set is still redeemed.
        let auth = server.auth();
        let mut plain = doorward::store::Record::new(server.store().schema().model("verification").unwrap());
        for (field, value) in [("id", "v"), ("identifier", "reset-password:old"), ("value", "x")] {
            plain.set(field, value).unwrap();
        }
        for field in ["createdAt", "updatedAt", "expiresAt"] {
            plain.set(field, server.now().plus_secs(60)).unwrap();
        }
        server.store().insert(plain).await.unwrap();
        let taken = verification::consume(auth, &server.scope(), "reset-password:old").await.unwrap();
        assert_eq!(taken.as_deref(), Some("x"));
    }
}

async fn a_trailing_slash_is_skipped_where_asked(place: Place) {
    let strict = Fixture::start(&place, "").await;
    assert_eq!(strict.get("/ok/", "").await.status, 404);
    let options = "advanced.skip_trailing_slashes = true\ndisabled_paths = [\"/update-user\"]";
    let server = Fixture::start(&place, options).await;
    for (path, status) in [("/ok", 200), ("/ok/", 200), ("/ok//", 404), ("/", 404), ("/update-user/", 404)] {
        assert_eq!(server.get(path, "").await.status, status, "{path}");
    }
}

async fn the_error_page_is_where_it_is_asked_to_be(place: Place) {
    for (url, location) in [
        ("https://app.example/oops", "https://app.example/oops?error=INVALID_TOKEN"),
        ("https://app.example/?page=oops", "https://app.example/?page=oops&error=INVALID_TOKEN"),
    ] {
        let server = Fixture::start(&place, &format!("on_api_error.error_url = \"{url}\"")).await;
        let answer = server.get("/error?error=INVALID_TOKEN", "").await;
        assert_eq!((answer.status, answer.headers.get("location")), (302, Some(location)));
    }
}
