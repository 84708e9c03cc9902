//! What has expired leaves the database.

use doorward::auth::{sweeper, verification};
use serde_json::json;

use super::server::Binary;
use crate::fixture::Fixture;
use crate::routes::{ada, sign_up, sign_up_as};
use crate::store::{Place, on_both};

on_both!(expired_rows_of_every_table_are_removed);

async fn expired_rows_of_every_table_are_removed(place: Place) {
    let options = "rate_limit.storage = \"database\"\nmail.transport = \"mailbox\"";
    let server = Fixture::start_limited(&place, options).await;
    sign_up(&server).await;
    let auth = server.auth();
    for number in 0..450 {
        verification::create(auth, &server.scope(), &format!("challenge-{number}"), "x", 300).await.unwrap();
    }
    verification::create(auth, &server.scope(), "lives-on", "x", 30 * 86_400).await.unwrap();
    doorward::store::counter::hit(server.store(), "c1", "test", 60, server.now()).await.unwrap();
    assert_eq!(server.get("/get-session", "").await.status, 200);
    sweeper::sweep(server.store(), server.now()).await.unwrap();
    assert_eq!((server.rows("verification").await, server.rows("session").await), (451, 1), "nothing had expired");

    server.pass_secs(8 * 86_400);
    let cookie = sign_up_as(&server, "grace@example.com").await;
    let counted = server.rows("rateLimit").await;
    sweeper::sweep(server.store(), server.now()).await.unwrap();
    assert_eq!((server.rows("verification").await, server.rows("session").await), (1, 1));
    assert_eq!((server.rows("doorward_counter").await, server.rows("user").await), (0, 2));
    assert!(server.rows("rateLimit").await < counted);
    assert_ne!(server.get("/get-session", &cookie).await.text, "null");
}

#[tokio::test]
async fn the_command_removes_expired_rows() {
    let server = Binary::start("", "error");
    let signed_up = server.post("/sign-up/email", "", &ada().to_string());
    assert_eq!(signed_up.status(), 200);
    assert!(server.run_beside("clean").contains("0 expired rows removed from session\n"));
    let place = Place { backend: doorward::store::Backend::Sqlite, url: server.database_url() };
    place.sql("UPDATE session SET \"expiresAt\" = '2020-01-01T00:00:00.000Z'").await;
    assert!(server.run_beside("clean").contains("1 expired rows removed from session\n"));
    assert!(server.run_beside("clean").contains("0 expired rows removed from session\n"));
    assert_eq!(
        json!(null).to_string(),
        server.get("/api/auth/get-session", "").text.rsplit("\r\n\r\n").next().unwrap()
    );
}
