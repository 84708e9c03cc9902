//! Group E, sessions: fixation, tampering, replay after revocation, foreign ids, stale sessions, caching.

use serde_json::{Value as Json, json};

use crate::fixture::{Answer, Fixture};
use crate::routes::{ada, link, many_sessions, sign_in, sign_up, sign_up_as, token, with};
use crate::store::{Place, on_both};

on_both!(
    ses_1_planted_cookies_are_never_adopted,
    ses_3_a_copy_replayed_after_revocation_opens_nothing_that_matters,
    ses_5_tampered_cookies,
    ses_5_tampered_copies,
    ses_6_the_secure_cookie_wins,
    ses_6_cookie_attributes,
    ses_7_a_session_is_not_mass_assigned,
    ses_8_foreign_ids_tell_and_change_nothing,
    ses_9_old_sessions_are_refused_where_it_matters,
    ses_11_no_answer_is_cached,
    ses_12_ten_thousand_sessions_end,
    ses_12_a_session_slides_and_a_browser_session_does_not
);

const CACHES: [&str; 3] = ["compact", "jwt", "jwe"];

/// A field whose values make a copy of the session long.
const LONG_BIO: &str = "user.additional_fields.bio = { type = \"string\", required = false, max_length = 10000 }\n";

fn cache(strategy: &str) -> String {
    format!("session.cookie_cache = {{ enabled = true, strategy = \"{strategy}\" }}")
}

fn user_id(answer: &Answer) -> String {
    answer.json()["user"]["id"].as_str().unwrap().to_owned()
}

async fn sign_in_with(server: &Fixture, cookie: &str) -> Answer {
    let answer = server.post_as("/sign-in/email", cookie, &ada()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

async fn ses_1_planted_cookies_are_never_adopted(place: Place) {
    let server = Fixture::start(&place, &cache("compact")).await;
    sign_up(&server).await;
    let eve = server.post("/sign-up/email", &with(ada(), "email", json!("eve@example.com"))).await;
    let planted_token = "A".repeat(32);
    let forged = format!("better-auth.session_token={planted_token}.{}%3D", "A".repeat(43));
    for planted in [forged.as_str(), &format!("better-auth.session_token={planted_token}"), &eve.cookies()] {
        let signed_in = sign_in_with(&server, planted).await;
        assert_ne!(token(&signed_in), planted_token);
        assert_ne!(token(&signed_in), token(&eve));
        let session = server.get("/get-session", &signed_in.cookies()).await;
        assert_eq!(session.json()["user"]["email"], "ada@example.com");
        let owner = server.get("/get-session", &eve.cookies()).await;
        assert_eq!(owner.json()["user"]["email"], "eve@example.com", "what was planted stays its owner's");
    }
    assert_eq!(server.get("/get-session", &forged).await.text, "null");
    let tokens: Vec<String> = server.records("session").await.iter().map(|row| row.text("token").to_owned()).collect();
    assert!(!tokens.contains(&planted_token));
}

async fn ses_3_a_copy_replayed_after_revocation_opens_nothing_that_matters(place: Place) {
    for strategy in CACHES {
        let server = Fixture::start(&place, &cache(strategy)).await;
        let email = format!("{strategy}@example.com");
        let body = with(ada(), "email", json!(email));
        let (stolen, own) = (server.post("/sign-up/email", &body).await, server.post("/sign-in/email", &body).await);
        link(&server, &user_id(&own), &format!("wire-{strategy}")).await;
        let revoked = server.post_as("/revoke-other-sessions", &own.cookies(), &json!({})).await;
        assert_eq!(revoked.status, 200);
        let before = (server.records("session").await, server.records("account").await);
        let accounts = server.get("/list-accounts", &own.cookies()).await.json();
        for (path, body) in [
            ("/revoke-session", json!({ "token": token(&own) })),
            ("/revoke-sessions", json!({})),
            ("/revoke-other-sessions", json!({})),
            ("/update-session", json!({ "userAgent": "x" })),
            ("/unlink-account", json!({ "accountId": accounts[0]["id"] })),
        ] {
            let answer = server.post_as(path, &stolen.cookies(), &body).await;
            assert_eq!(answer.refusal(), "401 UNAUTHORIZED Unauthorized", "{strategy} {path}");
            assert!(answer.cookies().is_empty(), "{path} gives nothing back");
        }
        assert_eq!(server.get("/list-sessions", &stolen.cookies()).await.status, 401);
        assert_eq!((server.records("session").await, server.records("account").await), before);
        server.pass_secs(316);
        let late = server.get("/get-session", &stolen.cookies()).await;
        assert_eq!((late.text.as_str(), late.cookies().as_str()), ("null", ""));
    }
}

async fn ses_5_tampered_cookies(place: Place) {
    let server = Fixture::start(&place, "").await;
    sign_up(&server).await;
    let bob = sign_up_as(&server, "bob@example.com").await;
    // One whose signature differs between the two alphabets of base64.
    let cookie = loop {
        let cookie = sign_in(&server).await.cookie();
        if cookie.contains("%2B") || cookie.contains("%2F") {
            break cookie;
        }
    };
    let sessions = server.rows("session").await;
    let (name, value) = cookie.split_once('=').unwrap();
    let (token, signature) = value.split_once('.').unwrap();
    let plain = signature.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
    let flip = |text: &str| text.replacen(&text[..1], if text.starts_with('A') { "B" } else { "A" }, 1);
    for bad in [
        format!("{token}.{}", flip(&plain)),
        format!("{token}.{}", &plain[1..]),
        format!("{token}.A{plain}"),
        format!("{token}.{}", plain.trim_end_matches('=')),
        format!("{token}.{}", plain.replace('+', "-").replace('/', "_")),
        format!("{token}."),
        token.to_owned(),
        format!(".{plain}"),
        format!("{}.{plain}", token.to_lowercase()),
        format!("{token}\u{0}.{plain}"),
        value.replace('%', "%25"),
        value.replace('%', "%2525"),
        "x".repeat(64 << 10),
        format!("{token}.{}", "A".repeat(64 << 10)),
        "\u{fffd}\u{fffd}".to_owned(),
        "%ff%fe".to_owned(),
        format!("\"{token}"),
    ] {
        let answer = server.get("/get-session", &format!("{name}={bad}")).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, "null"), "{bad:.90}");
        assert!(answer.headers.get("set-cookie").is_none());
    }
    let first_wins = server.get("/get-session", &format!("{bob}; {cookie}")).await;
    assert_eq!(first_wins.json()["user"]["email"], "bob@example.com");
    let spoilt_first = server.get("/get-session", &format!("{name}=junk; {cookie}")).await;
    assert_eq!(spoilt_first.text, "null");
    assert_eq!(server.rows("session").await, sessions);
}

