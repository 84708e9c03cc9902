//! RL-1 to RL-8 and RACE-7: limits that cannot be dodged by spelling, spoofing, racing or flooding.

use doorward_contract::RateLimit;
use futures_util::future::join_all;
use serde_json::json;

use super::{JSON, OWN_ORIGIN, address, credentials, guess};
use crate::fixture::Fixture;
use crate::routes::{ada, sign_up};
use crate::store::{Place, on_both};

on_both!(
    rl_1_spellings_of_one_address_share_a_bucket,
    rl_1_a_network_of_ipv6_addresses_is_one_client,
    rl_2_a_spoofed_hop_never_changes_the_bucket,
    rl_3_without_an_address_all_share_one_bucket,
    rl_4_no_spelling_of_the_path_gets_around_the_limit,
    rl_5_guesses_from_many_addresses_trip_the_account,
    rl_5_the_owners_known_device_is_never_locked_out,
    rl_5_an_account_that_is_not_there_looks_the_same,
    rl_6_a_success_does_not_reset_the_address,
    rl_6_the_boundary_is_exact,
    rl_7_each_path_has_its_window,
    rl_7_a_mailbox_is_not_flooded,
    rl_8_keys_are_bounded_in_number_and_size,
    race_7_exactly_three_of_many_guesses_are_evaluated,
    race_7_two_processes_count_together,
);

const BEHIND_PROXY: &str = "advanced.ip_address.trusted_proxies = [\"127.0.0.1\"]";

async fn statuses(server: &Fixture, forwarded: impl IntoIterator<Item = String>) -> Vec<u16> {
    let mut statuses = Vec::new();
    for address in forwarded {
        statuses.push(guess(server, &[("x-forwarded-for", &address)]).await.status);
    }
    statuses
}

fn three_then_limited(statuses: &[u16]) -> bool {
    statuses.iter().enumerate().all(|(index, status)| *status == if index < 3 { 401 } else { 429 })
}

async fn rl_1_spellings_of_one_address_share_a_bucket(place: Place) {
    let server = Fixture::start_limited(&place, BEHIND_PROXY).await;
    let spellings = ["1.2.3.4", "::ffff:1.2.3.4", "::ffff:0102:0304", "::FFFF:1.2.3.4", "0:0:0:0:0:ffff:102:304"];
    let seen = statuses(&server, spellings.map(str::to_owned)).await;
    assert!(three_then_limited(&seen), "{seen:?}");
    assert_eq!(guess(&server, &[("x-forwarded-for", "1.2.3.5")]).await.status, 401);
}

async fn rl_1_a_network_of_ipv6_addresses_is_one_client(place: Place) {
    let server = Fixture::start_limited(&place, BEHIND_PROXY).await;
    let seen = statuses(&server, (0..200).map(|host| format!("2001:DB8:1:2:{host:x}::{host:x}"))).await;
    assert!(three_then_limited(&seen), "{seen:?}");
    assert_eq!(guess(&server, &[("x-forwarded-for", "2001:db8:1:3::1")]).await.status, 401);
    let limited = guess(&server, &[("x-forwarded-for", "2001:db8:1:2::9")]).await;
    assert_eq!(limited.headers.get("x-retry-after"), Some("10"));
}

async fn rl_2_a_spoofed_hop_never_changes_the_bucket(place: Place) {
    let server = Fixture::start_limited(&place, "").await;
    let mut seen = Vec::new();
    for number in 0..8 {
        let spoofed = format!("198.51.100.{number}");
        let names = ["x-forwarded-for", "x-real-ip", "cf-connecting-ip", "x-client-ip", "true-client-ip"];
        let forwarded = format!("for={spoofed}");
        let mut headers: Vec<(&str, &str)> = names.iter().map(|name| (*name, spoofed.as_str())).collect();
        headers.push(("forwarded", &forwarded));
        seen.push(guess(&server, &headers).await.status);
    }
    assert!(three_then_limited(&seen), "{seen:?}");
}

