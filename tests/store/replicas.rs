//! Read replicas: what may be old comes from a standby, the rest from the primary, and a standby that is away costs nothing.

use std::sync::Arc;
use std::time::Duration;

use doorward::store::{Database, Models, Schema, Standing, Store, StoreOptions, eq};
use serde_json::json;
use tokio_postgres::NoTls;

use super::cluster::Cluster;
use super::{Place, TestStore, on_postgres, user};
use crate::fixture::Fixture;
use crate::operators::{with_admin, with_role};

/// Longer than any test.
const HOUR: Duration = Duration::from_secs(3600);

fn with_replica(primary: &Place, replica: &str, most_lag: Duration) -> Store {
    let options = StoreOptions::default();
    let store = Store::open(&primary.url, Arc::new(Schema::core()), options.clone()).unwrap();
    store.with_replicas(&[replica.to_owned()], most_lag, &options).unwrap()
}

async fn ask(place: &Place, sql: &str) -> String {
    let (client, connection) = tokio_postgres::connect(&place.url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client.query_one(sql, &[]).await.unwrap().get(0)
}

/// Waits until the standby has replayed, or only received, all that the primary has written.
async fn caught_up(primary: &Place, standby: &Place, how: &str) {
    let written = ask(primary, "select pg_current_wal_lsn()::text").await;
    let has_all = format!("select (pg_last_wal_{how}_lsn() >= '{written}'::pg_lsn)::text");
    for _ in 0..3000 {
        if ask(standby, &has_all).await == "true" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the standby does not follow");
}

async fn count(database: &dyn Database) -> u64 {
    database.count("user", &[]).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_answers_as_long_as_it_is_near_enough() {
    on_postgres(async |_| {
        let primary = Cluster::start();
        let standby = primary.standby();
        let (near, far) = (Duration::ZERO, HOUR);
        let store = with_replica(&primary.place, &standby.place.url, far);
        store.migrate().await.unwrap();
        store.insert(user(&store, "first")).await.unwrap();
        caught_up(&primary.place, &standby.place, "replay").await;
        standby.place.sql("select pg_wal_replay_pause()").await;
        store.insert(user(&store, "second")).await.unwrap();
        caught_up(&primary.place, &standby.place, "receive").await;

        // Nobody has looked yet.
        assert_eq!(count(&*store.lagging()).await, 2);
        let states = store.look_at_replicas().await;
        assert!(matches!(states[0].standing, Standing::Behind(lag) if lag > Duration::ZERO), "{states:?}");
        assert_eq!(count(&*store.lagging()).await, 1, "the replica answers");
        assert_eq!(store.count_all("user").await, 2);
        // What locks or writes goes to the primary, which alone has the second one.
        let lagging = store.lagging();
        let changed = lagging.update("user", &[eq("id", "second")], &[("name", "Eve".into())]).await;
        assert_eq!(changed.unwrap().len(), 1);

        let strict = with_replica(&primary.place, &standby.place.url, near);
        let state = strict.look_at_replicas().await.remove(0);
        assert!(!state.serves && state.problem().unwrap().contains("ms behind"), "{state:?}");
        assert_eq!(count(&*strict.lagging()).await, 2, "it is too far behind");

        standby.place.sql("select pg_wal_replay_resume()").await;
        caught_up(&primary.place, &standby.place, "replay").await;
        assert!(strict.look_at_replicas().await[0].serves, "it is not behind where nothing is written");

        standby.halt();
        assert_eq!(count(&*store.lagging()).await, 2, "the primary answers at once");
        assert!(matches!(store.replicas()[0].standing, Standing::Away(_)));
        let alone = with_replica(&primary.place, &primary.place.url, far);
        let state = alone.look_at_replicas().await.remove(0);
        assert_eq!((state.standing, state.serves), (Standing::NoReplica, false));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_for_administrators_come_from_a_replica_and_sessions_do_not() {
    on_postgres(async |_| {
        let primary = Cluster::start();
        let standby = primary.standby();
        let top = format!(
            "management = {{ address = \"127.0.0.1:0\" }}\ndatabase.replicas = [\"{}\"]\ndatabase.replica_lag_ms = 3600000",
            standby.place.url
        );
        let server = Fixture::start(&primary.place, &with_admin(&top, "")).await;
        let admin = with_role(&server, &primary.place, "grace", "admin").await;
        caught_up(&primary.place, &standby.place, "replay").await;
        serving(&server, "1").await;
        standby.place.sql("select pg_wal_replay_pause()").await;
        let body = json!({ "name": "Ada", "email": "ada@example.com", "password": "correct horse 1" });
        let ada = server.post("/sign-up/email", &body).await.cookie();

        let users = async || {
            let answer = server.get("/admin/list-users", &admin).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            let list = answer.json();
            (list["users"].as_array().unwrap().len(), list["total"].as_u64().unwrap())
        };
        let sessions = async || {
            let answer = server.send_to_root("GET", "/api/sessions", &[("cookie", admin.as_str())]).await;
            answer.json()["total"].as_u64().unwrap()
        };
        assert_eq!((users().await, sessions().await), ((1, 1), 1), "the lists are old");
        assert_eq!(server.get("/get-session", &ada).await.json()["user"]["email"], "ada@example.com");
        assert_eq!(server.post_as("/sign-out", &ada, &json!({})).await.status, 200);
        assert!(server.get("/get-session", &ada).await.json().is_null(), "an ended session is dead at once");
        server.pass_secs(2 * 86_400);
        assert_eq!(users().await, (2, 2), "this request renews its session, and reads what is from then on");
        assert_eq!(users().await, (1, 1), "the next one has nothing to renew");

        standby.halt();
        assert_eq!((users().await, sessions().await), ((2, 2), 1), "the primary answers, and nobody sees a failure");
        serving(&server, "0").await;
        assert_eq!(server.manage("GET", "/ready", &[], "").await.status, 200);
    })
    .await;
}

/// Waits until the metrics say that the one replica serves, or that it does not.
async fn serving(server: &Fixture, up: &str) {
    let line = format!("doorward_replica_up{{replica=\"0\"}} {up}\n");
    for _ in 0..1000 {
        if server.manage("GET", "/metrics", &[], "").await.text.contains(&line) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{}", server.manage("GET", "/metrics", &[], "").await.text);
}
