//! Users, passwords, accounts and sessions: one's own and other people's.

use doorward::store::{Models, eq};
use serde_json::{Value as Json, json};

use super::{member, one, run, server, server_with};
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(
    users_are_shown_and_changed_by_rights,
    a_proven_address_removes_credentials,
    passwords_are_compared_and_never_shown,
    accounts_keep_their_owner,
    an_account_is_linked_once,
    tokens_are_sealed_in_the_database_and_shown_in_clear,
    a_browser_remembers_an_account_until_it_signs_out,
    the_session_is_known_marked_and_ended,
    sessions_of_a_browser_are_told_by_their_tokens,
    a_token_stands_for_the_cookie,
    administrators_see_users_by_what_may_be_seen,
    administrators_set_passwords_and_remove_users,
    an_impersonated_session_is_short_and_marked,
    hooks_run_on_their_conditions_alone,
    a_gate_writes_in_the_transaction_of_the_sign_up,
    an_event_is_told_of_the_users_that_it_looks_at,
);

async fn users_are_shown_and_changed_by_rights(place: Place) {
    let server = server(&place).await;
    let (ada, _) = member(&server, "ada").await;
    let (bob, _) = member(&server, "bob").await;
    let shown = one(&server, json!(["update-user", ada, { "nick": "countess", "name": "Ada" }])).await;
    assert_eq!((&shown["nick"], &shown["name"], &shown["rank"]), (&json!("countess"), &json!("Ada"), &json!(7)));
    assert_eq!(one(&server, json!(["user-by-own", "nick", "countess"])).await["id"], json!(ada));
    assert_eq!(one(&server, json!(["user-by-own", "nick", "Countess"])).await, Json::Null, "compared exactly");
    assert_eq!(one(&server, json!(["update-user", bob, { "nick": "countess" }])).await, json!("conflict"));
    for step in [
        json!(["user-by-own", "email", "ada@example.com"]),
        json!(["user-by-own", "rank", "7"]),
        json!(["update-user", ada, { "email": "x@example.com" }]),
        json!(["update-user", ada, { "emailVerified": true }]),
        json!(["create-user", { "email": "x@example.com", "emailVerified": true }]),
    ] {
        assert!(one(&server, step.clone()).await["denied"].is_string(), "{step}");
    }
    for step in [json!(["update-user", "nobody", { "name": "x" }]), json!(["create-user", { "email": "x" }])] {
        assert!(one(&server, step.clone()).await["invalid"].is_string(), "{step}");
    }
    let seen =
        server.post("/sign-in/email", &json!({ "email": "ada@example.com", "password": "correct horse 1" })).await;
    assert!(seen.json()["user"].get("nick").is_none(), "clients do not see the hidden field");
    assert_eq!(seen.json()["user"]["rank"], json!(7));
}

async fn a_proven_address_removes_credentials(place: Place) {
    let server = server(&place).await;
    let (ada, cookie) = member(&server, "ada").await;
    let (bob, _) = member(&server, "bob").await;
    run(&server, "", json!([["insert", "probeKey", { "owner": ada }], ["insert", "probeKey", { "owner": bob }]])).await;
    let outcome = run(&server, "", json!([["confirm", ada], ["has-password", ada], ["find", "probeKey", []]])).await;
    assert_eq!(outcome[0]["emailVerified"], json!(true));
    assert_eq!(outcome[1], json!(false));
    assert_eq!(outcome[2].as_array().unwrap().len(), 1, "only the other's key is left");
    assert_eq!(outcome[2][0]["owner"], json!(bob));
    assert_eq!(server.get("/get-session", &cookie).await.json(), Json::Null);
    run(&server, "", json!([["insert", "probeKey", { "owner": ada }], ["confirm", ada]])).await;
    assert_eq!(server.rows("probeKey").await, 2, "an address that was proven before changes nothing");
    one(&server, json!(["send-verification", bob])).await;
    assert_eq!(server.mail("verify-email").await.to, "bob@example.com");
}

