//! What a client gets when a plugin passes on what the host said to it, and what the log says of it.

use serde_json::{Value as Json, json};

use super::{member, server};
use crate::fixture::Fixture;
use crate::hostile::{keep_log, logged};
use crate::store::{Place, on_both};

on_both!(what_the_host_says_reaches_the_client_as_what_it_is);

async fn passed_on(server: &Fixture, step: Json) -> String {
    server.post("/probe/pass-on", &json!({ "do": step })).await.refusal()
}

async fn what_the_host_says_reaches_the_client_as_what_it_is(place: Place) {
    keep_log();
    let server = server(&place).await;
    let collided = "409 CONFLICT The change collided with another. Try again.";
    let mended = "500 INTERNAL_SERVER_ERROR Internal Server Error";
    let insert = || json!(["insert", "probeRow", { "name": "one" }]);
    assert_eq!(passed_on(&server, insert()).await, "200 - -");
    assert_eq!(passed_on(&server, insert()).await, collided, "a unique value");
    let nobodys = json!(["insert", "probeKey", { "owner": "nobody" }]);
    assert_eq!(passed_on(&server, nobodys).await, collided, "a row that it refers to is gone");
    let (ada, _) = member(&server, "Ada").await;
    for (step, said) in [
        (json!(["update-user", ada, { "image": "x" }]), "user.image"),
        (json!(["mail", "undeclared", "a@example.com"]), "undeclared"),
        (json!(["insert", "probeRow", { "name": "two", "nothing": 1 }]), "nothing"),
        (json!(["find", "user", {}]), "user"),
    ] {
        assert_eq!(passed_on(&server, step.clone()).await, mended, "{step}");
        assert!(logged(said), "{step}");
    }
    assert!(logged("plugin=\"probe\" at=\"POST /probe/pass-on\" asked=\"mail.enqueue\""), "who, where and what");
    assert!(logged("(denied): "), "and why");
}
