//! Requests of every kind at a plugin's routes: methods, bodies that are no JSON, parameters, and what a proxy says.

use serde_json::json;

use super::{server, server_with};
use crate::fixture::{Answer, Fixture};
use crate::store::{Place, on_both};

on_both!(a_body_of_another_type_reaches_its_route_as_bytes, a_header_of_a_proxy_is_one_that_a_proxy_sent);

async fn put(server: &Fixture, content_type: &str, body: &str) -> Answer {
    server.send("PUT", "/probe/bytes/a%20b%2Fc", &[("content-type", content_type)], body).await
}

async fn a_body_of_another_type_reaches_its_route_as_bytes(place: Place) {
    let server = server(&place).await;
    let taken = put(&server, "text/csv; charset=utf-8", "1,2\r\n3,4\0").await;
    assert_eq!(taken.json(), json!({ "name": "a b/c", "length": 9, "country": null }), "{}", taken.text);
    assert_eq!(put(&server, "image/png", "x").await.json()["length"], 1);
    assert_eq!(put(&server, "application/json", "{}").await.json()["length"], 2);
    assert_eq!(put(&server, "text/html", "x").await.status, 415);
    assert_eq!(put(&server, "text/csv", &"x".repeat(65)).await.status, 413);
    let gone = server.send("DELETE", "/probe/bytes/a", &[], "").await;
    assert_eq!((gone.status, gone.headers.get("content-type")), (204, None));
    assert_eq!(server.send("PATCH", "/probe/bytes/a", &[], "").await.status, 404, "no route of this method");

    let form = "--x\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\none\r\n--x\r\n\
                content-disposition: form-data; name=\"f\"; filename=\"a.csv\"\r\n\r\n1,2\r\n--x--\r\n";
    let patch = async |body: &str| {
        server.send("PATCH", "/probe/parts", &[("content-type", "multipart/form-data; boundary=x")], body).await
    };
    assert_eq!(patch(form).await.json(), json!([["a", null, "one"], ["f", "a.csv", "1,2"]]));
    assert_eq!(patch("--x\r\nbroken").await.status, 400);
}

async fn a_header_of_a_proxy_is_one_that_a_proxy_sent(place: Place) {
    let ask = async |server: &Fixture| {
        let headers = [("content-type", "text/csv"), ("x-country", "NZ")];
        server.send("PUT", "/probe/bytes/a", &headers, "x").await.json()["country"].clone()
    };
    assert_eq!(ask(&server(&place).await).await, json!(null), "anybody may have written it");
    let trusting = server_with(&place, "advanced.ip_address.trusted_proxies = [\"127.0.0.1\"]").await;
    assert_eq!(ask(&trusting).await, json!("NZ"));
}
