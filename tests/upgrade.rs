//! An upgrade of a real component: the rows that an older version of a sample wrote, as the new one finds them.

use std::path::PathBuf;
use std::sync::LazyLock;

use serde_json::json;

use crate::fixture::Fixture;
use crate::hostile::{build_once, built, entry, root};
use crate::store::{Place, on_each};

const GRANTS: &str = r#"grants = ["models", "sessions"]"#;

/// The components of version 0.1 and of the present one, built once. Their crates have different names, since the compiler gives
/// components of one name one file.
static VERSIONS: LazyLock<[PathBuf; 2]> = LazyLock::new(|| {
    let first = built("upgrade").with_file_name("invite-codes.wasm");
    let out = root().join("target/samples");
    build_once(&root().join("plugins/samples/invite-codes"), &out);
    [first, out.join("invite-codes.wasm")]
});

on_each!(a_renamed_field_keeps_what_the_older_component_wrote);

async fn a_renamed_field_keeps_what_the_older_component_wrote(place: Place) {
    let [first, second] = VERSIONS.each_ref().map(|file| entry("invite-codes", file, GRANTS));
    let person = json!({ "name": "Ada", "email": "ada@example.com", "password": "correct horse 1", "invite": "FIRST" });
    let older = Fixture::start(&place, &first).await;
    let cookie = older.post("/sign-up/email", &person).await.cookie();
    for places in ["0", "3"] {
        let made = older.post_as("/invite-codes/create", &cookie, &json!({ "places": places })).await;
        assert_eq!(made.status, 201, "{}", made.text);
    }
    older.stop().await;
    drop(older);

    let options = format!("{second}free = [\"ada@example.com\"]\n");
    let statements = Fixture::migrate(&place, &options).await;
    assert_eq!(statements.iter().filter(|sql| sql.contains("rename column")).count(), 2, "{statements:#?}");
    assert!(Fixture::migrate(&place, &options).await.is_empty(), "each step is done once");

    let newer = Fixture::start(&place, &options).await;
    let found = newer.get("/invite-codes/list", &cookie).await.json();
    let mut places: Vec<_> = found["codes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|code| (code["placesLeft"].as_i64().unwrap(), code["placesInAll"].as_i64().unwrap()))
        .collect();
    places.sort_unstable();
    assert_eq!(places, [(0, 1), (3, 3)], "{found}");
    assert_eq!(newer.records("user").await[0].text("inviteCode"), "FIRST", "the field of users too");
    let made = newer.post_as("/invite-codes/create", &cookie, &json!({})).await;
    assert_eq!((made.status, made.json()["placesInAll"].as_i64()), (201, Some(1)), "{}", made.text);
}
