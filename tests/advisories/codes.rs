//! Second factors and mailed codes: nothing leaves before them, and a code is good once, for one user, a few guesses long.

use futures_util::future::join_all;
use serde_json::json;

use super::{challenged, mailed_code, member, official, sign_in_as};
use crate::fixture::Fixture;
use crate::routes::{ada, sign_up, with};
use crate::store::{Place, on_both};

on_both!(
    ghsa_4qvm_a_challenged_sign_in_carries_no_token,
    cve_2026_105207_without_a_first_factor_there_is_no_second,
    cve_2026_105211_no_secret_of_a_mail_is_in_an_answer,
    cve_2026_49448_an_empty_answer_passes_no_step,
    cve_2026_28513_a_code_must_be_of_its_user_and_in_time,
    cve_2026_134314_guesses_at_a_code_are_counted_in_a_race,
    cve_2026_134314_an_address_is_found_by_its_own_letters,
    supabase_2_193_1_of_twenty_who_use_a_code_one_is_signed_in,
);

const TWO_FACTOR: [(&str, &str); 1] = [("two-factor", "")];
const VERIFIERS: [&str; 3] = ["/two-factor/verify-totp", "/two-factor/verify-otp", "/two-factor/verify-backup-code"];

async fn ghsa_4qvm_a_challenged_sign_in_carries_no_token(place: Place) {
    for cache in ["", "session.cookie_cache = { enabled = true }\n"] {
        let plugins = official(&[("bearer", ""), ("jwt", ""), ("two-factor", ""), ("multi-session", "")]);
        let server = Fixture::start(&place, &format!("{cache}{plugins}")).await;
        let name = if cache.is_empty() { "plain" } else { "cached" };
        challenged(&server, name).await;
        let sessions = server.rows("session").await;
        let answer = sign_in_as(&server, name).await;
        let mut cookies = answer.cookies();
        for header in ["set-auth-token", "set-auth-jwt"] {
            assert_eq!(answer.headers.get(header), None, "{header}");
        }
        assert!(!cookies.contains("session_token") && !cookies.contains("session_data"), "{cookies}");
        assert_eq!(answer.json().get("token").filter(|token| !token.is_null()), None, "{}", answer.text);
        let looked = server.get("/get-session", &cookies).await;
        assert_eq!((looked.text.as_str(), looked.headers.get("set-auth-jwt")), ("null", None));
        assert_eq!(server.get("/token", &cookies).await.status, 401);
        assert_eq!(server.rows("session").await, sessions);
        let code = mailed_code(&server, &cookies).await;
        let passed = server.post_as("/two-factor/verify-otp", &cookies, &json!({ "code": code })).await;
        assert!(passed.headers.get("set-auth-token").is_some(), "afterwards it does: {}", passed.text);
        cookies = passed.cookies();
        assert!(server.get("/get-session", &cookies).await.headers.get("set-auth-jwt").is_some());
    }
}

async fn cve_2026_105207_without_a_first_factor_there_is_no_second(place: Place) {
    let social = "providers.wire = { client_id = \"id\", client_secret = \"secret\", \
                  authorization_url = \"https://idp.example/a\", token_url = \"https://idp.example/t\" }";
    let plugins = [("two-factor", ""), ("passkey", ""), ("social", social), ("multi-session", "")];
    let server = Fixture::start(&place, &official(&plugins)).await;
    let cookies = challenged(&server, "victim").await;
    let code = mailed_code(&server, &cookies).await;
    let before = server.counts().await;
    for path in VERIFIERS.iter().chain(&["/two-factor/send-otp"]) {
        for cookie in ["", "better-auth.two_factor=x", "better-auth.two_factor=2fa-victim.x"] {
            let answer = server.post_as(path, cookie, &json!({ "code": code })).await;
            assert_eq!(answer.status, 401, "{path} {cookie}: {}", answer.text);
        }
    }
    // Half a sign-in adds no way to sign in, and changes nothing.
    let link = json!({ "provider": "wire", "callbackURL": "/" });
    let password = json!({ "password": ada()["password"], "newPassword": "correct horse 9", "currentPassword": ada()["password"] });
    for (path, body) in [
        ("/link-social", link),
        ("/passkey/verify-registration", json!({ "response": {} })),
        ("/change-password", password.clone()),
        ("/two-factor/disable", password.clone()),
        ("/two-factor/enable", password.clone()),
        ("/two-factor/generate-backup-codes", password.clone()),
        ("/two-factor/get-totp-uri", password),
        ("/update-user", json!({ "name": "Eve" })),
        ("/delete-user", json!({})),
    ] {
        let answer = server.post_as(path, &cookies, &body).await;
        assert_eq!(answer.status, 401, "{path}: {}", answer.text);
    }
    for path in ["/passkey/generate-register-options", "/list-sessions", "/list-accounts"] {
        assert_eq!(server.get(path, &cookies).await.status, 401, "{path}");
    }
    assert_eq!(server.counts().await, before);
    let passed = server.post_as("/two-factor/verify-otp", &cookies, &json!({ "code": code })).await;
    assert_eq!(passed.status, 200, "both factors sign in: {}", passed.text);
}