async fn passwords_are_compared_and_never_shown(place: Place) {
    let server = server(&place).await;
    let (ada, _) = member(&server, "ada").await;
    let steps = json!([
        ["verify", ada, "correct horse 1"],
        ["verify", ada, "wrong"],
        ["verify", null, "correct horse 1"],
        ["verify", "nobody", "correct horse 1"],
        ["has-password", ada],
        ["has-password", "nobody"],
        ["account", "credential", ada],
        ["accounts", ada],
    ]);
    let outcomes = run(&server, "", steps).await;
    assert_eq!(json!(outcomes), json!([true, false, false, false, true, false, null, []]));
    let too_long = one(&server, json!(["verify", ada, "x".repeat(129)])).await;
    assert_eq!(too_long, json!({ "refused": "PASSWORD_TOO_LONG" }));
}

async fn accounts_keep_their_owner(place: Place) {
    let server = server(&place).await;
    let (ada, _) = member(&server, "ada").await;
    let fields = json!({ "providerId": "github", "accountId": "7", "accessToken": "t", "scope": "a,b" });
    let linked = one(&server, json!(["link", ada, fields])).await;
    assert_eq!((&linked["userId"], &linked["accessToken"]), (&json!(ada), &json!("t")));
    assert!(linked.get("password").is_none());
    let id = linked["id"].as_str().unwrap();
    assert_eq!(one(&server, json!(["account", "github", "7"])).await["id"], json!(id));
    assert_eq!(one(&server, json!(["update-account", id, { "accessToken": "u" }])).await["accessToken"], json!("u"));
    for step in [
        json!(["update-account", id, { "userId": "x" }]),
        json!(["update-account", id, { "password": "x" }]),
        json!(["link", ada, { "providerId": "credential", "accountId": ada }]),
        json!(["link", ada, { "providerId": "github", "accountId": "8", "password": "x" }]),
    ] {
        assert!(one(&server, step.clone()).await["denied"].is_string(), "{step}");
    }
    let own = server.records("account").await.into_iter().find(|row| row.text("providerId") == "credential").unwrap();
    let outcome = one(&server, json!(["update-account", own.text("id"), { "scope": "x" }])).await;
    assert!(outcome["invalid"].is_string(), "the account with the password is none of them: {outcome}");
}

async fn an_account_is_linked_once(place: Place) {
    let server = server(&place).await;
    let (ada, _) = member(&server, "ada").await;
    let (bob, _) = member(&server, "bob").await;
    let link = |user: &str| one(&server, json!(["link", user, { "providerId": "github", "accountId": "7" }]));
    let users = [&ada, &bob, &ada, &bob, &ada, &bob];
    let outcomes = futures_util::future::join_all(users.map(|user| link(user))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_object()).count(), 1, "{outcomes:?}");
    let conflicts = outcomes.iter().filter(|outcome| **outcome == json!("conflict")).count();
    assert_eq!(conflicts, 5, "{outcomes:?}");
}

async fn tokens_are_sealed_in_the_database_and_shown_in_clear(place: Place) {
    let server = server_with(&place, "account.encrypt_oauth_tokens = true").await;
    let (ada, _) = member(&server, "ada").await;
    let fields =
        json!({ "providerId": "github", "accountId": "7", "accessToken": "t", "refreshToken": "", "idToken": "i" });
    let linked = one(&server, json!(["link", ada, fields])).await;
    let id = linked["id"].as_str().unwrap();
    let stored = async || server.records("account").await.into_iter().find(|row| row.text("id") == id).unwrap();
    let first = stored().await.text("accessToken").to_owned();
    assert!(first.len() == 82 && first.bytes().all(|byte| byte.is_ascii_hexdigit()), "{first}");
    let row = stored().await;
    let (refresh, id_token) = (row.text("refreshToken"), row.text("idToken"));
    assert!(refresh.is_empty() && id_token.len() == 82, "an ID token is sealed as well: {refresh} {id_token}");
    let changed = one(&server, json!(["update-account", id, { "refreshToken": "r" }])).await;
    assert_eq!((&changed["accessToken"], &changed["refreshToken"]), (&json!("t"), &json!("r")));
    assert_eq!(stored().await.text("accessToken"), first, "what was not written stays");
    server.store().update("account", &[eq("id", id)], &[("accessToken", "0123abcd".into())]).await.unwrap();
    let shown = one(&server, json!(["account", "github", "7"])).await;
    assert_eq!(shown["accessToken"], json!("0123abcd"), "a row from before is read");
    server.store().update("account", &[eq("id", id)], &[("accessToken", "$ba$9$00".into())]).await.unwrap();
    assert_eq!(one(&server, json!(["accounts", ada])).await[0]["accessToken"], Json::Null, "its secret is gone");
}