async fn rl_3_without_an_address_all_share_one_bucket(place: Place) {
    let server = Fixture::start_limited(&place, "advanced.ip_address.source = \"header\"").await;
    let forwarded = ["", "nonsense", "1.1.1.1, 2.2.2.2", "999.1.1.1", "fe80::1%eth0", "-"];
    let seen = statuses(&server, forwarded.map(str::to_owned)).await;
    assert!(three_then_limited(&seen), "{seen:?}");
    // Behind a proxy, the hop that the proxy saw counts, whatever the client wrote before it.
    let behind = Fixture::start_limited(&place, BEHIND_PROXY).await;
    let chains = (0..8).map(|number| format!("1.1.1.{number}, 203.0.113.9"));
    let seen = statuses(&behind, chains).await;
    assert!(three_then_limited(&seen), "{seen:?}");
    let split = [("x-forwarded-for", "9.9.9.9"), ("x-forwarded-for", "203.0.113.9")];
    assert_eq!(guess(&behind, &split).await.status, 429);
}

async fn rl_4_no_spelling_of_the_path_gets_around_the_limit(place: Place) {
    let server = Fixture::start_limited(&place, "").await;
    sign_up(&server).await;
    for _ in 0..3 {
        guess(&server, &[]).await;
    }
    let headers = [JSON, OWN_ORIGIN, ("x-http-method-override", "POST"), ("x-original-url", "/sign-in/email")];
    for path in [
        "//sign-in/email",
        "/sign-in//email",
        "/./sign-in/email",
        "/x/../sign-in/email",
        "/sign-in%2femail",
        "/%73ign-in/email",
        "/sign-in/email;a=b",
        "/sign-in/email/",
        "/SIGN-IN/email",
        "/sign-in/email?x",
        "/sign-in/email%00",
    ] {
        for method in ["POST", "GET", "HEAD", "PUT"] {
            let answer = server.send(method, path, &headers, credentials("correct horse 1").to_string()).await;
            assert!(matches!(answer.status, 404 | 405 | 429), "{method} {path}: {}", answer.status);
            assert!(answer.headers.get("set-cookie").is_none());
        }
    }
}

/// A sign-in from one of many addresses.
async fn sign_in_from(server: &Fixture, number: usize, email: &str, password: &str, cookie: &str) -> u16 {
    let address = format!("10.{}.{}.1", number / 250, number % 250);
    let headers = [JSON, OWN_ORIGIN, ("x-forwarded-for", address.as_str()), ("cookie", cookie)];
    let body = json!({ "email": email, "password": password }).to_string();
    server.send("POST", "/sign-in/email", &headers, body).await.status
}

async fn rl_5_guesses_from_many_addresses_trip_the_account(place: Place) {
    let server = Fixture::start_limited(&place, BEHIND_PROXY).await;
    sign_up(&server).await;
    let spellings = ["ada@example.com", "ADA@example.com", "Ada@Example.COM"];
    let mut seen = Vec::new();
    for number in 0..60 {
        seen.push(sign_in_from(&server, number, spellings[number % 3], "wrong horse 1", "").await);
    }
    assert_eq!(seen.iter().filter(|status| **status == 401).count(), 20, "{seen:?}");
    assert!(seen[20..].iter().all(|status| *status == 429), "{seen:?}");
    assert_eq!(sign_in_from(&server, 500, "ada@example.com", "correct horse 1", "").await, 429);
    assert_eq!(sign_in_from(&server, 501, "bob@example.com", "wrong horse 1", "").await, 401);
    server.pass_secs(900);
    assert_eq!(sign_in_from(&server, 502, "ada@example.com", "correct horse 1", "").await, 200);
}

async fn rl_5_the_owners_known_device_is_never_locked_out(place: Place) {
    let server = Fixture::start_limited(&place, BEHIND_PROXY).await;
    let signed_up = sign_up(&server).await;
    let signed_in = server.post("/sign-in/email", &credentials("correct horse 1")).await;
    let cookies: Vec<&str> = signed_in.headers.all("set-cookie").filter_map(|line| line.split(';').next()).collect();
    let known = *cookies.iter().find(|cookie| cookie.starts_with("better-auth.known_device=")).unwrap();
    for number in 0..30 {
        sign_in_from(&server, number, "ada@example.com", "wrong horse 1", "").await;
    }
    assert_eq!(sign_in_from(&server, 100, "ada@example.com", "correct horse 1", "").await, 429);
    let forged = known.replacen("known_device=", "known_device=x", 1);
    let session_as_device = signed_up.cookie().replacen("session_token", "known_device", 1);
    for no_proof in [forged, session_as_device] {
        assert_eq!(sign_in_from(&server, 101, "ada@example.com", "correct horse 1", &no_proof).await, 429);
    }
    assert_eq!(sign_in_from(&server, 102, "ada@example.com", "correct horse 1", &signed_up.cookie()).await, 200);
    for number in 0..30 {
        sign_in_from(&server, 200 + number, "ada@example.com", "wrong horse 1", "").await;
    }
    assert_eq!(sign_in_from(&server, 103, "ada@example.com", "correct horse 1", known).await, 200);
}

