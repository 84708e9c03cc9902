//! Settings that change while the server runs.

use serde_json::{Value as Json, json};

use super::{with_admin, with_role};
use crate::fixture::{Answer, Fixture};
use crate::routes::{ada, sign_in_status, sign_up_as, with};
use crate::store::{Place, on_both};

on_both!(
    a_setting_counts_at_once_and_everywhere,
    what_cannot_be_changes_nothing,
    of_two_who_save_at_once_one_is_told,
    a_secret_is_sealed_and_never_shown,
    who_changed_what_is_in_the_audit_log,
    only_who_may_changes_them,
    a_broken_row_keeps_no_server_from_starting,
    a_provider_is_set_up_without_a_restart,
);

const MAIL: &str = "[mail]\ntransport = \"mailbox\"\nfrom = \"a@example.com\"\n\
                    smtp = { host = \"m\", username = \"a\", password = \"of-the-file\" }\n";

async fn show(server: &Fixture, cookie: &str) -> Json {
    let answer = server.send_to_root("GET", "/api/settings", &[("cookie", cookie)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

fn of<'a>(shown: &'a Json, key: &str) -> &'a Json {
    shown["settings"].as_array().unwrap().iter().find(|setting| setting["key"] == key).unwrap_or(&Json::Null)
}

async fn put(server: &Fixture, cookie: &str, version: i64, changes: Json) -> Answer {
    let headers = [("cookie", cookie), ("origin", "http://localhost:3000"), ("content-type", "application/json")];
    let body = json!({ "version": version, "changes": changes });
    server.send_to_root_with("PUT", "/api/settings", &headers, body.to_string()).await
}

async fn started(place: &Place) -> (Fixture, String) {
    let server = Fixture::start(place, &with_admin("", MAIL)).await;
    let admin = with_role(&server, place, "grace", "admin").await;
    (server, admin)
}

async fn a_setting_counts_at_once_and_everywhere(place: Place) {
    let (server, admin) = started(&place).await;
    let other = Fixture::start(&place, &with_admin("", MAIL)).await;
    let shown = show(&server, &admin).await;
    let name = of(&shown, "app_name");
    assert_eq!(
        (&shown["version"], &name["value"], &name["source"]),
        (&json!(0), &json!("Doorward"), &json!("default"))
    );
    assert_eq!(of(&shown, "mail.from")["source"], "file");
    let changes = json!({
        "app_name": "Acme", "email_and_password.disable_sign_up": true, "session.expires_in": 600,
        "email_and_password.min_password_length": 20,
    });
    let answer = put(&server, &admin, 0, changes).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let shown = answer.json();
    let name = of(&shown, "app_name");
    assert_eq!((&shown["version"], &name["value"], &name["source"]), (&json!(1), &json!("Acme"), &json!("database")));
    assert_eq!((&name["default"], &name["inherited"]), (&json!("Doorward"), &json!("Doorward")));
    assert!(name["updatedBy"].is_string() && name["updatedAt"] == "2026-01-01T00:00:00.000Z", "{name}");
    let refused = server.post("/sign-up/email", &ada()).await;
    assert_eq!(refused.refusal(), "400 EMAIL_PASSWORD_SIGN_UP_DISABLED Email and password sign up is not enabled");
    let facts = server.get("/config", "").await.json();
    assert_eq!((&facts["appName"], &facts["emailAndPassword"]["minPasswordLength"]), (&json!("Acme"), &json!(20)));
    let grace = json!({ "email": "grace@example.com", "password": "correct horse 1" });
    let signed_in = server.post("/sign-in/email", &grace).await;
    assert!(signed_in.headers.get("set-cookie").unwrap().contains("Max-Age=600"), "{:?}", signed_in.headers);
    // Another node learns it when it looks, which it does every two seconds.
    assert_eq!(other.get("/config", "").await.json()["appName"], "Doorward");
    assert!(other.look_for_settings().await);
    assert_eq!(other.get("/config", "").await.json()["appName"], "Acme");
    assert!(!other.look_for_settings().await);
    // A reload keeps it, and so does a start.
    server.reload(&place, &with_admin("", MAIL)).await.unwrap();
    assert_eq!(server.get("/config", "").await.json()["appName"], "Acme");
    let third = Fixture::start(&place, &with_admin("", MAIL)).await;
    assert_eq!(third.get("/config", "").await.json()["appName"], "Acme");
    // Without the value, the one of the file counts again.
    let back = json!({ "app_name": null, "email_and_password.disable_sign_up": null });
    assert_eq!(put(&server, &admin, 1, back).await.status, 200);
    assert_eq!(server.get("/config", "").await.json()["appName"], "Doorward");
    assert_eq!(
        server.post("/sign-up/email", &with(ada(), "password", json!("a much longer password"))).await.status,
        200
    );
}

async fn what_cannot_be_changes_nothing(place: Place) {
    let (server, admin) = started(&place).await;
    for (changes, key, part) in [
        (json!({ "app_name": "" }), "app_name", "must not be empty"),
        (json!({ "app_name": "x".repeat(101) }), "app_name", "must have at most 100 characters"),
        (json!({ "app_name": 5 }), "app_name", "must be a text"),
        (json!({ "session.expires_in": 1 }), "session.expires_in", "from 300 (5 minutes) to 34,560,000 (400 days)"),
        (json!({ "session.expires_in": 600.5 }), "session.expires_in", "a whole number of seconds"),
        (json!({ "email_and_password.disable_sign_up": "yes" }), "email_and_password.disable_sign_up", "true or false"),
        (json!({ "pages.accent": "red-ish" }), "pages.accent", "must be a colour such as #0a66c2"),
        (json!({ "pages.logo": "/etc/passwd" }), "pages.logo", "data:image/"),
        (json!({ "pages.languages": ["en", 5] }), "pages.languages", "a list of at most 20 languages"),
        (json!({ "secret": "0123456789abcdef0123456789abcdef" }), "secret", "no such setting"),
        (json!({ "database.url": "sqlite://x" }), "database.url", "no such setting"),
        (json!({ "mail.smtp.password": { "env": "HOME" } }), "mail.smtp.password", "must be a text"),
        (
            json!({ "plugins.social.providers.github.client_id": "x" }),
            "plugins.social.providers.github.client_id",
            "no such",
        ),
        (
            json!({ "email_and_password.min_password_length": 100, "email_and_password.max_password_length": 50 }),
            "email_and_password.max_password_length",
            "nobody can choose one",
        ),
    ] {
        let with_good = {
            let mut changes = changes.clone();
            changes["session.fresh_age"] = json!(77);
            changes
        };
        let answer = put(&server, &admin, 0, with_good).await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (400, &json!("SETTING_REFUSED")),
            "{changes} {}",
            answer.text
        );
        let text = answer.json()["errors"].to_string();
        assert!(text.contains(key) || text.contains("min_password_length"), "{changes}: {text}");
        assert!(text.contains(part), "{changes}: {text}");
    }
    let shown = show(&server, &admin).await;
    assert_eq!((&shown["version"], &of(&shown, "session.fresh_age")["source"]), (&json!(0), &json!("default")));
    assert_eq!(server.rows("doorward_setting").await, 1, "which plugins were loaded");
    for body in [
        json!({}),
        json!({ "version": 0 }),
        json!({ "version": 0, "changes": {} }),
        json!({ "changes": { "app_name": "A" } }),
    ] {
        let headers =
            [("cookie", admin.as_str()), ("origin", "http://localhost:3000"), ("content-type", "application/json")];
        let answer = server.send_to_root_with("PUT", "/api/settings", &headers, body.to_string()).await;
        assert_eq!(answer.status, 400, "{body}");
    }
}

