//! Thieves that rewrite: other people's requests and answers, and rows on their way into the database.

use doorward::store::{Models, eq};
use serde_json::{Value as Json, json};

use super::thief::{Thief, act, email, loot, someone};
use crate::fixture::{Answer, Fixture};
use crate::routes::{sign_in_status, token};
use crate::store::{Place, on_both};

on_both!(
    the_address_of_a_sign_up,
    the_new_password_of_a_change,
    a_request_that_is_answered_before_its_endpoint,
    the_answer_of_a_sign_in,
    the_answer_of_get_session,
    headers_that_decide_where_a_client_goes,
    what_is_secret_stays_as_it_was_sent,
    what_is_secret_stays_as_it_was_answered,
    whose_address_is_verified,
    whose_address_a_user_has,
    whose_session_it_is,
    the_token_of_a_session,
    how_long_a_session_lives,
    fields_of_users_by_name,
    the_answer_of_a_sign_in_by_a_gate,
    claims_of_tokens,
);

/// Every set of rights on `pattern` but `needed`, each with the sight of it; no rights at all are tried apart.
fn without(pattern: &str, needed: &str) -> Vec<Vec<String>> {
    let right = |name: &str| format!("{name}:{pattern}");
    let others = ["reads-request", "reads-answer", "changes-request", "changes-answer", "secrets"];
    let single = others.iter().filter(|name| **name != needed).map(|name| vec![right("observes"), right(name)]);
    let alone = std::iter::once(vec![right("observes")]);
    let mut sets: Vec<Vec<String>> = alone.chain(single).collect();
    sets.push(vec![right("observes"), format!("{needed}:/somewhere-else")]);
    sets
}

/// Plays `scene` without the right that is `needed`: it returns what was harmed. Then with it, where it must work.
async fn kept(place: &Place, thief: &Thief, pattern: &str, needed: &str, scene: impl AsyncFn(&Fixture, &str) -> bool) {
    let refused = thief.fault(place, &[], &[&format!("observes:{pattern}")]).await;
    let mut harmed = Vec::from_iter(refused);
    for (round, grants) in without(pattern, needed).iter().enumerate() {
        let grants: Vec<&str> = grants.iter().map(String::as_str).collect();
        let server = thief.loaded(place, &grants, "").await;
        if scene(&server, &format!("round{round}")).await {
            harmed.push(format!("{grants:?}"));
        }
    }
    let all: Vec<String> =
        ["observes", "reads-request", "reads-answer", "changes-request", "changes-answer", "secrets"]
            .iter()
            .map(|name| format!("{name}:{pattern}"))
            .collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let server = thief.loaded(place, &all, "").await;
    assert!(scene(&server, "control").await, "who is granted all may do it");
    assert!(harmed.is_empty(), "{harmed:#?}");
}

async fn is_there(server: &Fixture, address: &str) -> bool {
    server.store().count("user", &[eq("email", address)]).await.unwrap() > 0
}

async fn post(server: &Fixture, path: &str, body: &Json) -> Answer {
    let answer = server.post(path, body).await;
    assert!(answer.status < 500, "{}", answer.text);
    answer
}

fn password(name: &str) -> String {
    format!("correct horse of {name}")
}

async fn the_address_of_a_sign_up(place: Place) {
    let eve = json!({ "name": "Eve", "email": "eve@evil.example", "password": "password of eve" });
    let thief = Thief::new("bare").before("/sign-up/email", json!([{ "do": "set", "body": eve }]));
    kept(&place, &thief, "/sign-up/email", "changes-request", async |server, name| {
        post(server, "/sign-up/email", &someone(name)).await;
        let is_eve = is_there(server, "eve@evil.example").await;
        assert_ne!(is_eve, is_there(server, &email(name)).await, "the one or the other");
        is_eve
    })
    .await;
}

async fn the_new_password_of_a_change(place: Place) {
    let theirs = json!([{ "do": "merge", "body": { "newPassword": "password of eve" } }]);
    let thief = Thief::new("bare").before("/change-password", theirs);
    kept(&place, &thief, "/change-password", "changes-request", async |server, name| {
        let cookie = post(server, "/sign-up/email", &someone(name)).await.cookie();
        let body = json!({ "currentPassword": password(name), "newPassword": "new horse of mine" });
        assert_eq!(server.post_as("/change-password", &cookie, &body).await.status, 200);
        let of_eve = sign_in_status(server, &email(name), "password of eve").await == 200;
        let mine = sign_in_status(server, &email(name), "new horse of mine").await == 200;
        assert!(of_eve || mine, "one of both is the password");
        of_eve
    })
    .await;
}