async fn a_browser_remembers_an_account_until_it_signs_out(place: Place) {
    let server = server_with(&place, "account.store_account_cookie = true").await;
    let (ada, cookie) = member(&server, "ada").await;
    let linked = one(&server, json!(["link", ada, { "providerId": "github", "accountId": "7" }])).await;
    let id = linked["id"].as_str().unwrap();
    let answer = server.post_as("/probe", &cookie, &json!({ "do": [["remember-account", id]] })).await;
    let remembering = answer.cookie();
    assert!(remembering.starts_with("better-auth.account_data=ey"), "{remembering}");
    let both = format!("{cookie}; {remembering}");
    assert_eq!(run(&server, &both, json!([["remembered-account"]])).await[0]["id"], json!(id));
    assert_eq!(run(&server, &cookie, json!([["remembered-account"]])).await[0], Json::Null);
    let forged = format!("{}x", remembering);
    assert_eq!(run(&server, &forged, json!([["remembered-account"]])).await[0], Json::Null);
    let outcome = run(&server, "", json!([["provider-of", ada, id], ["provider-of", "x", id]])).await;
    assert_eq!(json!(outcome), json!(["github", null]));
    let answer = server.post_as("/sign-out", &both, &json!({})).await;
    assert!(
        answer.cookie_changes().iter().any(|cookie| cookie.contains("account_data")),
        "{:?}",
        answer.cookie_changes()
    );
    server.pass_secs(400);
    assert_eq!(run(&server, &remembering, json!([["remembered-account"]])).await[0], Json::Null, "it is over");
}

async fn the_session_is_known_marked_and_ended(place: Place) {
    let server = server(&place).await;
    let (ada, cookie) = member(&server, "ada").await;
    assert_eq!(
        run(&server, "", json!([["session"], ["fresh"]])).await,
        [Json::Null, json!({ "refused": "UNAUTHORIZED" })]
    );
    let outcome = run(&server, &cookie, json!([["session"], ["update-session", { "mark": "x" }]])).await;
    assert_eq!(outcome[0]["user"]["id"], json!(ada));
    assert!(outcome[0]["session"]["token"].is_string());
    assert_eq!(outcome[1]["session"]["mark"], json!("x"));
    assert_eq!(server.get("/get-session", &cookie).await.json()["session"]["mark"], json!("x"));
    let denied = run(&server, &cookie, json!([["update-session", { "userId": "x" }]])).await;
    assert!(denied[0]["denied"].is_string());
    server.pass_secs(86_400);
    assert_eq!(run(&server, &cookie, json!([["fresh"]])).await, [json!({ "refused": "SESSION_NOT_FRESH" })]);
    run(&server, &cookie, json!([["end-session"]])).await;
    assert_eq!(server.get("/get-session", &cookie).await.json(), Json::Null);
}

fn token_of(outcome: &Json) -> String {
    outcome["session"]["token"].as_str().unwrap_or_else(|| panic!("{outcome}")).to_owned()
}

