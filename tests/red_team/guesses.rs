//! Guesses at passwords: of strangers, of known devices and inside sessions, each with a budget of its own.

use doorward::auth::user_change;
use serde_json::json;

use super::credentials::{Change, user};
use super::{JSON, OWN_ORIGIN, credentials};
use crate::fixture::{Answer, Fixture};
use crate::routes::{sign_in_status, sign_up};
use crate::store::{Place, on_both};

on_both!(
    a_known_device_falls_with_every_change,
    guesses_of_a_known_device_are_counted,
    guesses_in_a_session_are_counted,
);

/// The cookie that marks a device.
fn mark(answer: &Answer) -> String {
    let set = answer.headers.all("set-cookie").filter_map(|line| line.split(';').next());
    set.filter(|line| line.starts_with("better-auth.known_device=")).last().unwrap().to_owned()
}

/// A guess from an address of its own.
async fn guess(server: &Fixture, number: usize, password: &str, cookie: &str) -> u16 {
    let address = format!("10.{}.{}.1", number / 250, number % 250);
    let headers = [JSON, OWN_ORIGIN, ("x-forwarded-for", address.as_str()), ("cookie", cookie)];
    server.send("POST", "/sign-in/email", &headers, credentials(password).to_string()).await.status
}

/// Strangers use up the account's budget.
async fn lock_out(server: &Fixture, numbers: std::ops::Range<usize>) {
    for number in numbers {
        guess(server, number, "wrong horse 1", "").await;
    }
}

const LIMITED: &str = "advanced.ip_address.trusted_proxies = [\"127.0.0.1\"]";

async fn a_known_device_falls_with_every_change(place: Place) {
    let server = Fixture::start_limited(&place, LIMITED).await;
    sign_up(&server).await;
    let user = user(&server).await;
    let known = mark(&server.post("/sign-in/email", &credentials("correct horse 1")).await);
    lock_out(&server, 0..25).await;
    assert_eq!(guess(&server, 100, "correct horse 1", &known).await, 200, "nothing has changed");
    lock_out(&server, 200..225).await;
    Change::AddressThereAndBack.make(&server, &user, "").await;
    assert_eq!(guess(&server, 300, "correct horse 1", &known).await, 429);
    server.pass_secs(900);
    let fresh = mark(&server.post("/sign-in/email", &credentials("correct horse 1")).await);
    lock_out(&server, 400..425).await;
    Change::LinkedAccount.make(&server, &user, "").await;
    assert_eq!(guess(&server, 500, "correct horse 1", &fresh).await, 429);
}

async fn guesses_of_a_known_device_are_counted(place: Place) {
    let server = Fixture::start_limited(&place, LIMITED).await;
    sign_up(&server).await;
    let first = mark(&server.post("/sign-in/email", &credentials("correct horse 1")).await);
    server.pass_secs(60);
    let second = mark(&server.post("/sign-in/email", &credentials("correct horse 1")).await);
    let mut seen = Vec::new();
    for number in 0..60 {
        seen.push(guess(&server, number, "wrong horse 1", &first).await);
    }
    // Its own twenty, then the twenty of strangers.
    assert_eq!(seen.iter().filter(|status| **status == 401).count(), 40, "{seen:?}");
    assert!(seen[40..].iter().all(|status| *status == 429), "{seen:?}");
    assert_eq!(guess(&server, 100, "correct horse 1", &first).await, 429);
    assert_eq!(guess(&server, 101, "correct horse 1", &second).await, 200, "another device has a budget of its own");
}

async fn guesses_in_a_session_are_counted(place: Place) {
    for options in [LIMITED.to_owned(), format!("{LIMITED}\nrate_limit.storage = \"database\"")] {
        let server = Fixture::start_limited(&place, &format!("{options}\nuser.delete_user.enabled = true")).await;
        for user in server.records("user").await {
            user_change::delete(server.auth(), &server.scope(), user.text("id")).await.unwrap();
        }
        server.pass_secs(3600);
        let cookie = sign_up(&server).await.cookie();
        let new = json!({ "currentPassword": "wrong horse 1", "newPassword": "correct horse 2" });
        let ways = [
            ("/verify-password", json!({ "password": "wrong horse 1" })),
            ("/change-password", new),
            ("/delete-user", json!({ "password": "wrong horse 1" })),
        ];
        let mut seen = Vec::new();
        for number in 0..60 {
            let address = format!("10.1.{number}.1");
            let (path, body) = &ways[number % 3];
            let headers = [JSON, OWN_ORIGIN, ("x-forwarded-for", address.as_str()), ("cookie", cookie.as_str())];
            seen.push(server.send("POST", path, &headers, body.to_string()).await.status);
        }
        assert_eq!(seen.iter().filter(|status| **status == 400).count(), 20, "{seen:?}");
        assert!(seen[20..].iter().all(|status| *status == 429), "{seen:?}");
        let right = json!({ "password": "correct horse 1" });
        assert_eq!(server.post_as("/verify-password", &cookie, &right).await.status, 429);
        server.pass_secs(900);
        assert_eq!(server.post_as("/verify-password", &cookie, &right).await.status, 200);
        assert_eq!(sign_in_status(&server, "ada@example.com", "correct horse 1").await, 200, "a budget of its own");
    }
}