async fn rl_5_an_account_that_is_not_there_looks_the_same(place: Place) {
    let server = Fixture::start_limited(&place, BEHIND_PROXY).await;
    sign_up(&server).await;
    let mut seen = [Vec::new(), Vec::new()];
    for number in 0..25 {
        for (list, email) in seen.iter_mut().zip(["ada@example.com", "nobody@example.com"]) {
            list.push(sign_in_from(&server, number, email, "wrong horse 1", "").await);
        }
    }
    assert_eq!(seen[0], seen[1]);
    assert!(seen[0].contains(&429));
}

async fn rl_6_a_success_does_not_reset_the_address(place: Place) {
    let server = Fixture::start_limited(&place, "").await;
    sign_up(&server).await;
    assert_eq!([guess(&server, &[]).await.status, guess(&server, &[]).await.status], [401, 401]);
    assert_eq!(server.post("/sign-in/email", &credentials("correct horse 1")).await.status, 200);
    assert_eq!(guess(&server, &[]).await.status, 429);
}

async fn rl_6_the_boundary_is_exact(place: Place) {
    for storage in ["memory", "database"] {
        for max in [1, 10, 101] {
            let options = format!(
                "rate_limit.storage = \"{storage}\"\nrate_limit.custom_rules.\"/ok\" = {{ window = {max}, max = {max} }}"
            );
            let server = Fixture::start_limited(&place, &options).await;
            server.pass_secs(max * 1000);
            for number in 0..max {
                assert_eq!(server.get("/ok", "").await.status, 200, "{storage} {max} {number}");
            }
            assert_eq!(server.get("/ok", "").await.status, 429, "{storage} {max}");
            server.pass_secs(max - 1);
            assert_eq!(server.get("/ok", "").await.status, 429, "{storage} {max}");
            server.pass_secs(1);
            assert_eq!(server.get("/ok", "").await.status, 200, "{storage} {max}");
        }
    }
}

async fn rl_7_each_path_has_its_window(place: Place) {
    let server = Fixture::start_limited(&place, "").await;
    for (path, max, window) in [
        ("/sign-in/email", 3, 10),
        ("/sign-up/email", 3, 10),
        ("/change-password", 3, 10),
        ("/change-email", 3, 10),
        ("/request-password-reset", 3, 60),
        ("/send-verification-email", 3, 60),
        ("/update-user", 100, 10),
    ] {
        for _ in 0..max {
            assert_ne!(server.post(path, &json!({})).await.status, 429, "{path}");
        }
        let limited = server.post(path, &json!({})).await;
        assert_eq!(
            (limited.status, limited.json()),
            (429, json!({ "message": "Too many requests. Please try again later." }))
        );
        assert_eq!(limited.headers.get("x-retry-after"), Some(window.to_string().as_str()), "{path}");
        server.pass_secs(window - 1);
        assert_eq!(server.post(path, &json!({})).await.status, 429, "{path}");
        server.pass_secs(1);
        assert_ne!(server.post(path, &json!({})).await.status, 429, "{path}");
    }
}

async fn rl_8_keys_are_bounded_in_number_and_size(place: Place) {
    let server = Fixture::start_limited(&place, "rate_limit.storage = \"database\"").await;
    let long = format!("/{}", "x".repeat(60_000));
    server.get(&long, "").await;
    server.get(&format!("{long}y"), "").await;
    let keys: Vec<usize> = server.records("rateLimit").await.iter().map(|row| row.text("key").len()).collect();
    assert!(keys.len() == 2 && keys.iter().all(|length| *length < 256), "{keys:?}");
    // Rows that no longer count are left to the sweeper: `leftovers.rs`.
    let memory = Fixture::start_limited(&place, "").await;
    let (auth, limit) = (memory.auth(), RateLimit { window_secs: 10, max: 3 });
    let take = |key: String| auth.rate_counts.take(auth, &*auth.store, key, limit);
    for _ in 0..3 {
        assert_eq!(take("offender".into()).await.unwrap(), None);
    }
    for number in 0..300_000 {
        take(format!("flood {number}")).await.unwrap();
    }
    assert_eq!(take("offender".into()).await.unwrap(), Some(10));
}

