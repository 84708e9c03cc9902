//! A primary that is killed under load, and a standby that takes its place: nothing that was acknowledged is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;

use super::cluster::Cluster;
use super::{Place, on_postgres};
use crate::fixture::{Answer, Fixture};

const PASSWORD: &str = "correct horse 1";
const CLIENTS: usize = 4;

/// How far the test is, for its clients and of them.
#[derive(Default)]
struct Progress {
    is_promoted: AtomicBool,
    is_over: AtomicBool,
    /// Sign-ups that were acknowledged.
    done: AtomicUsize,
    /// Those of them that were sent after the promotion.
    done_after: AtomicUsize,
    /// Answers that said to try again.
    refused: AtomicUsize,
}

/// What one client was told.
#[derive(Default)]
struct Log {
    /// Addresses whose sign-up was acknowledged, with the cookie that came.
    signed_up: Vec<(String, String)>,
    /// Answers that were none of 200 and 503, or a 503 without `Retry-After`.
    wrong: Vec<String>,
}

/// Both clusters by one URL, as an operator writes it.
fn both(primary: &Cluster, standby: &Cluster) -> Place {
    let server = |cluster: &Cluster| cluster.place.url.split(['@', '/']).nth(3).unwrap().to_owned();
    let url = format!("postgres://postgres@{},{}/postgres", server(primary), server(standby));
    Place { url, ..primary.place.clone() }
}

/// Whoever commits waits until the standby shows it, or until nobody has to.
async fn wait_for_standbys(place: &Place, names: &str) {
    place.sql(&format!("alter system set synchronous_standby_names = '{names}'")).await;
    place.sql("alter system set synchronous_commit = 'remote_apply'").await;
    place.sql("select pg_reload_conf()").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promotion_under_load_loses_nothing_and_needs_no_restart() {
    on_postgres(async |_| {
        let primary = Cluster::start();
        let standby = primary.standby();
        wait_for_standbys(&primary.place, "*").await;
        let server = Arc::new(Fixture::start(&both(&primary, &standby), "").await);
        let progress = Arc::<Progress>::default();
        let clients: Vec<_> =
            (0..CLIENTS).map(|client| tokio::spawn(load(client, Arc::clone(&server), Arc::clone(&progress)))).collect();

        at_least(20, &progress.done).await;
        primary.kill();
        at_least(CLIENTS, &progress.refused).await;
        standby.promote();
        // There is no other standby to wait for.
        wait_for_standbys(&standby.place, "").await;
        progress.is_promoted.store(true, Ordering::SeqCst);
        at_least(20, &progress.done_after).await;
        progress.is_over.store(true, Ordering::SeqCst);

        let mut acknowledged = Vec::new();
        for client in clients {
            let log = client.await.unwrap();
            assert_eq!(log.wrong, Vec::<String>::new());
            acknowledged.extend(log.signed_up);
        }
        for (email, cookie) in &acknowledged {
            assert_eq!(server.get("/get-session", cookie).await.json()["user"]["email"], *email);
        }
        assert_eq!(sign_in(&server, &acknowledged[0].0).await.status, 200);
    })
    .await;
}

async fn at_least(wanted: usize, count: &AtomicUsize) {
    let reached = async {
        while count.load(Ordering::SeqCst) < wanted {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), reached).await.expect("the clients come no further");
}

/// Signs people up and in, one after the other.
async fn load(client: usize, server: Arc<Fixture>, progress: Arc<Progress>) -> Log {
    let mut log = Log::default();
    for number in 0.. {
        if progress.is_over.load(Ordering::SeqCst) {
            break;
        }
        let was_promoted = progress.is_promoted.load(Ordering::SeqCst);
        let email = format!("person{client}-{number}@example.com");
        let body = json!({ "name": "Ada", "email": email, "password": PASSWORD });
        let answer = server.post("/sign-up/email", &body).await;
        if log.is_done(&answer, &progress) {
            progress.done.fetch_add(1, Ordering::SeqCst);
            progress.done_after.fetch_add(usize::from(was_promoted), Ordering::SeqCst);
            log.signed_up.push((email.clone(), answer.cookie()));
            log.is_done(&sign_in(&server, &email).await, &progress);
        }
    }
    log
}

impl Log {
    /// Whether the answer acknowledges.
    fn is_done(&mut self, answer: &Answer, progress: &Progress) -> bool {
        match (answer.status, answer.headers.get("retry-after")) {
            (200, _) => return true,
            (503, Some(_)) => _ = progress.refused.fetch_add(1, Ordering::SeqCst),
            _ => self.wrong.push(format!("{} {}", answer.status, answer.text)),
        }
        false
    }
}

async fn sign_in(server: &Fixture, email: &str) -> Answer {
    server.post("/sign-in/email", &json!({ "email": email, "password": PASSWORD })).await
}