async fn ses_5_tampered_copies(place: Place) {
    for strategy in CACHES {
        let server = Fixture::start(&place, &cache(strategy)).await;
        let email = format!("{strategy}@example.com");
        let cookies = server.post("/sign-up/email", &with(ada(), "email", json!(email))).await.cookies();
        let (token, copy) = cookies.split_once("; ").unwrap();
        let (name, value) = copy.split_once('=').unwrap();
        let middle = value.len() / 2;
        let flipped = format!(
            "{}{}{}",
            &value[..middle],
            if &value[middle..=middle] == "A" { "B" } else { "A" },
            &value[middle + 1..]
        );
        let unsigned = value.rsplit_once('.').map_or_else(String::new, |(body, _)| format!("{body}."));
        let no_algorithm = format!("eyJhbGciOiJub25lIn0.{}.", value.split('.').nth(1).unwrap_or_default());
        let whole = |value: &str| format!("{name}={value}");
        for bad in [
            whole(&flipped),
            whole(&unsigned),
            whole(&no_algorithm),
            whole(&value[..value.len() - 1]),
            whole("e30"),
            whole("...."),
            whole(&"A".repeat(64 << 10)),
            whole("%ff"),
            format!("{name}.0={}; {name}.1=", &value[..middle]),
            format!("{name}.99={value}x"),
        ] {
            let answer = server.get("/get-session", &format!("{token}; {bad}")).await;
            assert_eq!(answer.status, 200, "{strategy} {bad:.60}");
            assert_eq!(answer.json()["user"]["email"], json!(email));
            let changes = answer.cookie_changes();
            assert_eq!(changes.last().unwrap(), "session_data", "{strategy} {bad:.60}");
            assert!(changes.first().unwrap().starts_with("-session_data"));
        }
    }
}

