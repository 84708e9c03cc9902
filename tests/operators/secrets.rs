//! Another secret: what the old one has sealed is read, is sealed anew, and then needs the old one no more.

use std::collections::BTreeMap;

use doorward::auth::seals::{self, Tally};
use doorward::crypto::random::SystemRandom;
use serde_json::{Value as Json, json};

use super::with_admin;
use crate::fixture::{Fixture, SECRET};
use crate::routes::{sign_in, sign_up};
use crate::store::{Place, on_both};

on_both!(a_secret_is_changed_and_the_old_one_removed);

const NEW: &str = "new-secret-0123456789-0123456789";

fn options(top: &str) -> String {
    let plugins = "[[plugins]]\nid = \"jwt\"\n[[plugins]]\nid = \"two-factor\"\n";
    with_admin(&format!("rate_limit.enabled = false\n{top}"), plugins)
}

async fn text(server: &Fixture, model: &str, field: &str) -> String {
    server.records(model).await.remove(0).text(field).to_owned()
}

async fn tally(server: &Fixture) -> BTreeMap<String, Tally> {
    seals::tally(server.store(), &server.auth().config, &SystemRandom, None).await.unwrap()
}

async fn a_secret_is_changed_and_the_old_one_removed(place: Place) {
    let old = Fixture::start_with_secret(&place, &options(""), SECRET).await;
    let cookie = sign_up(&old).await.cookie();
    assert_eq!(old.get("/token", &cookie).await.status, 200);
    let body = json!({ "password": "correct horse 1" });
    assert_eq!(old.post_as("/two-factor/enable", &cookie, &body).await.status, 200);
    let sealed = text(&old, "twoFactor", "secret").await;
    // What a user writes looks as it likes.
    assert_eq!(old.post_as("/update-user", &cookie, &json!({ "name": sealed })).await.status, 200);
    let places = ["jwks.privateKey", "twoFactor.backupCodes", "twoFactor.secret"];
    let all_are = |tally: Tally| BTreeMap::from(places.map(|place| (place.to_owned(), tally)));
    assert_eq!(tally(&old).await, all_are(Tally { current: 1, ..Tally::default() }));

    // The old secret has a number now, and stands nowhere else.
    let numbered = format!("secrets = [{{ version = 2, value = \"{NEW}\" }}, {{ version = 1, value = \"{SECRET}\" }}]");
    let both = Fixture::start_with_secret(&place, &options(&numbered), NEW).await;
    assert_eq!(both.get("/token", &cookie).await.status, 200);
    let seed = both.auth().config.all_secrets.open(&sealed).unwrap();
    assert_eq!(tally(&both).await, all_are(Tally { older: 1, ..Tally::default() }));
    let renewed = seals::renew(both.store(), &both.auth().config, &SystemRandom).await.unwrap();
    assert_eq!(renewed, all_are(Tally { older: 1, ..Tally::default() }));
    assert_eq!(tally(&both).await, all_are(Tally { current: 1, ..Tally::default() }));
    assert_eq!(both.get("/token", &cookie).await.status, 200);

    let new = Fixture::start_with_secret(&place, &options(&numbered.replace(SECRET, NEW)), NEW).await;
    let cookie = sign_in(&new).await.cookie();
    assert_eq!(new.get("/token", &cookie).await.status, 200);
    let kept = text(&new, "twoFactor", "secret").await;
    assert_eq!(new.auth().config.all_secrets.open(&kept), Some(seed));
    assert_eq!(text(&new, "user", "name").await, sealed);
    let stored: Json = serde_json::from_str(&text(&new, "jwks", "privateKey").await).unwrap();
    assert!(stored.as_str().unwrap().starts_with("$ba$2$"), "{stored}");

    let other = Fixture::start_with_secret(&place, &options(""), "other-secret-0123456789-0123456789").await;
    assert_eq!(tally(&other).await, all_are(Tally { lost: 1, ..Tally::default() }));
}
