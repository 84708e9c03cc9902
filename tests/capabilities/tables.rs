//! Tables, counters, verifications, sealing and cookies.

use serde_json::{Value as Json, json};

use super::{component, member, one, run, server};
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(
    rows_are_written_read_and_removed,
    conditions_compare_typed_values,
    mistakes_are_told_and_change_nothing,
    tables_of_others_are_out_of_reach,
    a_row_is_redeemed_once,
    increments_are_exact,
    steps_together_are_all_or_nothing,
    counters_are_exact_and_outlive_failures,
    a_verification_is_replaced_by_one_of_many,
    sealed_values_open_for_their_purpose_alone,
    cookies_are_listed_by_their_prefix,
    a_plugin_that_clashes_is_refused,
);

async fn names(server: &Fixture, conditions: Json) -> String {
    let rows = one(server, json!(["find", "probeRow", conditions, { "by": "name" }])).await;
    let rows = rows.as_array().unwrap_or_else(|| panic!("{rows}"));
    rows.iter().map(|row| row["name"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

async fn rows_are_written_read_and_removed(place: Place) {
    let server = server(&place).await;
    let (ada, cookie) = member(&server, "ada").await;
    let row = json!({ "userId": ada, "name": "a", "large": 9_007_199_254_740_991i64, "data": { "x": [1, null] },
        "createdAt": "2026-11-22T08:41:23.051Z" });
    let stored = one(&server, json!(["insert", "probeRow", row])).await;
    assert_eq!(stored["id"].as_str().unwrap().len(), 32);
    assert_eq!((&stored["count"], &stored["flag"]), (&json!(0), &json!(true)), "defaults");
    for field in ["userId", "name", "large", "data", "createdAt"] {
        assert_eq!(stored[field], row[field], "{field}");
    }
    assert_eq!(one(&server, json!(["insert", "probeRow", { "id": "mine", "name": "b" }])).await["id"], json!("mine"));
    let changed =
        one(&server, json!(["update", "probeRow", [["name", "eq", "b"]], { "count": 5, "flag": null }])).await;
    assert_eq!((&changed[0]["count"], &changed[0]["flag"]), (&json!(5), &Json::Null));
    assert_eq!(one(&server, json!(["count", "probeRow", []])).await, json!(2));
    assert_eq!(one(&server, json!(["delete", "probeRow", [["count", "eq", 5]]])).await, json!(1));
    assert_eq!(run(&server, &cookie, json!([["delete-user", ada]])).await, [json!(true)]);
    assert_eq!(one(&server, json!(["count", "probeRow", []])).await, json!(0), "rows go with their user");
}

async fn conditions_compare_typed_values(place: Place) {
    let server = server(&place).await;
    for (name, count, at) in [
        ("a%b", 1, "2026-01-01T00:00:00.000Z"),
        ("axb", 2, "2026-02-01T00:00:00.000Z"),
        ("c_d", 3, "2026-03-01T00:00:00.000Z"),
    ] {
        one(&server, json!(["insert", "probeRow", { "name": name, "count": count, "createdAt": at }])).await;
    }
    for (conditions, expected) in [
        (json!([]), "a%b axb c_d"),
        (json!([["count", "gt", 1]]), "axb c_d"),
        (json!([["count", "gte", 2], ["count", "lt", 3]]), "axb"),
        (json!([["count", "ne", 2]]), "a%b c_d"),
        (json!([["count", "in", [1, 3]]]), "a%b c_d"),
        (json!([["count", "not-in", [1, 3]]]), "axb"),
        (json!([["count", "in", []]]), ""),
        (json!([["name", "contains", "%"]]), "a%b"),
        (json!([["name", "contains", "_"]]), "c_d"),
        (json!([["name", "starts", "a"]]), "a%b axb"),
        (json!([["name", "ends", "d"]]), "c_d"),
        (json!([["createdAt", "lte", "2026-02-01T00:00:00.000Z"]]), "a%b axb"),
        (json!([["data", "eq", null]]), "a%b axb c_d"),
        (json!([["name", "eq", "' OR 1=1 --"]]), ""),
    ] {
        assert_eq!(names(&server, conditions.clone()).await, expected, "{conditions}");
    }
    let page = json!(["find", "probeRow", [], { "by": "count", "descending": true, "limit": 1, "offset": 1 }]);
    assert_eq!(one(&server, page).await[0]["name"], json!("axb"));
}

async fn mistakes_are_told_and_change_nothing(place: Place) {
    let server = server(&place).await;
    one(&server, json!(["insert", "probeRow", { "name": "a" }])).await;
    for step in [
        json!(["insert", "probeRow", { "name": "b", "nope": 1 }]),
        json!(["insert", "probeRow", {}]),
        json!(["insert", "probeRow", { "name": 1 }]),
        json!(["insert", "probeRow", { "name": "b", "count": 1.5 }]),
        json!(["insert", "probeRow", { "name": "b", "count": 3_000_000_000i64 }]),
        json!(["insert", "probeRow", { "name": "b", "createdAt": "soon" }]),
        json!(["insert", "probeRow", [1]]),
        json!(["find", "probeRow", [["nope", "eq", 1]]]),
        json!(["find", "probeRow", [["count", "eq", "1"]]]),
        json!(["find", "probeRow", [["count", "in", 1]]]),
        json!(["find", "probeRow", [["count", "contains", 1]]]),
        json!(["find", "probeRow", [], { "by": "name\" DESC --" }]),
        json!(["find", "probeRow", [], { "limit": 1001 }]),
        json!(["update", "probeRow", [], { "count": 1 }]),
        json!(["update", "probeRow", [["name", "eq", "a"]], {}]),
        json!(["update", "probeRow", [["name", "eq", "a"]], { "id": "x" }]),
        json!(["update", "probeRow", [["name", "eq", "a"]], { "name": null }]),
        json!(["delete", "probeRow", []]),
        json!(["consume", "probeRow", []]),
        json!(["increment", "probeRow", [], "count", 1]),
        json!(["increment", "probeRow", [["name", "eq", "a"]], "name", 1]),
    ] {
        let outcome = one(&server, step.clone()).await;
        assert!(outcome["invalid"].is_string(), "{step}: {outcome}");
    }
    assert_eq!(one(&server, json!(["insert", "probeRow", { "name": "a" }])).await, json!("conflict"));
    assert_eq!(names(&server, json!([])).await, "a");
}

async fn tables_of_others_are_out_of_reach(place: Place) {
    let server = server(&place).await;
    for table in ["user", "session", "account", "verification", "doorward_outbox", "doorward_counter", "", "probe_row"]
    {
        for step in ["find", "count", "insert", "update", "delete", "consume", "increment"] {
            let outcome = one(&server, json!([step, table, [["id", "eq", "x"]], { "id": "x" }])).await;
            assert!(outcome["denied"].is_string(), "{step} {table}: {outcome}");
        }
    }
}

/// Runs the same step in many requests at once.
async fn at_once(server: &Fixture, step: Json, times: usize) -> Vec<Json> {
    let outcomes = (0..times).map(|_| one(server, step.clone()));
    futures_util::future::join_all(outcomes).await
}

async fn a_row_is_redeemed_once(place: Place) {
    let server = server(&place).await;
    for round in 0..5 {
        one(&server, json!(["insert", "probeRow", { "name": format!("code-{round}") }])).await;
        let step = json!(["consume", "probeRow", [["name", "eq", format!("code-{round}")]]]);
        let won = at_once(&server, step, 12).await.into_iter().filter(|row| row.is_object()).count();
        assert_eq!(won, 1);
    }
}

async fn increments_are_exact(place: Place) {
    let server = server(&place).await;
    one(&server, json!(["insert", "probeRow", { "name": "a", "count": null }])).await;
    at_once(&server, json!(["increment", "probeRow", [["name", "eq", "a"], ["count", "lt", 100]], "count", 1]), 1)
        .await;
    one(&server, json!(["update", "probeRow", [["name", "eq", "a"]], { "count": 0 }])).await;
    let guarded = json!(["increment", "probeRow", [["name", "eq", "a"], ["count", "lt", 10]], "count", 1]);
    let counted = at_once(&server, guarded, 25).await.into_iter().filter(|row| row.is_object()).count();
    assert_eq!(counted, 10, "the condition is a guard under concurrency, too");
}

async fn steps_together_are_all_or_nothing(place: Place) {
    let server = server(&place).await;
    let together = async |steps: Json| {
        let answer = server.post("/probe", &json!({ "do": steps, "together": true })).await;
        answer.json().as_array().unwrap().clone()
    };
    let good = json!([["insert", "probeRow", { "name": "a" }], ["put", "probe:x", "1"], ["find", "probeRow", []]]);
    assert_eq!(together(good).await[2].as_array().unwrap().len(), 1, "what was written is read");
    let bad = json!([["insert", "probeRow", { "name": "b" }], ["put", "probe:y", "1"], ["insert", "other", {}]]);
    assert!(together(bad).await[2]["denied"].is_string());
    assert_eq!(names(&server, json!([])).await, "a");
    assert_eq!(server.rows("verification").await, 1);
}

async fn counters_are_exact_and_outlive_failures(place: Place) {
    let server = server(&place).await;
    let mut counts: Vec<u64> =
        at_once(&server, json!(["hit", "k", 60]), 20).await.iter().map(|count| count.as_u64().unwrap()).collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=20).collect::<Vec<u64>>());
    assert_eq!(run(&server, "", json!([["peek", "k"], ["peek", "other"]])).await, [json!(20), json!(0)]);
    server.pass_secs(59);
    assert_eq!(one(&server, json!(["hit", "k", 60])).await, json!(21), "the window does not move");
    server.pass_secs(1);
    assert_eq!(run(&server, "", json!([["peek", "k"], ["hit", "k", 60]])).await, [json!(0), json!(1)]);
    assert_eq!(run(&server, "", json!([["reset", "k"], ["peek", "k"]])).await, [Json::Null, json!(0)]);
    for step in [json!(["hit", "k", 0]), json!(["hit", "", 60]), json!(["hit", "x".repeat(513), 60])] {
        assert!(one(&server, step.clone()).await["invalid"].is_string(), "{step}");
    }
    let answer = server.post("/probe", &json!({ "do": [["hit", "k", 60]], "together": true })).await;
    assert!(answer.json()[0]["invalid"].is_string(), "{}", answer.text);
}

async fn a_verification_is_replaced_by_one_of_many(place: Place) {
    let server = server(&place).await;
    one(&server, json!(["put", "probe:otp", "0"])).await;
    let outcomes = at_once(&server, json!(["replace", "probe:otp", "0", "1"]), 12).await;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == json!(true)).count(), 1);
    assert_eq!(one(&server, json!(["replace", "probe:otp", "0", "2"])).await, json!(false));
    server.pass_secs(61);
    assert_eq!(one(&server, json!(["replace", "probe:otp", "1", "2"])).await, json!(false), "the lifetime stays");
    assert!(one(&server, json!(["replace", "magic-link:x", "0", "2"])).await["denied"].is_string());
}