/// Who may not change an answer does not give one: what comes out is the endpoint's, or an error of the server.
async fn a_request_that_is_answered_before_its_endpoint(place: Place) {
    let answer = json!({ "redirect": true, "url": "https://evil.example/", "token": "forged" });
    let thief = Thief::new("bare").before("/sign-in/email", json!([{ "do": "respond", "body": answer }]));
    kept(&place, &thief, "/sign-in/email", "changes-answer", async |server, name| {
        server.post("/sign-up/email", &someone(name)).await;
        server.post("/sign-in/email", &someone(name)).await.text.contains("evil.example")
    })
    .await;
}

async fn the_answer_of_a_sign_in(place: Place) {
    let answer = json!({ "redirect": true, "url": "https://evil.example/" });
    for deed in ["set", "merge"] {
        let thief = Thief::new("bare").after("/sign-in/email", json!([{ "do": deed, "body": answer }]));
        kept(&place, &thief, "/sign-in/email", "changes-answer", async |server, name| {
            server.post("/sign-up/email", &someone(&format!("{deed}-{name}"))).await;
            let answer = post(server, "/sign-in/email", &someone(&format!("{deed}-{name}"))).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            answer.text.contains("evil.example")
        })
        .await;
    }
}

async fn the_answer_of_get_session(place: Place) {
    let forged = json!({ "session": { "id": "1" }, "user": { "id": "1", "role": "admin" } });
    let thief = Thief::new("bare").after("/get-session", json!([{ "do": "set", "body": forged }]));
    kept(&place, &thief, "/get-session", "changes-answer", async |server, name| {
        let cookie = post(server, "/sign-up/email", &someone(name)).await.cookie();
        let answer = server.get("/get-session", &cookie).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.text.contains("admin")
    })
    .await;
}

/// Even who changes answers does not decide where a browser goes or what it keeps.
async fn headers_that_decide_where_a_client_goes(place: Place) {
    let decisive = [
        ("refresh", "0; url=https://evil.example/"),
        ("clear-site-data", "\"*\""),
        ("access-control-allow-origin", "https://evil.example"),
        ("x-frame-options", "ALLOWALL"),
        ("x-content-type-options", "sniff"),
        ("set-cookie", "better-auth.session_token=forged"),
    ];
    let deeds = decisive.map(|(name, value)| json!({ "do": "header", "name": name, "value": value }));
    let plain = json!([{ "do": "header", "name": "x-forged", "value": "evil.example" }]);
    let path = "/sign-in/email";
    let thief = Thief::new("bare").after(path, plain);
    kept(&place, &thief, path, "changes-answer", async |server, name| {
        server.post("/sign-up/email", &someone(name)).await;
        server.post(path, &someone(name)).await.headers.get("x-forged").is_some()
    })
    .await;
    let thief = Thief::new("bare").after(path, json!(deeds));
    let server = thief.loaded(&place, &["observes:/sign-in/email", "changes-answer:/sign-in/email"], "").await;
    server.post("/sign-up/email", &someone("decided")).await;
    let answer = server.post(path, &someone("decided")).await;
    let set = decisive.iter().filter(|(name, value)| answer.headers.all(name).any(|found| found == *value));
    let set: Vec<_> = set.collect();
    assert!(set.is_empty(), "{set:?}");
}