async fn sessions_of_a_browser_are_told_by_their_tokens(place: Place) {
    let server = server(&place).await;
    let (ada, a) = member(&server, "ada").await;
    let (_, b) = member(&server, "bob").await;
    let (a, b) = (run(&server, &a, json!([["session"]])).await, run(&server, &b, json!([["session"]])).await);
    let (a, b) = (token_of(&a[0]), token_of(&b[0]));
    let found = one(&server, json!(["find-sessions", [b, "nonsense", a]])).await;
    let names: Vec<&Json> = found.as_array().unwrap().iter().map(|session| &session["user"]["name"]).collect();
    assert_eq!(names, [&json!("bob"), &json!("ada")]);
    let answer = server.post("/probe", &json!({ "do": [["resume", a]] })).await;
    assert_eq!(server.get("/get-session", &answer.cookies()).await.json()["user"]["id"], json!(ada));
    assert_eq!(one(&server, json!(["end-sessions", [a, "nonsense"]])).await, json!(1));
    assert_eq!(run(&server, "", json!([["find-sessions", [a]], ["resume", a]])).await, [json!([]), Json::Null]);
    let many: Vec<String> = (0..101).map(|number| number.to_string()).collect();
    assert!(one(&server, json!(["find-sessions", many])).await["invalid"].is_string());
}

async fn a_token_stands_for_the_cookie(place: Place) {
    let server = server(&place).await;
    let body = json!({ "name": "Ada", "email": "ada@example.com", "password": "correct horse 1" });
    let answer = server.post("/sign-up/email", &body).await;
    let issued = answer.headers.get("x-probe-issued").unwrap().to_owned();
    let bare = answer.json()["token"].as_str().unwrap().to_owned();
    assert!(issued.starts_with(&format!("{bare}.")));
    let ask = async |headers: &[(&str, &str)]| server.send("GET", "/get-session", headers, String::new()).await.json();
    let forged = format!("{bare}.AAAA");
    for (headers, is_known) in [
        (vec![("x-probe-token", issued.as_str())], true),
        (vec![("x-probe-token", bare.as_str())], true),
        (vec![("x-probe-token", issued.as_str()), ("x-probe-strict", "1")], true),
        (vec![("x-probe-token", bare.as_str()), ("x-probe-strict", "1")], false),
        (vec![("x-probe-token", forged.as_str())], false),
        (vec![("x-probe-token", "a;b")], false),
        (vec![("x-probe-token", "")], false),
    ] {
        assert_eq!(ask(&headers).await.is_object(), is_known, "{headers:?}");
    }
    assert!(one(&server, json!(["present", issued])).await["denied"].is_string(), "only before an endpoint");
}

async fn administrators_see_users_by_what_may_be_seen(place: Place) {
    let server = server(&place).await;
    for name in ["ada", "bob", "eve"] {
        member(&server, name).await;
    }
    let find = json!(["directory", "", [["email", "contains", "b@"]], { "by": "email" }]);
    assert_eq!(one(&server, find).await[0]["name"], json!("bob"));
    let page = json!(["directory", "", [], { "by": "name", "descending": true, "limit": 1, "offset": 1 }]);
    assert_eq!(one(&server, page).await[0]["name"], json!("bob"));
    assert_eq!(one(&server, json!(["directory-count", "", [["name", "ne", "eve"]]])).await, json!(2));
    for field in ["password", "nope", "id\" --"] {
        let outcome = one(&server, json!(["directory", "", [[field, "eq", "x"]]])).await;
        assert!(outcome["invalid"].is_string(), "{outcome}");
    }
}

async fn administrators_set_passwords_and_remove_users(place: Place) {
    let server = server(&place).await;
    let (ada, cookie) = member(&server, "ada").await;
    assert_eq!(one(&server, json!(["set-password", ada, "short"])).await, json!({ "refused": "PASSWORD_TOO_SHORT" }));
    assert!(one(&server, json!(["set-password", "nobody", "correct horse 2"])).await["invalid"].is_string());
    one(&server, json!(["set-password", ada, "correct horse 2", false])).await;
    assert!(server.get("/get-session", &cookie).await.json().is_object());
    one(&server, json!(["set-password", ada, "correct horse 3", true])).await;
    assert_eq!(server.get("/get-session", &cookie).await.json(), Json::Null);
    let sign_in = |password: &str| json!({ "email": "ada@example.com", "password": password });
    assert_eq!(server.post("/sign-in/email", &sign_in("correct horse 2")).await.status, 401);
    let answer = server.post("/sign-in/email", &sign_in("correct horse 3")).await;
    assert_eq!(answer.status, 200);
    let listed = one(&server, json!(["sessions-of", ada])).await;
    let token = listed[0]["token"].as_str().unwrap();
    assert_eq!(run(&server, "", json!([["end-session-of", token], ["end-session-of", token]])).await, [true, false]);
    server.post("/sign-in/email", &sign_in("correct horse 3")).await;
    assert_eq!(one(&server, json!(["end-all", ada])).await, json!(1));
    assert_eq!(run(&server, "", json!([["delete-user", ada], ["delete-user", ada]])).await, [true, false]);
    assert_eq!(server.counts().await[..3], [0, 0, 0]);
}

