//! The list of all sessions: who may read it, what it names, and what it never shows.

use serde_json::{Value as Json, json};

use super::{with_admin, with_role};
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(
    the_session_that_was_renewed_last_stands_first,
    one_user_is_found_by_id_and_by_address,
    a_session_is_ended_by_its_id_and_none_shows_its_token,
    who_may_not_learns_nothing,
    a_backend_reads_it_by_its_key,
);

const KEY: &str = "key-for-the-sessions-0123456789-0123456789";
const DAY_SECS: i64 = 86_400;

async fn list(server: &Fixture, cookie: &str, query: &str) -> Json {
    let answer = server.send_to_root("GET", &format!("/api/sessions{query}"), &[("cookie", cookie)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

async fn id_of(server: &Fixture, cookie: &str) -> String {
    server.get("/get-session", cookie).await.json()["user"]["id"].as_str().unwrap().to_owned()
}

fn owners(list: &Json) -> Vec<String> {
    let sessions = list["sessions"].as_array().unwrap();
    sessions.iter().map(|session| session["userId"].as_str().unwrap().to_owned()).collect()
}

async fn the_session_that_was_renewed_last_stands_first(place: Place) {
    let server = Fixture::start(&place, &with_admin("", "")).await;
    let ada = with_role(&server, &place, "ada", "user").await;
    server.pass_secs(60);
    let admin = with_role(&server, &place, "grace", "admin").await;
    let (ada_id, admin_id) = (id_of(&server, &ada).await, id_of(&server, &admin).await);
    let all = list(&server, &admin, "").await;
    assert_eq!((owners(&all), all["total"].as_u64()), (vec![admin_id.clone(), ada_id.clone()], Some(2)));
    let second = list(&server, &admin, "?limit=1&offset=1").await;
    assert_eq!((owners(&second), second["total"].as_u64()), (vec![ada_id.clone()], Some(2)));

    server.pass_secs(2 * DAY_SECS);
    // The administrator's own is renewed first, not in the instant of the other's.
    id_of(&server, &admin).await;
    server.pass_secs(1);
    id_of(&server, &ada).await;
    assert_eq!(owners(&list(&server, &admin, "").await), [ada_id, admin_id.clone()]);

    // What has expired is not there, though its row is.
    server.pass_secs(8 * DAY_SECS);
    let body = json!({ "email": "grace@example.com", "password": "correct horse 1" });
    let admin = server.post("/sign-in/email", &body).await.cookie();
    let left = list(&server, &admin, "").await;
    assert_eq!((owners(&left), left["total"].as_u64()), (vec![admin_id], Some(1)));
    assert!(server.rows("session").await > 1);
}

async fn one_user_is_found_by_id_and_by_address(place: Place) {
    let server = Fixture::start(&place, &with_admin("", "")).await;
    let ada = with_role(&server, &place, "ada", "user").await;
    let admin = with_role(&server, &place, "grace", "admin").await;
    let ada_id = id_of(&server, &ada).await;
    for query in [format!("?user={ada_id}"), "?email=Ada%40Example.com".to_owned()] {
        let own = list(&server, &admin, &query).await;
        assert_eq!((owners(&own), own["total"].as_u64()), (vec![ada_id.clone()], Some(1)), "{query}");
    }
    for query in ["?user=nobody", "?email=nobody%40example.com"] {
        assert_eq!(list(&server, &admin, query).await, json!({ "sessions": [], "total": 0 }), "{query}");
    }
    let wrong = server.send_to_root("GET", "/api/sessions?limit=many", &[("cookie", &admin)]).await;
    assert_eq!(wrong.refusal(), "400 VALIDATION_ERROR [query.limit] Invalid input");
}

async fn a_session_is_ended_by_its_id_and_none_shows_its_token(place: Place) {
    let server = Fixture::start(&place, &with_admin("", "")).await;
    let ada = with_role(&server, &place, "ada", "user").await;
    let admin = with_role(&server, &place, "grace", "admin").await;
    let token = server.get("/get-session", &ada).await.json()["session"]["token"].as_str().unwrap().to_owned();
    let shown = server.send_to_root("GET", "/api/sessions", &[("cookie", &admin)]).await;
    assert!(!shown.text.contains("token") && !shown.text.contains(&token), "{}", shown.text);
    let own = list(&server, &admin, "?email=ada%40example.com").await;
    let ended = json!({ "sessionId": own["sessions"][0]["id"] });
    assert_eq!(server.post_as("/admin/revoke-user-session", &admin, &ended).await.status, 200);
    assert_eq!(server.get("/get-session", &ada).await.text, "null");
    assert_eq!(list(&server, &admin, "").await["total"], 1);
}

async fn who_may_not_learns_nothing(place: Place) {
    let roles = "[plugins.roles.support]\nuser = [\"list\"]\n[plugins.roles.guard]\nsession = [\"list\"]\n\
                 [plugins.roles.admin]\nuser = [\"list\"]\n[plugins.roles.user]\n";
    let server = Fixture::start(&place, &with_admin("", roles)).await;
    let ask = async |cookie: &str| server.send_to_root("GET", "/api/sessions", &[("cookie", cookie)]).await.status;
    for (name, role, expected) in [("ada", "user", 403), ("alan", "support", 403), ("grace", "guard", 200)] {
        let cookie = with_role(&server, &place, name, role).await;
        assert_eq!(ask(&cookie).await, expected, "{role}");
    }
    assert_eq!(ask("").await, 401);
}

async fn a_backend_reads_it_by_its_key(place: Place) {
    let keys = format!(
        "[management]\naddress = \"127.0.0.1:0\"\nkeys = [{{ name = \"s\", value = \"{KEY}\", scopes = [\"list-all-sessions\"] }}]"
    );
    let server = Fixture::start(&place, &with_admin(&keys, "")).await;
    with_role(&server, &place, "ada", "user").await;
    let call = json!({ "query": { "email": "ada@example.com" } });
    let listed = server.call_function(KEY, "list-all-sessions", &call).await;
    assert_eq!(listed.json()["total"], 1, "{}", listed.text);
}
