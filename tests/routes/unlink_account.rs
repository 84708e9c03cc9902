//! `POST /unlink-account`.

use serde_json::{Value as Json, json};

use super::{link, sign_up};
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(
    an_account_is_removed,
    the_last_one_stays,
    the_last_one_goes_where_that_is_allowed,
    refusals_remove_nothing,
    of_two_at_once_one_wins,
    older_clients_name_the_provider
);

async fn start(place: &Place, options: &str) -> (Fixture, String, String) {
    let server = Fixture::start(place, options).await;
    let answer = sign_up(&server).await;
    let user_id = answer.json()["user"]["id"].as_str().unwrap().to_owned();
    (server, answer.cookie(), user_id)
}

async fn account_ids(server: &Fixture, cookie: &str) -> Vec<String> {
    let Json::Array(accounts) = server.get("/list-accounts", cookie).await.json() else { panic!("no list") };
    accounts.iter().map(|account| account["id"].as_str().unwrap().to_owned()).collect()
}

async fn an_account_is_removed(place: Place) {
    let (server, cookie, user_id) = start(&place, "").await;
    link(&server, &user_id, "wire").await;
    let ids = account_ids(&server, &cookie).await;
    let answer = server.post_as("/unlink-account", &cookie, &json!({ "accountId": ids[0] })).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "status": true })));
    assert_eq!(account_ids(&server, &cookie).await, ids[1..]);
}

async fn older_clients_name_the_provider(place: Place) {
    let (server, cookie, user_id) = start(&place, "").await;
    link(&server, &user_id, "wire").await;
    link(&server, &user_id, "other").await;
    {
        let unlink = |body: Json| {
            let (server, cookie) = (&server, cookie.as_str());
            async move { server.post_as("/unlink-account", cookie, &body).await }
        };
        for body in [json!({ "providerId": "none" }), json!({ "providerId": "wire", "accountId": "someone-elses" })] {
            assert_eq!(unlink(body).await.refusal(), "400 ACCOUNT_NOT_FOUND Account not found");
        }
        let wrong = unlink(json!({ "providerId": "wire", "accountId": 1 })).await;
        assert_eq!(
            wrong.refusal(),
            "400 VALIDATION_ERROR [body.accountId] Invalid input: expected string, received number"
        );
        assert_eq!(server.rows("account").await, 3);
        assert_eq!(
            unlink(json!({ "providerId": "wire", "accountId": "subject" })).await.json(),
            json!({ "status": true })
        );
        assert_eq!(unlink(json!({ "providerId": "other" })).await.json(), json!({ "status": true }));
    }
    drop(server);
    let server = Fixture::start(&place, "account.unlink_by_provider = false").await;
    let by_provider = server.post_as("/unlink-account", &cookie, &json!({ "providerId": "credential" })).await;
    let missing = "400 VALIDATION_ERROR [body.accountId] Invalid input: expected string, received undefined";
    assert_eq!(by_provider.refusal(), missing);
    let left: Vec<_> = server.records("account").await.iter().map(|row| row.text("providerId").to_owned()).collect();
    assert_eq!(left, ["credential"]);
}

async fn the_last_one_stays(place: Place) {
    let (server, cookie, _) = start(&place, "").await;
    let ids = account_ids(&server, &cookie).await;
    for id in [ids[0].as_str(), "nope"] {
        let refused = server.post_as("/unlink-account", &cookie, &json!({ "accountId": id })).await;
        assert_eq!(refused.refusal(), "400 FAILED_TO_UNLINK_LAST_ACCOUNT You can't unlink your last account");
    }
    assert_eq!(account_ids(&server, &cookie).await, ids);
}

async fn the_last_one_goes_where_that_is_allowed(place: Place) {
    let (server, cookie, _) = start(&place, "account.account_linking.allow_unlinking_all = true").await;
    let ids = account_ids(&server, &cookie).await;
    let answer = server.post_as("/unlink-account", &cookie, &json!({ "accountId": ids[0] })).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(server.rows("account").await, 0);
}

async fn refusals_remove_nothing(place: Place) {
    let (server, cookie, user_id) = start(&place, "").await;
    link(&server, &user_id, "wire").await;
    let ids = account_ids(&server, &cookie).await;
    let unknown = server.post_as("/unlink-account", &cookie, &json!({ "accountId": "nope" })).await;
    assert_eq!(unknown.refusal(), "400 ACCOUNT_NOT_FOUND Account not found");
    server.pass_secs(86_400);
    let stale = server.post_as("/unlink-account", &cookie, &json!({ "accountId": ids[0] })).await;
    assert_eq!(stale.refusal(), "403 SESSION_NOT_FRESH Session is not fresh");
    assert_eq!(server.rows("account").await, 2);
}

async fn of_two_at_once_one_wins(place: Place) {
    let (server, cookie, user_id) = start(&place, "").await;
    for round in 0..10 {
        link(&server, &user_id, &format!("wire-{round}")).await;
        let ids = account_ids(&server, &cookie).await;
        assert_eq!(ids.len(), 2, "round {round}");
        let unlink = |id: &str| {
            let body = json!({ "accountId": id });
            let (server, cookie) = (&server, &cookie);
            // A serializable database may send one away, who then asks again.
            async move {
                loop {
                    match server.post_as("/unlink-account", cookie, &body).await.status {
                        503 => {}
                        status => return status,
                    }
                }
            }
        };
        let (a, b) = tokio::join!(unlink(&ids[0]), unlink(&ids[1]));
        assert_eq!([a.min(b), a.max(b)], [200, 400], "round {round}");
    }
}