async fn ses_6_the_secure_cookie_wins(place: Place) {
    let server = Fixture::start(&place, "base_url = \"https://auth.example.com\"").await;
    let body = |email: &str| with(ada(), "email", json!(email)).to_string();
    let headers = [("origin", "https://auth.example.com"), ("content-type", "application/json")];
    let tossed = server.send("POST", "/sign-up/email", &headers, body("eve@example.com")).await.cookie();
    let own = server.send("POST", "/sign-up/email", &headers, body("ada@example.com")).await.cookie();
    assert!(own.starts_with("__Secure-better-auth.session_token="));
    let tossed = tossed.trim_start_matches("__Secure-");
    for both in [format!("{tossed}; {own}"), format!("{own}; {tossed}")] {
        assert_eq!(server.get("/get-session", &both).await.json()["user"]["email"], "ada@example.com");
    }
    assert_eq!(server.get("/get-session", tossed).await.text, "null");
}

async fn ses_6_cookie_attributes(place: Place) {
    let options =
        format!("base_url = \"https://auth.example.com\"\nsession.expires_in = 99999999\n{LONG_BIO}{}", cache("jwe"));
    let server = Fixture::start(&place, &options).await;
    let headers = [("origin", "https://auth.example.com"), ("content-type", "application/json")];
    for remember in [true, false] {
        let body = with(with(ada(), "bio", json!("x".repeat(9_000))), "rememberMe", json!(remember));
        let body = with(body, "email", json!(format!("{remember}@example.com")));
        let answer = server.send("POST", "/sign-up/email", &headers, body.to_string()).await;
        assert!(answer.headers.all("set-cookie").count() > 3, "{}", answer.text);
        for line in answer.headers.all("set-cookie") {
            assert!(line.starts_with("__Secure-better-auth."), "{line:.80}");
            assert!(line.ends_with("; Path=/; HttpOnly; Secure; SameSite=Lax"), "{line:.80}");
            assert!(!line.contains("Domain="));
            assert!(line.split(';').next().unwrap().len() <= 4096);
            let max_age = line.split("Max-Age=").nth(1).map(|rest| rest.split(';').next().unwrap());
            assert!(max_age.is_none_or(|secs| secs.parse::<u32>().unwrap() <= 34_560_000), "{line:.80}");
            assert_eq!(max_age.is_some(), remember);
        }
    }
}

async fn ses_7_a_session_is_not_mass_assigned(place: Place) {
    let server = Fixture::start(&place, "").await;
    let cookie = sign_up(&server).await.cookie();
    let bob = server.post("/sign-up/email", &with(ada(), "email", json!("bob@example.com"))).await;
    let before = server.records("session").await;
    server.pass_secs(1);
    let all = json!({
        "userId": user_id(&bob), "token": "chosen", "expiresAt": "2099-01-01T00:00:00.000Z", "id": "chosen",
        "ipAddress": "192.0.2.1", "userAgent": "chosen", "createdAt": "2099-01-01T00:00:00.000Z",
        "updatedAt": "2099-01-01T00:00:00.000Z", "activeOrganizationId": "x", "impersonatedBy": "x", "__proto__": {},
    });
    let single = all.as_object().unwrap().iter().map(|(name, value)| json!({ name: value }));
    for body in single.collect::<Vec<Json>>().iter().chain([&all]) {
        let answer = server.post_as("/update-session", &cookie, body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.headers.get("set-cookie").is_none());
    }
    assert_eq!(server.records("session").await, before);
}

async fn ses_8_foreign_ids_tell_and_change_nothing(place: Place) {
    let server = Fixture::start(&place, "").await;
    let (ada, bob) = (sign_up(&server).await, sign_up_as(&server, "bob@example.com").await);
    link(&server, &user_id(&ada), "wire").await;
    let foreign_accounts = server.get("/list-accounts", &ada.cookie()).await.json();
    let own = server.get("/get-session", &bob).await.json();
    link(&server, own["user"]["id"].as_str().unwrap(), "other").await;
    let before = (server.records("session").await, server.records("account").await);
    let answers = |answer: Answer| (answer.status, answer.text);
    let foreign = server.post_as("/revoke-session", &bob, &json!({ "token": token(&ada) })).await;
    let unknown = server.post_as("/revoke-session", &bob, &json!({ "token": "A".repeat(32) })).await;
    assert_eq!(answers(foreign), answers(unknown));
    let foreign = server.post_as("/unlink-account", &bob, &json!({ "accountId": foreign_accounts[0]["id"] })).await;
    let unknown = server.post_as("/unlink-account", &bob, &json!({ "accountId": "A".repeat(32) })).await;
    assert_eq!(foreign.refusal(), "400 ACCOUNT_NOT_FOUND Account not found");
    assert_eq!(answers(foreign), answers(unknown));
    for path in ["/list-sessions", "/list-accounts"] {
        let asked = server.get(&format!("{path}?userId={}&accountId=x", user_id(&ada)), &bob).await;
        let rows = asked.json();
        assert!(!rows.as_array().unwrap().is_empty());
        assert!(rows.as_array().unwrap().iter().all(|row| row["userId"] == own["user"]["id"]), "{path}");
    }
    assert_eq!((server.records("session").await, server.records("account").await), before);
}

