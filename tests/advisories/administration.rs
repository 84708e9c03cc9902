//! Who may change what of a user: administrators with few rights, roles that are none, and fields that a sign-up brings.

use doorward::store::{Models, eq};
use serde_json::{Value as Json, json};

use super::{member, official};
use crate::fixture::Fixture;
use crate::routes::{ada, with};
use crate::store::{Place, on_both};

on_both!(
    cve_2026_134311_without_the_right_nothing_that_signs_in_is_changed,
    an_address_that_an_administrator_changes_is_told,
    cve_2026_134318_a_role_with_a_space_is_no_role,
    cve_2026_134317_105215_96547_a_sign_up_sets_what_is_input_and_nothing_else,
);

async fn give_role(server: &Fixture, email: &str, role: &str) {
    server.store().update("user", &[eq("email", email)], &[("role", role.into())]).await.unwrap();
}

async fn row(server: &Fixture, email: &str) -> Json {
    let user = server.store().find_one("user", &[eq("email", email)]).await.unwrap().unwrap();
    let values = user.model().fields.iter().zip(user.values());
    values
        .filter(|(field, _)| field.name != "updatedAt")
        .map(|(field, value)| (field.name.clone(), value.to_json()))
        .collect()
}

async fn cve_2026_134311_without_the_right_nothing_that_signs_in_is_changed(place: Place) {
    let roles = "roles.support.user = [\"update\", \"get\"]\nroles.admin.user = [\"update\"]\nroles.user.user = []";
    let options = official(&[("admin", roles), ("two-factor", ""), ("username", "")]);
    let plan = "user.additional_fields.plan = { type = \"string\", required = false }\n";
    let server = Fixture::start(&place, &format!("{plan}{options}")).await;
    let cookie = member(&server, "helper").await.cookie();
    let victim = member(&server, "victim").await.json()["user"]["id"].clone();
    give_role(&server, "helper@example.com", "support").await;
    let before = row(&server, "victim@example.com").await;
    let update = async |data: Json| {
        server.post_as("/admin/update-user", &cookie, &json!({ "userId": victim, "data": data })).await
    };
    for (field, value) in [
        ("email", json!("eve@example.com")),
        ("emailVerified", json!(true)),
        ("phoneNumber", json!("+15550100")),
        ("phoneNumberVerified", json!(true)),
        ("username", json!("eve_1")),
        ("twoFactorEnabled", json!(false)),
        ("twoFactorEnabled", json!(true)),
        ("role", json!("admin")),
        ("banned", json!(true)),
        ("banReason", json!("none")),
        ("banExpires", json!("2030-01-01T00:00:00.000Z")),
    ] {
        for data in [json!({ field: value }), json!({ "name": "Eve", field: value })] {
            let answer = update(data).await;
            assert_eq!(answer.status, 403, "{field}: {}", answer.text);
        }
    }
    for field in ["password", "id"] {
        assert_eq!(update(json!({ field: "correct horse 9" })).await.status, 400, "{field}");
    }
    assert_eq!(row(&server, "victim@example.com").await, before);
    assert_eq!(update(json!({ "plan": "paid" })).await.status, 200, "what the application keeps");
    assert_eq!(update(json!({ "name": "Victoria" })).await.status, 200, "what is left is a name");
}

async fn an_address_that_an_administrator_changes_is_told(place: Place) {
    let server = Fixture::start(&place, &official(&[("admin", "")])).await;
    let cookie = member(&server, "boss").await.cookie();
    give_role(&server, "boss@example.com", "admin").await;
    for (name, is_verified) in [("proven", true), ("unproven", false)] {
        let user = member(&server, name).await.json()["user"]["id"].clone();
        let (email, new) = (format!("{name}@example.com"), format!("{name}2@example.com"));
        let verified = [("emailVerified", is_verified.into())];
        server.store().update("user", &[eq("email", email.as_str())], &verified).await.unwrap();
        for email in [&email, &new] {
            let data = json!({ "userId": user, "data": { "email": email } });
            assert_eq!(server.post_as("/admin/update-user", &cookie, &data).await.status, 200);
        }
        let told = server.mails().await.into_iter().filter(|mail| mail.kind == "email-changed" && mail.to == email);
        let told: Vec<String> = told.map(|mail| mail.text).collect();
        assert_eq!(told.len(), usize::from(is_verified), "{told:?}");
        assert!(told.iter().all(|text| text.starts_with("An administrator of ") && !text.contains("http")), "{told:?}");
    }
}