async fn cve_2026_105211_no_secret_of_a_mail_is_in_an_answer(place: Place) {
    let options = "user.change_email = { enabled = true, send_change_email_confirmation = true }\n\
                   user.delete_user = { enabled = true, send_delete_account_verification = true }\n";
    let plugins = official(&[("two-factor", ""), ("magic-link", ""), ("username", "")]);
    let server = Fixture::start(&place, &format!("{options}{plugins}")).await;
    let cookie = sign_up(&server).await.cookie();
    let waiting = challenged(&server, "bob").await;
    let own = json!({ "email": "ada@example.com" });
    let mut mails = server.mails().await.len();
    for (path, cookie, body) in [
        ("/request-password-reset", "", own.clone()),
        ("/send-verification-email", "", own.clone()),
        ("/sign-in/magic-link", "", own),
        ("/change-email", &cookie, json!({ "newEmail": "new@example.com" })),
        ("/two-factor/send-otp", &waiting, json!({})),
        ("/delete-user", &cookie, json!({})),
    ] {
        let answer = server.post_as(path, cookie, &body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        let sent = server.mails().await;
        assert!(sent.len() > mails, "{path} sends a mail");
        for mail in &sent[..sent.len() - mails] {
            let secrets = ["token", "otp", "url"].iter().filter_map(|name| mail.data.get(*name)?.as_str());
            let secrets: Vec<&str> = secrets.filter(|secret| !secret.is_empty()).collect();
            assert!(!secrets.is_empty(), "{path}: {}", mail.kind);
            for secret in secrets {
                let header = answer.headers.iter().find(|(_, value)| value.contains(secret));
                assert!(!answer.text.contains(secret) && header.is_none(), "{path}: {} {header:?}", answer.text);
            }
        }
        mails = sent.len();
    }
}

async fn cve_2026_49448_an_empty_answer_passes_no_step(place: Place) {
    let plugins = [("two-factor", ""), ("passkey", ""), ("magic-link", ""), ("username", "")];
    let server = Fixture::start(&place, &official(&plugins)).await;
    let waiting = challenged(&server, "victim").await;
    mailed_code(&server, &waiting).await;
    let signed_in = member(&server, "owner").await.cookies();
    let before = (server.counts().await, server.records("account").await);
    let waits = VERIFIERS.map(|path| (path, waiting.as_str()));
    let others = ["/passkey/verify-authentication", "/sign-in/email", "/sign-in/username", "/reset-password"];
    let owned = ["/change-password", "/verify-password", "/two-factor/enable", "/two-factor/disable", "/set-password"];
    let others = others.map(|path| (path, ""));
    let owned = owned.map(|path| (path, signed_in.as_str()));
    for (path, cookie) in waits.into_iter().chain(others).chain(owned) {
        let bodies = [
            "",
            "{}",
            "[]",
            "null",
            "\"\"",
            "{\"code\":\"\"}",
            "{\"code\":null}",
            "{\"code\":[]}",
            "{\"password\":\"\"}",
        ];
        for body in bodies {
            for kind in ["application/json", "application/x-www-form-urlencoded", ""] {
                let headers = [("origin", "http://localhost:3000"), ("cookie", cookie), ("content-type", kind)];
                let headers = if kind.is_empty() { &headers[..2] } else { &headers[..] };
                let answer = server.send("POST", path, headers, body).await;
                assert!((400..500).contains(&answer.status), "{path} {body} {kind}: {} {}", answer.status, answer.text);
            }
        }
    }
    for path in ["/magic-link/verify", "/magic-link/verify?token=", "/verify-email", "/verify-email?token="] {
        let answer = server.get(path, "").await;
        assert!(matches!(answer.status, 302 | 400..500), "{path}: {}", answer.text);
        assert!(!answer.cookies().contains("session_token"), "{path}");
    }
    assert_eq!((server.counts().await, server.records("account").await), before);
}

async fn cve_2026_28513_a_code_must_be_of_its_user_and_in_time(place: Place) {
    let server = Fixture::start(&place, &official(&TWO_FACTOR)).await;
    let (ada, eve) = (challenged(&server, "ada").await, challenged(&server, "eve").await);
    let code = mailed_code(&server, &ada).await;
    let mut own = mailed_code(&server, &eve).await;
    while own == code {
        own = mailed_code(&server, &eve).await;
    }
    let verify = async |cookies: &str, code: &str| {
        server.post_as("/two-factor/verify-otp", cookies, &json!({ "code": code })).await.status
    };
    let sessions = server.rows("session").await;
    assert_eq!(verify(&eve, &code).await, 401, "in time, of somebody else");
    server.pass_secs(181);
    assert_eq!(verify(&ada, &code).await, 400, "of its user, too late");
    assert_eq!(verify(&eve, &code).await, 400, "neither");
    assert_eq!(server.rows("session").await, sessions);
    let code = mailed_code(&server, &ada).await;
    assert_eq!(verify(&ada, &code).await, 200, "both");
}

async fn cve_2026_134314_guesses_at_a_code_are_counted_in_a_race(place: Place) {
    let server = Fixture::start(&place, &official(&TWO_FACTOR)).await;
    let cookies = challenged(&server, "victim").await;
    let code = mailed_code(&server, &cookies).await;
    let sessions = server.rows("session").await;
    let guesses = (0..60).map(|number| format!("{number:06}")).filter(|guess| *guess != code);
    let asked = guesses.map(|guess| {
        let (server, cookies) = (&server, &cookies);
        async move {
            let answer = server.post_as("/two-factor/verify-otp", cookies, &json!({ "code": guess })).await;
            answer.json()["code"].as_str().unwrap_or_default().to_owned()
        }
    });
    let answers = join_all(asked).await;
    let evaluated = answers.iter().filter(|code| *code == "INVALID_CODE").count();
    assert!((1..=5).contains(&evaluated), "{answers:?}");
    let late = server.post_as("/two-factor/verify-otp", &cookies, &json!({ "code": code })).await;
    assert_ne!(late.status, 200, "the right one comes too late: {}", late.text);
    assert_eq!(server.rows("session").await, sessions);
}

async fn cve_2026_134314_an_address_is_found_by_its_own_letters(place: Place) {
    let server = Fixture::start(&place, &official(&[("magic-link", "disable_sign_up = true"), ("username", "")])).await;
    let body = with(with(ada(), "email", json!("eke@example.com")), "username", json!("eke_1"));
    assert_eq!(server.post("/sign-up/email", &body).await.status, 200);
    let mails = server.mails().await.len();
    let sessions = server.rows("session").await;
    // Accents, full width, the sign of kelvin and dotless letters.
    for near in ["éke", "e\u{301}ke", "ｅke", "e\u{212a}e", "eke\u{200b}", "ek\u{435}", "eke%", "e_e", "eke\u{0}"] {
        let email = format!("{near}@example.com");
        let sign_in = json!({ "email": email, "password": body["password"] });
        let by_name = json!({ "username": format!("{near}_1"), "password": body["password"] });
        for (path, body) in [
            ("/sign-in/email", sign_in),
            ("/sign-in/username", by_name),
            ("/request-password-reset", json!({ "email": email })),
            ("/sign-in/magic-link", json!({ "email": email })),
            ("/send-verification-email", json!({ "email": email })),
        ] {
            let answer = server.post(path, &body).await;
            assert!(
                answer.status < 500 && !answer.cookies().contains("session_token"),
                "{path} {near}: {}",
                answer.text
            );
        }
    }
    let to_others: Vec<String> = server.mails().await.iter().map(|mail| mail.to.clone()).collect();
    let to_others = to_others[..to_others.len() - mails].iter().filter(|to| *to == "eke@example.com").count();
    assert_eq!((to_others, server.rows("session").await), (0, sessions));
    assert_eq!(server.post("/sign-in/email", &with(body, "email", json!("EKE@example.com"))).await.status, 200);
}

async fn supabase_2_193_1_of_twenty_who_use_a_code_one_is_signed_in(place: Place) {
    let server = Fixture::start(&place, &official(&[("two-factor", ""), ("magic-link", "")])).await;
    let cookies = challenged(&server, "victim").await;
    let code = mailed_code(&server, &cookies).await;
    let sessions = server.rows("session").await;
    let body = json!({ "code": code });
    let answers = join_all((0..20).map(|_| server.post_as("/two-factor/verify-otp", &cookies, &body))).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(server.rows("session").await, sessions + 1);

    server.post("/sign-in/magic-link", &json!({ "email": "linked@example.com" })).await;
    let mail = server.mail("magic-link").await;
    let sessions = server.rows("session").await;
    let answers = join_all((0..20).map(|_| server.follow(&mail, ""))).await;
    let signed_in = answers.iter().filter(|answer| answer.cookies().contains("session_token")).count();
    assert_eq!((signed_in, server.rows("session").await), (1, sessions + 1));
}