async fn ses_9_old_sessions_are_refused_where_it_matters(place: Place) {
    let server = Fixture::start(&place, "").await;
    let signed_up = sign_up(&server).await;
    link(&server, &user_id(&signed_up), "wire").await;
    let accounts = server.get("/list-accounts", &signed_up.cookie()).await.json();
    server.pass_secs(25 * 3600);
    let cookie = signed_up.cookie();
    // Being used, and extended, makes a session no fresher.
    assert!(server.get("/get-session", &cookie).await.headers.get("set-cookie").is_some());
    let stale = "403 SESSION_NOT_FRESH Session is not fresh";
    assert_eq!(server.get("/list-sessions", &cookie).await.refusal(), stale);
    let body = json!({ "accountId": accounts[1]["id"] });
    assert_eq!(server.post_as("/unlink-account", &cookie, &body).await.refusal(), stale);
    assert_eq!(server.rows("account").await, 2);
    let always = Fixture::start(&place, "session.fresh_age = 0").await;
    always.pass_secs(25 * 3600);
    assert_eq!(always.get("/list-sessions", &cookie).await.status, 200);
}

async fn ses_11_no_answer_is_cached(place: Place) {
    let server = Fixture::start(&place, &cache("compact")).await;
    let signed_up = sign_up(&server).await;
    let cookies = signed_up.cookies();
    let mut answers = vec![("sign-up", signed_up), ("sign-in", sign_in(&server).await)];
    for path in
        ["/get-session", "/list-sessions", "/list-accounts", "/get-session?disableCookieCache=1", "/ok", "/nope"]
    {
        answers.push((path, server.get(path, &cookies).await));
        answers.push((path, server.send("GET", path, &[], "").await));
    }
    for path in ["/revoke-session", "/update-session", "/unlink-account", "/revoke-other-sessions", "/revoke-sessions"]
    {
        answers.push((path, server.post_as(path, &cookies, &json!({ "token": "x" })).await));
    }
    for (path, answer) in answers {
        let values: Vec<&str> = answer.headers.all("cache-control").collect();
        assert_eq!(values, ["no-store"], "{path} {}", answer.status);
    }
}

async fn ses_12_ten_thousand_sessions_end(place: Place) {
    let server = Fixture::start(&place, "").await;
    let (signed_up, bob) = (sign_up(&server).await, sign_up_as(&server, "bob@example.com").await);
    many_sessions(&server, &user_id(&signed_up), 10_000).await;
    let answer = server.post_as("/revoke-other-sessions", &signed_up.cookie(), &json!({})).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "status": true })));
    assert_eq!(server.rows("session").await, 2);
    for alive in [&signed_up.cookie(), &bob] {
        assert_ne!(server.get("/get-session", alive).await.text, "null");
    }
    many_sessions(&server, &user_id(&signed_up), 300).await;
    server.post_as("/revoke-sessions", &signed_up.cookie(), &json!({})).await;
    assert_eq!(server.rows("session").await, 1);
}

async fn ses_12_a_session_slides_and_a_browser_session_does_not(place: Place) {
    let server = Fixture::start(&place, "").await;
    let kept = sign_up(&server).await.cookie();
    let short = server.post("/sign-in/email", &with(ada(), "rememberMe", json!(false))).await.cookies();
    for _ in 0..20 {
        server.pass_secs(86_400 - 1);
        server.get("/get-session", &short).await;
        assert_ne!(server.get("/get-session", &kept).await.text, "null");
    }
    assert_eq!(server.get("/get-session", &short).await.text, "null");
    server.pass_secs(604_800);
    assert_eq!(server.get("/get-session", &kept).await.text, "null");
}