async fn cve_2026_134318_a_role_with_a_space_is_no_role(place: Place) {
    let server = Fixture::start(&place, &official(&[("admin", "")])).await;
    let cookie = member(&server, "boss").await.cookie();
    let victim = member(&server, "victim").await.json()["user"]["id"].clone();
    give_role(&server, "boss@example.com", "admin").await;
    let before = (row(&server, "victim@example.com").await, server.rows("user").await);
    for role in [" admin", "admin ", "\tadmin", "admin\n", "\u{a0}admin", "admin,user", "user, admin", "ADMIN", "", " "]
    {
        for role in [json!(role), json!(["user", role])] {
            let new = json!({ "email": "new@example.com", "name": "New", "password": "correct horse 1", "role": role });
            for (path, body) in [
                ("/admin/set-role", json!({ "userId": victim, "role": role })),
                ("/admin/update-user", json!({ "userId": victim, "data": { "role": role } })),
                ("/admin/create-user", new),
            ] {
                let answer = server.post_as(path, &cookie, &body).await;
                assert_eq!(answer.status, 400, "{path} {role}: {}", answer.text);
            }
        }
    }
    assert_eq!((row(&server, "victim@example.com").await, server.rows("user").await), before);
    let spaced = "default_role = \"user\"\nroles.\" admin\".user = [\"list\"]\nroles.user.user = []";
    assert!(Fixture::try_start(&place, &official(&[("admin", spaced)])).await.is_err(), "nor one of the operator's");
}

async fn cve_2026_134317_105215_96547_a_sign_up_sets_what_is_input_and_nothing_else(place: Place) {
    let fields = "user.additional_fields.plan = { type = \"string\", required = false }\n\
                  user.additional_fields.credit = { type = \"number\", required = false, input = false }\n";
    let plugins =
        [("admin", ""), ("two-factor", ""), ("username", ""), ("last-login-method", "store_in_database = true")];
    let server = Fixture::start(&place, &format!("{fields}{}", official(&plugins))).await;
    member(&server, "plain").await;
    let plain = row(&server, "plain@example.com").await;
    let foreign = [
        ("role", json!("admin")),
        ("banned", json!(true)),
        ("banExpires", json!("2030-01-01T00:00:00.000Z")),
        ("twoFactorEnabled", json!(true)),
        ("lastLoginMethod", json!("passkey")),
        ("credit", json!(9)),
        ("emailVerified", json!(true)),
        ("id", json!("chosen")),
        ("createdAt", json!("2000-01-01T00:00:00.000Z")),
    ];
    for (number, (field, value)) in foreign.iter().enumerate() {
        let email = format!("eve{number}@example.com");
        let body = with(with(ada(), "email", json!(email)), field, value.clone());
        let answer = server.post("/sign-up/email", &body).await;
        assert!(matches!(answer.status, 200 | 400), "{field}: {}", answer.text);
        if answer.status == 200 {
            assert_ne!(row(&server, &email).await[field], *value, "{field}");
            if *field != "id" && *field != "createdAt" {
                assert_eq!(row(&server, &email).await[field], plain[field], "{field}");
            }
        } else {
            assert!(server.store().find_one("user", &[eq("email", email)]).await.unwrap().is_none(), "{field}");
        }
    }
    let nested = json!({ "role": "admin", "user": { "role": "admin" }, "emailVerified": true });
    let body = with(with(with(ada(), "email", json!("nested@example.com")), "data", nested.clone()), "user", nested);
    server.post("/sign-up/email", &body).await;
    let seen = row(&server, "nested@example.com").await;
    assert_eq!((&seen["role"], &seen["emailVerified"]), (&plain["role"], &plain["emailVerified"]));
    let input =
        with(with(with(ada(), "email", json!("input@example.com")), "plan", json!("pro")), "username", json!("ada_1"));
    assert_eq!(server.post("/sign-up/email", &input).await.status, 200);
    let seen = row(&server, "input@example.com").await;
    assert_eq!((&seen["plan"], &seen["username"]), (&json!("pro"), &json!("ada_1")), "what is input is stored");
}
