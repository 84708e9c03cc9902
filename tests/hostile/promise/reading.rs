//! Thieves that read: what a person proves who they are with, whatever it passes through.

use doorward::store::Models;
use serde_json::json;

use super::thief::{Thief, UNLIMITED, email, loot, someone};
use crate::fixture::Fixture;
use crate::routes::token;
use crate::store::{Place, on_both};

on_both!(
    at_sign_in,
    at_sign_in_by_form,
    at_sign_up,
    at_change_password,
    at_verify_password,
    at_reset_password,
    in_the_path_of_a_reset,
    in_the_query_of_a_mailed_link,
    at_delete_user,
    in_the_answers_of_get_session,
    in_the_answers_of_list_sessions,
    at_every_path_at_once,
    at_a_function_of_the_backend,
    at_an_endpoint_of_another_plugin,
    in_rows_that_change,
    by_a_part_in_claims,
    a_pattern_is_granted_as_it_is_written,
);

const MAIL: &str =
    "mail.transport = \"mailbox\"\nuser.delete_user = { enabled = true, send_delete_account_verification = true }\n";

fn spy(pattern: &str) -> Thief {
    let see = json!([{ "do": "see" }]);
    Thief::new("bare").before(pattern, see.clone()).after(pattern, see)
}

/// Plays `scene` under each set of grants, with the name of someone new. It returns secrets, which only they may see that
/// were granted them, and where who only observes may see nothing of, what is nobody's business.
async fn blind(place: &Place, pattern: &str, options: &str, scene: impl AsyncFn(&Fixture, &str) -> Vec<String>) {
    let thief = spy(pattern);
    let refused = thief.fault(place, &[], &[&format!("observes:{pattern}")]).await;
    let right = |name: &str| format!("{name}:{pattern}");
    let all = ["observes", "reads-request", "reads-answer", "changes-request", "changes-answer"].map(right);
    let sets: Vec<Vec<&str>> = vec![
        vec![&all[0]],
        vec![&all[1]],
        vec![&all[2]],
        vec![&all[0], &all[1]],
        vec![&all[0], &all[2]],
        vec![&all[0], &all[3], &all[4]],
        vec![&all[0], &all[1], &all[2], &all[3], &all[4], "secrets:/somewhere-else"],
        vec!["cookies"],
        vec!["secrets:/**"],
    ];
    let mut seen = Vec::from_iter(refused);
    for (round, grants) in sets.iter().enumerate() {
        let server = match grants.first() {
            // A right that contains another need not be spelt out; nothing at all is not enough.
            Some(first) if first.starts_with("observes") => Some(thief.loaded(place, grants, options).await),
            _ => thief.tried(place, grants, options).await,
        };
        let Some(server) = server else { continue };
        let name = format!("round{round}");
        let secrets = scene(&server, &name).await;
        let loot = loot(&server).await;
        let mut found: Vec<&str> = secrets.iter().filter(|secret| loot.contains(*secret)).map(String::as_str).collect();
        let of_others = [email(&name), format!("Name of {name}")];
        if round == 0 {
            found.extend(of_others.iter().filter(|text| loot.contains(*text)).map(String::as_str));
        }
        if !found.is_empty() {
            seen.push(format!("{grants:?}: {found:?}"));
        }
    }
    let secrets = format!("secrets:{pattern}");
    let granted: Vec<&str> = all.iter().map(String::as_str).chain([secrets.as_str()]).collect();
    let server = thief.loaded(place, &granted, options).await;
    let secrets = scene(&server, "control").await;
    let loot = loot(&server).await;
    assert!(secrets.iter().any(|secret| loot.contains(secret)), "who is granted all sees it: {loot}");
    assert!(seen.is_empty(), "{seen:#?}");
}

fn password(name: &str) -> String {
    format!("correct horse of {name}")
}