/// An honest plugin reads the body, adds to it and writes it back: the secrets that it was not shown stay.
async fn what_is_secret_stays_as_it_was_sent(place: Place) {
    let rights = ["observes:/sign-up/email", "reads-request:/sign-up/email", "changes-request:/sign-up/email"];
    for (name, more) in [("honest", json!({ "name": "Changed" })), ("forger", json!({ "password": "password of eve" }))]
    {
        let deeds = json!([{ "do": "see" }, { "do": "merge", "body": more }]);
        let server = Thief::new("bare").before("/sign-up/email", deeds).loaded(&place, &rights, "").await;
        let answer = server.post("/sign-up/email", &someone(name)).await;
        let loot = loot(&server).await;
        assert!(loot.contains(&email(name)), "what is no secret is shown: {loot}");
        if name == "honest" {
            assert_eq!(answer.json()["user"]["name"], "Changed", "{}", answer.text);
        }
        assert_eq!(sign_in_status(&server, &email(name), &password(name)).await, 200, "{name}: their own password");
        for wrong in ["[redacted]", "password of eve"] {
            assert_ne!(sign_in_status(&server, &email(name), wrong).await, 200, "{name}: {wrong}");
        }
        assert!(!loot.contains(&password(name)), "{loot}");
    }
}

async fn what_is_secret_stays_as_it_was_answered(place: Place) {
    let rights = ["observes:/sign-in/email", "reads-answer:/sign-in/email", "changes-answer:/sign-in/email"];
    for (name, more) in [("honest", json!({ "more": true })), ("forger", json!({ "token": "forged" }))] {
        let deeds = json!([{ "do": "see" }, { "do": "merge", "body": more }]);
        let server = Thief::new("bare").after("/sign-in/email", deeds).loaded(&place, &rights, "").await;
        server.post("/sign-up/email", &someone(name)).await;
        let answer = server.post("/sign-in/email", &someone(name)).await;
        if name == "honest" {
            assert_eq!(answer.json()["more"], json!(true), "{}", answer.text);
        }
        let tokens: Vec<String> =
            server.records("session").await.iter().map(|session| session.text("token").to_owned()).collect();
        let answered = token(&answer);
        assert!(tokens.contains(&answered), "{name}: the client's token is that of a session, not {answered}");
        let loot = loot(&server).await;
        assert!(!loot.contains(&answered), "{name}: {loot}");
    }
}

/// Writes `fields` into each new and changed row of `model`, as the manifest says that it may.
fn writer(model: &str, part: &str, fields: &Json) -> Thief {
    let names: Vec<&String> = fields.as_object().unwrap().keys().collect();
    let deeds = json!([{ "do": "set", "model": model, "fields": fields }]);
    Thief::new("bare").events(&[(model, "create"), (model, "update")], deeds).with(part, json!(names))
}

/// Whatever the manifest declares: who was not granted `users` writes no users. `harmed` looks after a sign-up and a change.
async fn rows_stay(place: &Place, thief: &Thief, harmed: impl AsyncFn(&Fixture, &str, &str) -> Option<String>) {
    let mut all = Vec::new();
    for (round, grants) in [vec![], vec!["cookies"], vec!["verifications"], vec!["mail"]].iter().enumerate() {
        let Some(server) = thief.tried(place, grants, "").await else { continue };
        let name = format!("round{round}");
        let answer = server.post("/sign-up/email", &someone(&name)).await;
        if answer.status == 200 {
            server.post_as("/update-user", &answer.cookie(), &json!({ "image": "a.png" })).await;
        }
        all.extend(harmed(&server, &name, &answer.text).await.map(|harm| format!("{grants:?}: {harm}")));
    }
    assert!(all.is_empty(), "{all:#?}");
}

async fn whose_address_is_verified(place: Place) {
    for part in ["creates_user_with", "updates_user_fields"] {
        let thief = writer("user", part, &json!({ "emailVerified": true }));
        rows_stay(&place, &thief, async |server, _, _| {
            let verified = server.store().count("user", &[eq("emailVerified", true)]).await.unwrap();
            (verified > 0).then(|| format!("{part}: {verified} verified"))
        })
        .await;
    }
}

async fn whose_address_a_user_has(place: Place) {
    let thief = writer("user", "updates_user_fields", &json!({ "email": "eve@evil.example" }));
    rows_stay(&place, &thief, async |server, _, _| {
        let is_eve = is_there(server, "eve@evil.example").await;
        is_eve.then(|| "the user has Eve's address".to_owned())
    })
    .await;
}

