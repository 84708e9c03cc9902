//! Deliveries: what cannot arrive is given up, nothing arrives too late or twice, and none holds up another.

use serde_json::json;

use super::mail::{settle, smtp, waits_for_retry, webhook};
use super::{address, sign_up, sign_up_as};
use crate::fixture::Fixture;
use crate::routes::with;
use crate::sinks::{HttpSink, SmtpSink};
use crate::store::{Place, on_both};

on_both!(
    a_final_refusal_ends_the_attempts,
    nothing_is_sent_after_its_token_is_over,
    a_slow_delivery_holds_up_no_other,
    a_server_that_stops_records_what_it_sent,
    two_servers_send_each_mail_once,
    a_clock_that_steps_back_holds_no_mail,
    readiness_tells_of_the_sender,
);

async fn ask_for_reset(server: &Fixture, email: &str) {
    assert_eq!(server.post("/request-password-reset", &address(email)).await.status, 200);
}

async fn a_final_refusal_ends_the_attempts(place: Place) {
    let sink = SmtpSink::start("550 no such user").await;
    let server = Fixture::start(&place, &smtp(sink.port)).await;
    sign_up(&server).await;
    ask_for_reset(&server, "ada@example.com").await;
    sink.received.take(1).await;
    settle(&server).await;
    assert_eq!(sink.received.count(), 1);
}

async fn nothing_is_sent_after_its_token_is_over(place: Place) {
    let sink = SmtpSink::start("451 later").await;
    let options = format!("{}\nemail_and_password.reset_password_token_expires_in = 60", smtp(sink.port));
    let server = Fixture::start(&place, &options).await;
    sign_up(&server).await;
    ask_for_reset(&server, "ada@example.com").await;
    waits_for_retry(&server, "451").await;
    server.pass_secs(60);
    settle(&server).await;
    assert_eq!(sink.received.count(), 1);
}

async fn a_slow_delivery_holds_up_no_other(place: Place) {
    let sink = HttpSink::start(0, &["204 No Content"]).await;
    let server = Fixture::start(&place, &webhook(sink.port)).await;
    sign_up(&server).await;
    sign_up_as(&server, "grace@example.com").await;
    // Nothing is answered now.
    let all = sink.permits.acquire_many(1000).await.unwrap();
    ask_for_reset(&server, "ada@example.com").await;
    sink.received.take(1).await;
    ask_for_reset(&server, "grace@example.com").await;
    sink.received.take(2).await;
    drop(all);
    settle(&server).await;
    assert_eq!(sink.received.count(), 2);
}

async fn a_server_that_stops_records_what_it_sent(place: Place) {
    let sink = HttpSink::start(0, &["204 No Content"]).await;
    let server = Fixture::start(&place, &webhook(sink.port)).await;
    sign_up(&server).await;
    let all = sink.permits.acquire_many(1000).await.unwrap();
    ask_for_reset(&server, "ada@example.com").await;
    sink.received.take(1).await;
    let stopping = server.stop();
    let answering = async {
        tokio::task::yield_now().await;
        drop(all);
    };
    tokio::join!(stopping, answering);
    assert_eq!(server.rows("doorward_outbox").await, 0, "the next server would send it again");
    ask_for_reset(&server, "ada@example.com").await;
    let waiting = server.records("doorward_outbox").await;
    assert_eq!(waiting.iter().map(|row| row.integer("attempts")).collect::<Vec<_>>(), [Some(0)]);
}

async fn two_servers_send_each_mail_once(place: Place) {
    let sink = HttpSink::start(0, &["204 No Content"]).await;
    let first = Fixture::start(&place, &webhook(sink.port)).await;
    let second = Fixture::start(&place, &webhook(sink.port)).await;
    for number in 0..30 {
        let email = format!("ada{number}@example.com");
        let user = with(crate::routes::ada(), "email", json!(email));
        assert_eq!(first.post("/sign-up/email", &user).await.status, 200);
        ask_for_reset(if number % 2 == 0 { &first } else { &second }, &email).await;
    }
    settle(&first).await;
    assert_eq!(sink.received.count(), 30);
}

async fn a_clock_that_steps_back_holds_no_mail(place: Place) {
    let sink = SmtpSink::start("451 later").await;
    let server = Fixture::start(&place, &smtp(sink.port)).await;
    sign_up(&server).await;
    ask_for_reset(&server, "ada@example.com").await;
    waits_for_retry(&server, "451").await;
    server.pass_secs(-3600);
    sink.received.take(2).await;
}

async fn readiness_tells_of_the_sender(place: Place) {
    let sink = SmtpSink::start("250 taken").await;
    let options = format!("{}\nmanagement.address = \"127.0.0.1:0\"", smtp(sink.port));
    let server = Fixture::start(&place, &options).await;
    assert_eq!(server.manage("GET", "/ready", &[], "").await.status, 200);
    server.stop().await;
    let answer = server.manage("GET", "/ready", &[], "").await;
    assert_eq!(answer.refusal(), "503 SENDER_STOPPED The sender of mail does not work");
}