/// Signs someone up; the cookie of the session, and its token.
async fn signed_up(server: &Fixture, name: &str) -> (String, String) {
    let answer = server.post("/sign-up/email", &someone(name)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    (answer.cookie(), token(&answer))
}

async fn at_sign_in(place: Place) {
    blind(&place, "/sign-in/email", "", async |server, name| {
        signed_up(server, name).await;
        let answer = server.post("/sign-in/email", &someone(name)).await;
        vec![password(name), token(&answer)]
    })
    .await;
}

async fn at_sign_in_by_form(place: Place) {
    blind(&place, "/sign-in/email", "", async |server, name| {
        signed_up(server, name).await;
        let headers = [("origin", "http://localhost:3000"), ("content-type", "application/x-www-form-urlencoded")];
        let form = format!("email={name}%40example.com&password={}", password(name).replace(' ', "+"));
        let answer = server.send("POST", "/sign-in/email", &headers, form).await;
        vec![password(name), token(&answer)]
    })
    .await;
}

async fn at_sign_up(place: Place) {
    blind(&place, "/sign-up/email", "", async |server, name| {
        let (_, token) = signed_up(server, name).await;
        vec![password(name), token]
    })
    .await;
}

async fn at_change_password(place: Place) {
    blind(&place, "/change-password", "", async |server, name| {
        let (cookie, _) = signed_up(server, name).await;
        let new = format!("new horse of {name}");
        let body = json!({ "currentPassword": password(name), "newPassword": new, "revokeOtherSessions": true });
        let answer = server.post_as("/change-password", &cookie, &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        vec![password(name), new, token(&answer)]
    })
    .await;
}

async fn at_verify_password(place: Place) {
    blind(&place, "/verify-password", "", async |server, name| {
        let (cookie, _) = signed_up(server, name).await;
        server.post_as("/verify-password", &cookie, &json!({ "password": password(name) })).await;
        vec![password(name)]
    })
    .await;
}

/// The token of a mail of this kind, which someone asked for.
async fn mailed(server: &Fixture, kind: &str) -> String {
    server.mail(kind).await.data["token"].as_str().unwrap().to_owned()
}

async fn reset_of(server: &Fixture, name: &str) -> String {
    signed_up(server, name).await;
    assert_eq!(server.post("/request-password-reset", &json!({ "email": email(name) })).await.status, 200);
    mailed(server, "reset-password").await
}

async fn at_reset_password(place: Place) {
    blind(&place, "/reset-password", MAIL, async |server, name| {
        let (token, new) = (reset_of(server, name).await, format!("new horse of {name}"));
        // One in the query and spent in vain, one in the body.
        let query = format!("/reset-password?token={token}-in-the-query");
        server.post(&query, &json!({ "newPassword": "another horse" })).await;
        let answer = server.post("/reset-password", &json!({ "newPassword": new, "token": token })).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        vec![token, new]
    })
    .await;
}

async fn in_the_path_of_a_reset(place: Place) {
    blind(&place, "/reset-password/*", MAIL, async |server, name| {
        let token = reset_of(server, name).await;
        let answer = server.get(&format!("/reset-password/{token}?callbackURL=%2Freset"), "").await;
        assert_eq!(answer.status, 302, "{}", answer.text);
        vec![token]
    })
    .await;
}

async fn in_the_query_of_a_mailed_link(place: Place) {
    blind(&place, "/verify-email", MAIL, async |server, name| {
        signed_up(server, name).await;
        server.post("/send-verification-email", &json!({ "email": email(name) })).await;
        let token = mailed(server, "verify-email").await;
        assert_eq!(server.get(&format!("/verify-email?token={token}"), "").await.status, 200);
        vec![token]
    })
    .await;
}

async fn at_delete_user(place: Place) {
    blind(&place, "/delete-user/**", MAIL, async |server, name| {
        let (cookie, _) = signed_up(server, name).await;
        server.post_as("/delete-user", &cookie, &json!({ "password": password(name) })).await;
        let token = mailed(server, "delete-account").await;
        assert_eq!(server.get(&format!("/delete-user/callback?token={token}"), &cookie).await.status, 200);
        vec![token]
    })
    .await;
}

async fn in_the_answers_of_get_session(place: Place) {
    blind(&place, "/get-session", "", async |server, name| {
        let (cookie, token) = signed_up(server, name).await;
        let answer = server.get("/get-session", &cookie).await;
        assert_eq!(answer.json()["session"]["token"], json!(token), "the client gets it all the same");
        vec![token]
    })
    .await;
}

async fn in_the_answers_of_list_sessions(place: Place) {
    blind(&place, "/list-sessions", "", async |server, name| {
        let (cookie, first) = signed_up(server, name).await;
        let second = token(&server.post("/sign-in/email", &someone(name)).await);
        let answer = server.get("/list-sessions", &cookie).await;
        assert!(answer.text.contains(&second), "{}", answer.text);
        vec![first, second]
    })
    .await;
}

async fn at_every_path_at_once(place: Place) {
    blind(&place, "/**", "", async |server, name| {
        let (cookie, token) = signed_up(server, name).await;
        let authorization = format!("Bearer of-{name}");
        let headers = [("cookie", cookie.as_str()), ("authorization", &authorization)];
        assert_eq!(server.send("GET", "/get-session", &headers, "").await.status, 200);
        vec![password(name), token, authorization, cookie.split_once('=').unwrap().1.to_owned()]
    })
    .await;
}

const MANAGEMENT: &str = "management.address = \"127.0.0.1:0\"\n\
    management.keys = [{ name = \"all\", value = \"key-for-everything-0123456789-012345\", scopes = [\"*\"] }]\n";

async fn at_a_function_of_the_backend(place: Place) {
    blind(&place, "/set-password", MANAGEMENT, async |server, name| {
        let (cookie, _) = signed_up(server, name).await;
        let accounts = [doorward::store::eq("providerId", "credential")];
        server.store().delete("account", &accounts).await.unwrap();
        let new = format!("new horse of {name}");
        let body = json!({ "body": { "newPassword": new }, "headers": { "Cookie": cookie } });
        let answer = server.call_function("key-for-everything-0123456789-012345", "set-password", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        vec![new]
    })
    .await;
}

async fn at_an_endpoint_of_another_plugin(place: Place) {
    let folder = tempfile::tempdir().unwrap();
    let other = Thief::new("bare").named("other", "/other/").entry(folder.path(), &[]);
    blind(&place, "/other/digest", &other, async |server, name| {
        let secret = |what: &str| format!("{what}-of-{name}");
        let body = json!({
            "code": secret("code"), "secret": secret("secret"), "more": { "password": secret("deep") },
            "list": [{ "token": secret("listed") }, { "currentPassword": secret("current") }],
        });
        assert_eq!(server.post("/other/digest", &body).await.status, 200);
        ["code", "secret", "deep", "listed", "current"].map(secret).to_vec()
    })
    .await;
}

/// Rows need no grant to be watched; what proves who someone is, is in none of them.
async fn in_rows_that_change(place: Place) {
    let models = ["user", "session", "account", "verification"];
    let changes: Vec<(&str, &str)> =
        models.iter().flat_map(|model| ["create", "update", "delete"].map(|action| (*model, action))).collect();
    for (round, grants) in [vec![], vec!["users"], vec!["sessions"], vec!["verifications"]].into_iter().enumerate() {
        // The component has two events of each moment; the others trap, so that three are tried at a time.
        for (part, changes) in changes.chunks(2).enumerate() {
            let thief = Thief::new("bare").events(changes, json!([{ "do": "see" }]));
            let Some(server) = thief.tried(&place, &grants, MAIL).await else { continue };
            let name = format!("row{round}{part}");
            let reset = reset_of(&server, &name).await;
            let answer = server.post("/sign-in/email", &someone(&name)).await;
            let (cookie, session) = (answer.cookie(), token(&answer));
            server.post_as("/delete-user", &cookie, &json!({ "password": password(&name) })).await;
            let delete = mailed(&server, "delete-account").await;
            let new = format!("new horse of {name}");
            server.post("/reset-password", &json!({ "newPassword": new, "token": reset })).await;
            server.get(&format!("/delete-user/callback?token={delete}"), &cookie).await;
            let loot = loot(&server).await;
            assert!(loot.contains("\"row\""), "it was told of changes: {changes:?} {loot}");
            for secret in [&password(&name), &new, &session, &reset, &delete, "$argon2"] {
                assert!(!loot.contains(secret), "{grants:?} {changes:?}: {secret}: {loot}");
            }
        }
    }
}

/// A part in claims sees the request for the token, which is another plugin's.
async fn by_a_part_in_claims(place: Place) {
    let watcher = format!(
        "[[plugins]]\nid = \"watcher\"\npath = \"{}\"\ngrants = [\"users\", \"verifications\", \"claims\", \"transactions\", \"http\", \"models\"]\n",
        super::super::built("watcher").display()
    );
    let thief = Thief::new("bare").with("claims", json!(true)).order("claims", json!([{ "do": "see" }]));
    for grants in [vec![], vec!["claims"], vec!["users"]] {
        let Some(server) = thief.tried(&place, &grants, &watcher).await else { continue };
        let (cookie, _) = signed_up(&server, &format!("claims{}", grants.concat())).await;
        let answer = server.get("/watcher/claims?token=secret-of-others&code=code-of-others", &cookie).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let loot = loot(&server).await;
        for secret in ["secret-of-others", "code-of-others"] {
            assert!(!loot.contains(secret), "{grants:?}: {loot}");
        }
    }
}

/// Rights for one path are none for many, and a route with a parameter does not make another's path one's own.
async fn a_pattern_is_granted_as_it_is_written(place: Place) {
    let wide = spy("/**");
    for grants in
        [vec!["observes:/sign-in/email"], vec!["observes:/sign-in/**"], vec!["observes"], vec!["reads-request"]]
    {
        wide.refused(&place, &grants, &["grants = [", "observes:/**"]).await;
    }
    let own = json!([{ "method": "POST", "path": "/:any/:thing" }, { "method": "GET", "path": "/sign-in/:way" }]);
    let claimed = spy("/sign-in/email").with("routes", own);
    let Err(error) = claimed.start(&place, &[], UNLIMITED).await else { panic!("a parameter made it its own") };
    assert!(error.contains("observes:/sign-in/email") || error.contains("/:any/:thing"), "{error}");
}