async fn count_evaluated(servers: &[&Fixture], guesses: usize) -> usize {
    let race = (0..guesses).map(|number| guess(servers[number % servers.len()], &[]));
    let statuses: Vec<u16> = join_all(race).await.iter().map(|answer| answer.status).collect();
    assert!(statuses.iter().all(|status| [401, 429].contains(status)), "{statuses:?}");
    statuses.iter().filter(|status| **status == 401).count()
}

async fn race_7_exactly_three_of_many_guesses_are_evaluated(place: Place) {
    for storage in ["memory", "database"] {
        let server = Fixture::start_limited(&place, &format!("rate_limit.storage = \"{storage}\"")).await;
        server.pass_secs(if storage == "memory" { 0 } else { 3600 });
        server.post("/sign-up/email", &ada()).await;
        assert_eq!(count_evaluated(&[&server], 200).await, 3, "a fresh key in {storage}");
        server.pass_secs(10);
        assert_eq!(guess(&server, &[]).await.status, 401);
        server.pass_secs(5);
        assert_eq!(count_evaluated(&[&server], 200).await, 2, "in mid-window in {storage}");
    }
}

async fn race_7_two_processes_count_together(place: Place) {
    let options = "rate_limit.storage = \"database\"";
    let (one, other) = (Fixture::start_limited(&place, options).await, Fixture::start_limited(&place, options).await);
    assert_eq!(count_evaluated(&[&one, &other], 200).await, 3);
    // What one counted, the other finds: the account's limit too.
    one.pass_secs(10);
    other.pass_secs(10);
    assert_eq!(count_evaluated(&[&other], 20).await, 3);
}

async fn rl_7_a_mailbox_is_not_flooded(place: Place) {
    for storage in ["memory", "database"] {
        let options = format!("{BEHIND_PROXY}\nmail.transport = \"mailbox\"\nrate_limit.storage = \"{storage}\"");
        let server = Fixture::start_limited(&place, &options).await;
        let email = format!("{storage}@example.com");
        let ask = async |number: usize, cookie: &str| {
            let from = format!("198.51.100.{number}");
            let headers = [JSON, OWN_ORIGIN, ("x-forwarded-for", from.as_str()), ("cookie", cookie)];
            server.send("POST", "/request-password-reset", &headers, address(&email).to_string()).await
        };
        let account = crate::routes::with(ada(), "email", json!(email));
        let signed_up = server.post("/sign-up/email", &account).await;
        assert_eq!(signed_up.status, 200);
        let first = ask(0, "").await;
        for number in 1..30 {
            // What a stranger sees does not tell.
            assert_eq!(ask(number, "").await.text, first.text);
        }
        assert_eq!(server.mails().await.len(), 15, "{storage}");
        // A reserve is the owner's, on a known device or signed in.
        let credentials = json!({ "email": email, "password": "correct horse 1" });
        let known = server.post("/sign-in/email", &credentials).await;
        let known = known.headers.all("set-cookie").find(|line| line.contains("known_device=")).unwrap();
        for number in 31..34 {
            ask(number, known.split(';').next().unwrap()).await;
        }
        assert_eq!(server.mails().await.len(), 18, "{storage}");
        for _ in 0..9 {
            let verify = json!({ "email": email });
            server.post_as("/send-verification-email", &signed_up.cookie(), &verify).await;
        }
        assert_eq!(server.mails().await.len(), 20, "{storage}");
        server.pass_secs(86_400);
        // One requester has a part of the next day's.
        for _ in 0..15 {
            ask(30, "").await;
            server.pass_secs(61);
        }
        assert_eq!(server.mails().await.len(), 30, "{storage}");
        ask(40, "").await;
        assert_eq!(server.mails().await.len(), 31, "{storage}");
    }
}