async fn whose_session_it_is(place: Place) {
    let server = Thief::new("bare").loaded(&place, &[], "").await;
    let victim = server.post("/sign-up/email", &someone("victim")).await.json()["user"]["id"].clone();
    let thief = writer("session", "writes_session_fields", &json!({ "userId": victim }));
    rows_stay(&place, &thief, async |server, _, _| {
        let of_victim = server.store().count("session", &[eq("userId", victim.as_str().unwrap())]).await.unwrap();
        (of_victim > 1).then(|| "someone signed up and is signed in as another".to_owned())
    })
    .await;
}

async fn the_token_of_a_session(place: Place) {
    let thief = writer("session", "writes_session_fields", &json!({ "token": "token-that-the-thief-knows" }));
    rows_stay(&place, &thief, async |server, _, answer| {
        let known = server.store().count("session", &[eq("token", "token-that-the-thief-knows")]).await.unwrap();
        (known > 0 || answer.contains("token-that-the-thief-knows")).then(|| "the thief knows the token".to_owned())
    })
    .await;
}

async fn how_long_a_session_lives(place: Place) {
    let thief = writer("session", "writes_session_fields", &json!({ "expiresAt": "2099-01-01T00:00:00.000Z" }));
    rows_stay(&place, &thief, async |server, _, _| {
        let usual = server.now().plus_secs(8 * 86_400);
        let sessions = server.records("session").await;
        let longest = sessions.iter().filter_map(|session| session.timestamp("expiresAt")).max();
        longest.filter(|until| *until > usual).map(|until| format!("a session until {}", until.to_iso()))
    })
    .await;
}

/// With `users` a thief writes what its manifest declares, and nothing that it does not.
async fn fields_of_users_by_name(place: Place) {
    let thief = Thief::new("users").with("updates_user_fields", json!(["image"]));
    let Some(server) = thief.tried(&place, &["users"], "").await else { panic!("it was granted what it imports") };
    server.post("/sign-up/email", &someone("victim")).await;
    for (field, value) in [
        ("email", json!("eve@evil.example")),
        ("emailVerified", json!(true)),
        ("id", json!("1")),
        ("name", json!("Eve")),
        ("createdAt", json!("2000-01-01T00:00:00.000Z")),
    ] {
        let deed = json!({ "email": email("victim"), "fields": { "image": "a.png", field: value } });
        let done = act(&server, "/thief/", deed).await;
        assert!(done["error"].is_string(), "{field}: {done}");
    }
    let user = &server.records("user").await[0];
    assert_eq!((user.text("email"), user.boolean("emailVerified")), (email("victim").as_str(), Some(false)));
    assert_eq!((user.text("name"), user.opt_text("image")), ("Name of victim", None), "all or nothing");
}

/// A gate says yes, no, or what to prove: who was granted nothing does not answer other people's sign-ins.
async fn the_answer_of_a_sign_in_by_a_gate(place: Place) {
    let forged = json!([{ "do": "challenge", "body": { "url": "https://evil.example/", "redirect": true } }]);
    let thief = Thief::new("bare").with("is_gate", json!(true)).order("gate", forged);
    for (round, grants) in [vec![], vec!["cookies"], vec!["users"]].iter().enumerate() {
        let Some(server) = thief.tried(&place, grants, "").await else { continue };
        let answer = server.post("/sign-up/email", &someone(&format!("gate{round}"))).await;
        assert!(!answer.text.contains("evil.example"), "{grants:?}: {}", answer.text);
    }
}

/// Claims say to other services what someone may do: who was granted nothing adds none and changes none.
async fn claims_of_tokens(place: Place) {
    let watcher = format!(
        "[[plugins]]\nid = \"watcher\"\npath = \"{}\"\ngrants = [\"users\", \"verifications\", \"claims\", \"transactions\", \"http\", \"models\"]\n",
        super::super::built("watcher").display()
    );
    let add = json!([{ "do": "add", "claims": { "role": "admin", "mine": false } }]);
    let thief = Thief::new("bare").with("claims", json!(true)).order("claims", add);
    for (round, grants) in [vec![], vec!["cookies"], vec!["users"]].iter().enumerate() {
        let Some(server) = thief.tried(&place, grants, &watcher).await else { continue };
        let cookie = server.post("/sign-up/email", &someone(&format!("claims{round}"))).await.cookie();
        let claims = server.get("/watcher/claims", &cookie).await.json();
        assert_eq!((&claims["mine"], claims.get("role")), (&json!(true), None), "{grants:?}: {claims}");
    }
}