async fn an_impersonated_session_is_short_and_marked(place: Place) {
    let server = server(&place).await;
    let (ada, _) = member(&server, "ada").await;
    let (_, bob) = member(&server, "bob").await;
    let body = json!({ "do": [["impersonate", ada, 600, { "mark": "bob" }]] });
    let answer = server.post_as("/probe", &bob, &body).await;
    let cookies = answer.cookies();
    let session = server.get("/get-session", &cookies).await.json();
    assert_eq!((&session["user"]["id"], &session["session"]["mark"]), (&json!(ada), &json!("bob")));
    assert!(server.get("/get-session", &bob).await.json().is_object(), "the other session lives on");
    server.pass_secs(601);
    assert_eq!(server.get("/get-session", &cookies).await.json(), Json::Null);
    for (secs, fields) in [(0, json!({})), (600, json!([]))] {
        assert!(one(&server, json!(["impersonate", ada, secs, fields])).await["invalid"].is_string());
    }
    assert!(one(&server, json!(["impersonate", ada, 600, { "token": "x" }])).await["denied"].is_string());
}

async fn hooks_run_on_their_conditions_alone(place: Place) {
    let server: Fixture = server(&place).await;
    let (_, cookie) = member(&server, "ada").await;
    let issued = |answer: &crate::fixture::Answer| answer.headers.get("x-probe-issued").map(str::to_owned);
    assert_eq!(issued(&server.get("/ok", "").await), None);
    assert_eq!(issued(&server.post_as("/sign-out", &cookie, &json!({})).await), None, "deleting it is not setting it");
    let sign_in = json!({ "email": "ada@example.com", "password": "correct horse 1" });
    assert!(issued(&server.post("/sign-in/email", &sign_in).await).is_some());
    let answer = server.send("GET", "/ok", &[("x-never", "1")], String::new()).await;
    assert_eq!(answer.status, 500, "the hook runs when its header is there");
}

async fn a_gate_writes_in_the_transaction_of_the_sign_up(place: Place) {
    let server = server(&place).await;
    let sign_up = |name: &str| json!({ "name": name, "email": format!("{}@example.com", name.replace(' ', ".")), "password": "correct horse 1" });
    let answer = server.post("/sign-up/email", &sign_up("gated")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let rows = server.records("probeRow").await;
    assert_eq!(
        rows[0].text("userId"),
        answer.json()["user"]["id"],
        "the row refers to a user who was not committed yet"
    );
    assert_eq!(server.post("/sign-up/email", &sign_up("gated and refused")).await.refusal(), "403 REFUSED as asked");
    assert_eq!((server.rows("probeRow").await, server.rows("user").await), (1, 1), "nothing of it stays");
}

async fn an_event_is_told_of_the_users_that_it_looks_at(place: Place) {
    let server = server(&place).await;
    let (ada, _) = member(&server, "ada").await;
    member(&server, "bob").await;
    one(&server, json!(["update-user", ada, { "watched": true }])).await;
    let sign_in = |name: &str| json!({ "email": format!("{name}@example.com"), "password": "correct horse 1" });
    assert_eq!(server.post("/sign-in/email", &sign_in("ada")).await.refusal(), "403 WATCHED as asked");
    assert_eq!(server.post("/sign-in/email", &sign_in("bob")).await.status, 200);
}