async fn of_two_who_save_at_once_one_is_told(place: Place) {
    let (server, admin) = started(&place).await;
    let other = Fixture::start(&place, &with_admin("", MAIL)).await;
    let both = tokio::join!(
        put(&server, &admin, 0, json!({ "app_name": "One" })),
        put(&other, &admin, 0, json!({ "app_name": "Two" })),
    );
    let mut answers = [both.0, both.1];
    answers.sort_by_key(|answer| answer.status);
    assert_eq!(answers[0].status, 200, "{}", answers[0].text);
    assert_eq!(answers[1].refusal(), "409 SETTINGS_CHANGED_MEANWHILE Somebody else has changed settings meanwhile");
    assert_eq!(show(&server, &admin).await["version"], 1);
}

async fn a_secret_is_sealed_and_never_shown(place: Place) {
    let (server, admin) = started(&place).await;
    let answer = put(&server, &admin, 0, json!({ "mail.smtp.password": "hush-hush-hush" })).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let shown = answer.json();
    let password = of(&shown, "mail.smtp.password");
    assert_eq!(
        (&password["value"], &password["type"], &password["source"]),
        (&json!("set"), &json!("secret"), &json!("database"))
    );
    assert!(!answer.text.contains("hush") && !answer.text.contains("of-the-file"), "{}", answer.text);
    server.auth().audit.flush().await;
    for model in ["doorward_setting", "doorward_audit"] {
        for row in server.records(model).await {
            let text: String = row.values().iter().map(|value| value.to_json().to_string()).collect();
            assert!(!text.contains("hush"), "{model}: {text}");
        }
    }
}