async fn sealed_values_open_for_their_purpose_alone(place: Place) {
    let server = server(&place).await;
    assert_eq!(one(&server, json!(["seal", "a", "a", "secret"])).await, json!("secret"));
    assert_eq!(one(&server, json!(["seal", "a", "b", "secret"])).await, Json::Null);
}

async fn cookies_are_listed_by_their_prefix(place: Place) {
    let server = server(&place).await;
    let answer =
        server.post("/probe", &json!({ "do": [["set-cookie", "probe-a", "1"], ["set-cookie", "probe-b", "2"]] })).await;
    let cookies = format!("{}; better-auth.probe-c=3.forged; better-auth.other=x", answer.cookies());
    let listed = run(&server, &cookies, json!([["list-cookies", "probe-"]])).await;
    assert_eq!(listed, [json!([["probe-a", "1"], ["probe-b", "2"]])]);
    for step in [
        json!(["list-cookies", "probe"]),
        json!(["list-cookies", "session_"]),
        json!(["set-cookie", "session_token", "x"]),
    ] {
        assert!(one(&server, step.clone()).await["denied"].is_string(), "{step}");
    }
}

async fn a_plugin_that_clashes_is_refused(place: Place) {
    let text = std::fs::read(component()).unwrap();
    let entry =
        |id: &str, path: &std::path::Path| format!("[[plugins]]\nid = \"{id}\"\npath = \"{}\"\n", path.display());
    let folder = tempfile::tempdir().unwrap();
    let clash = folder.path().join("clash.wasm");
    let manifest = json!({ "manifest_version": 1, "id": "clash", "version": "1", "sdk_version": "1",
        "tables": [{ "name": "PROBEROW", "fields": [] }] });
    let mut component_bytes = wasm_encoder::Component::new().finish();
    {
        use wasm_encoder::ComponentSection;
        let data = serde_json::to_vec(&manifest).unwrap();
        wasm_encoder::CustomSection { name: "doorward:manifest".into(), data: data.into() }
            .append_to_component(&mut component_bytes);
    }
    std::fs::write(&clash, &component_bytes).unwrap();
    assert!(!text.is_empty());
    let both = format!("{}{}", entry("probe", component()), entry("clash", &clash));
    let error = crate::fixture::Fixture::try_start(&place, &both).await.err().unwrap();
    assert!(error.contains("table proberow") && error.contains("`probe`") && error.contains("`clash`"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_reads_the_tables_that_it_was_granted() {
    crate::store::on_sqlite(|place| async move {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("reader.rhai");
        let script = r#"
            before("/ok", |ctx| { respond(200, rows("probe.probeRow", #{ count: 5 })); });
            before("/error", |ctx| { rows("probe.probeRow", #{ nonsense: 5 }); });
        "#;
        std::fs::write(&file, script).unwrap();
        for (reads, status) in [("", 500), ("reads = [\"probe.probeRow\"]", 200)] {
            let hook = format!("[[hooks]]\nfile = {:?}\n{reads}\n", file.display().to_string());
            let server = super::server_with(&place, &hook).await;
            for (name, count) in [("a", 5), ("b", 6), ("c", 5)] {
                one(&server, json!(["insert", "probeRow", { "name": name, "count": count }])).await;
            }
            let answer = server.get("/ok", "").await;
            assert_eq!(answer.status, status, "{}", answer.text);
            if status == 200 {
                let rows = answer.json();
                let mut names: Vec<&str> =
                    rows.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
                names.sort_unstable();
                assert_eq!(names, ["a", "c"]);
                assert_eq!(server.get("/error", "").await.status, 500);
            }
        }
    })
    .await;
}