async fn who_changed_what_is_in_the_audit_log(place: Place) {
    let (server, admin) = started(&place).await;
    let changes = json!({ "app_name": "Acme", "mail.smtp.password": "hush-hush-hush" });
    assert_eq!(put(&server, &admin, 0, changes).await.status, 200);
    assert_eq!(put(&server, &admin, 1, json!({ "app_name": "" })).await.status, 400);
    server.auth().audit.flush().await;
    let path = "/api/audit?event=settings-change";
    let events = server.send_to_root("GET", path, &[("cookie", &admin)]).await.json()["events"].clone();
    let [refused, second, first] = events.as_array().unwrap().as_slice() else { panic!("{events:#}") };
    assert_eq!((&refused["outcome"], &refused["code"]), (&json!("refused"), &json!("SETTING_REFUSED")));
    let details = [&first["details"], &second["details"]];
    assert!(details.contains(&&json!({ "key": "app_name", "from": "Doorward", "to": "Acme" })), "{events:#}");
    assert!(details.contains(&&json!({ "key": "mail.smtp.password", "changed": true })), "{events:#}");
    assert!(first["actor"].is_string() && first["client"] == "127.0.0.1", "{first}");
}

async fn only_who_may_changes_them(place: Place) {
    let (server, admin) = started(&place).await;
    let user = sign_up_as(&server, "ada@example.com").await;
    let changes = || json!({ "app_name": "Acme" });
    assert_eq!(put(&server, "", 0, changes()).await.status, 401);
    assert_eq!(put(&server, &user, 0, changes()).await.status, 403);
    let foreign =
        [("cookie", admin.as_str()), ("origin", "https://evil.example"), ("content-type", "application/json")];
    let body = json!({ "version": 0, "changes": changes() }).to_string();
    let answer = server.send_to_root_with("PUT", "/api/settings", &foreign, body).await;
    assert_eq!(answer.refusal(), "403 INVALID_ORIGIN Invalid origin");
    assert_eq!(server.rows("doorward_setting").await, 1, "which plugins were loaded");
    assert_eq!(sign_in_status(&server, "ada@example.com", "correct horse 1").await, 200);
}

async fn a_broken_row_keeps_no_server_from_starting(place: Place) {
    let (server, admin) = started(&place).await;
    let changes = json!({ "app_name": "Acme", "session.fresh_age": 77, "mail.smtp.password": "hush-hush-hush" });
    assert_eq!(put(&server, &admin, 0, changes).await.status, 200);
    place.sql("update doorward_setting set value = 'nonsense' where \"key\" = 'app_name'").await;
    place.sql("update doorward_setting set \"key\" = 'session.nothing' where \"key\" = 'session.fresh_age'").await;
    place.sql("update doorward_setting set value = '{\"sealed\":\"00\"}' where \"key\" = 'mail.smtp.password'").await;
    let next = Fixture::start(&place, &with_admin("", MAIL)).await;
    assert_eq!(next.get("/config", "").await.json()["appName"], "Doorward");
    let shown = show(&next, &admin).await;
    let mut broken: Vec<&str> =
        shown["faults"].as_array().unwrap().iter().map(|fault| fault["key"].as_str().unwrap()).collect();
    broken.sort_unstable();
    assert_eq!(broken, ["app_name", "mail.smtp.password", "session.nothing"]);
    // They can be mended and removed.
    let mend = json!({ "app_name": "Again", "session.nothing": null, "mail.smtp.password": null });
    let answer = put(&next, &admin, 1, mend).await;
    assert_eq!((answer.status, &answer.json()["faults"]), (200, &json!([])), "{}", answer.text);
}

async fn a_provider_is_set_up_without_a_restart(place: Place) {
    let options = format!("[[plugins]]\nid = \"social\"\n{MAIL}");
    let server = Fixture::start(&place, &with_admin("", &options)).await;
    let admin = with_role(&server, &place, "grace", "admin").await;
    assert_eq!(server.get("/config", "").await.json()["providers"], json!([]));
    let half = put(&server, &admin, 0, json!({ "plugins.social.providers.github.client_secret": "hush-hush" })).await;
    assert_eq!(half.status, 400, "a provider without an id is none: {}", half.text);
    let whole = json!({
        "plugins.social.providers.github.client_id": "an-id",
        "plugins.social.providers.github.client_secret": "hush-hush",
    });
    let answer = put(&server, &admin, 0, whole).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let shown = answer.json();
    assert_eq!(of(&shown, "plugins.social.providers.github.client_id")["value"], "an-id");
    assert_eq!(of(&shown, "plugins.social.providers.github.enabled")["value"], true, "unless somebody says otherwise");
    assert_eq!(of(&shown, "plugins.social.providers.github.client_secret")["value"], "set");
    assert_eq!(server.get("/config", "").await.json()["providers"][0]["id"], "github");
    let begun = server.post("/sign-in/social", &json!({ "provider": "github" })).await.json();
    assert!(begun["url"].as_str().unwrap().contains("client_id=an-id"), "{begun}");
}
