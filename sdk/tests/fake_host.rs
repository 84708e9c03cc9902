//! The fake host runs hooks and events on the same conditions as the server, so that a wrong pattern fails a native test.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use doorward_sdk::fake::{self, RawChange, RawReply, RawRequest};
use doorward_sdk::prelude::*;

fn refuse(_request: &Request) -> Result<Flow> {
    Err(Error::new(400, "REFUSED", "as asked"))
}

fn stamp(_request: &Request, reply: &Reply) -> Result<()> {
    reply.set_header("x-stamp", "seen")
}

/// Whether a hook with these conditions runs before this request.
fn runs_before(on: On, request: &RawRequest) -> bool {
    let plugin = Plugin::new("a", "1.0.0").before(on.reads_request(), refuse);
    request.run_before(&plugin).is_err()
}

/// Whether a hook with these conditions runs after `GET /a`.
fn runs_after(on: On, reply: RawReply) -> bool {
    let plugin = Plugin::new("a", "1.0.0").after(on.changes_answer(), stamp);
    RawRequest::get("/a", &[]).run_after(&plugin, &reply).unwrap();
    Reply::new(&reply).header("x-stamp").is_some()
}

#[test]
fn a_hook_runs_on_paths_of_its_pattern() {
    fake::reset();
    let request = RawRequest::post("/sign-up/email", &json!({}));
    for (pattern, expected) in [
        ("/sign-up/email", true),
        ("/sign-up/*", true),
        ("/**", true),
        ("/sign-up", false),
        ("/sign-in/**", false),
        ("/sign-up/emails", false),
    ] {
        assert_eq!(runs_before(On::path(pattern), &request), expected, "{pattern}");
    }
}

#[test]
fn a_hook_runs_when_method_and_header_are_right() {
    fake::reset();
    let on = || On::any_path().when_method(&["POST"]);
    assert!(runs_before(on(), &RawRequest::post("/a", &json!({}))));
    assert!(!runs_before(on(), &RawRequest::get("/a", &[])));
    let on = |name| On::any_path().when_header(name);
    assert!(!runs_before(on("x-seat"), &RawRequest::get("/a", &[])));
    assert!(runs_before(on("x-seat"), &RawRequest::get("/a", &[]).with_header("X-Seat", "7")));
    assert!(!runs_before(on("authorization"), &RawRequest::get("/a", &[])));
    fake::with(|world| world.bearer = Some("token".to_owned()));
    assert!(runs_before(on("authorization"), &RawRequest::get("/a", &[])));
}

#[test]
fn a_hook_runs_under_the_options_that_it_waits_for() {
    #[derive(serde::Serialize, serde::Deserialize)]
    #[serde(default)]
    struct Options {
        on: bool,
    }
    impl Default for Options {
        fn default() -> Self {
            Options { on: true }
        }
    }
    fake::reset();
    let runs = |on: On| {
        let plugin = Plugin::new("a", "1.0.0").options::<Options>().before(on, refuse);
        RawRequest::get("/a", &[]).run_before(&plugin).is_err()
    };
    assert!(runs(On::path("/a").when_option("on")), "by its default");
    assert!(!runs(On::path("/a").unless_option("on")));
    fake::with(|world| world.options = r#"{"on":false}"#.to_owned());
    assert!(!runs(On::path("/a").when_option("on")));
    assert!(runs(On::path("/a").unless_option("on")));
}

#[test]
fn a_hook_after_an_endpoint_looks_at_what_the_answer_does() {
    fake::reset();
    let user = json!({ "id": "u" });
    let on = || On::path("/a");
    for (on, expected) in [
        (on().when_signed_in(), [true, false, false]),
        (on().when_session_cookie_is_set(), [true, false, false]),
        (on().when_session_cookie_is_written(), [true, true, false]),
    ] {
        let replies = [RawReply::signed_in(&user), RawReply::signed_out(), RawReply::plain(200)];
        let runs = replies.map(|reply| runs_after(on.clone(), reply));
        assert_eq!(runs, expected, "{on:?}");
    }
    fake::sign_in(&users::create(&json!({ "email": "ada@example.com" })).unwrap());
    assert!(runs_after(On::path("/a").when_signed_in(), RawReply::plain(200)));
    assert!(!runs_after(On::path("/b").when_signed_in(), RawReply::plain(200)));
}

#[test]
fn hooks_ahead_of_scripts_run_before_the_others() {
    fake::reset();
    let plugin = Plugin::new("a", "1.0.0")
        .before(On::path("/a").changes_answer(), |_| Ok(Flow::Respond(Response::empty(201))))
        .before(On::path("/a").changes_answer().ahead_of_scripts(), |_| Ok(Flow::Respond(Response::empty(202))));
    let answer = RawRequest::get("/a", &[]).run_before(&plugin).unwrap().unwrap();
    assert_eq!(fake::status(&answer), 202);
}

#[test]
fn an_event_is_told_when_its_option_is_true() {
    fake::reset();
    let refused = |_: &Change| Err(Error::new(400, "REFUSED", "as asked"));
    let plugin = Plugin::new("a", "1.0.0").event(Event::before("user", Action::Create, refused).when_option("on"));
    let change = || RawChange::new("user", Action::Create, &json!({})).run_before(&plugin);
    assert!(change().is_ok());
    fake::with(|world| world.options = r#"{"on":true}"#.to_owned());
    assert!(change().is_err());
}

#[test]
fn a_route_is_where_its_option_says() {
    fake::reset();
    let route = Route::get("/keys", |_, ()| Ok(Response::empty(200))).or_option("keys.path");
    let plugin = Plugin::new("a", "1.0.0").route(route);
    let answers = |path| RawRequest::get(path, &[]).send(&plugin).is_ok();
    assert_eq!([answers("/keys"), answers("/jwks.json")], [true, false]);
    fake::with(|world| world.options = r#"{"keys":{"path":"/jwks.json"}}"#.to_owned());
    assert_eq!([answers("/keys"), answers("/jwks.json")], [false, true]);
}

type HostCall = fn() -> Result<()>;

/// What a route of this plugin gets for a call of the host.
fn told(call: HostCall) -> String {
    thread_local!(static CALL: std::cell::Cell<Option<HostCall>> = const { std::cell::Cell::new(None) });
    CALL.set(Some(call));
    let plugin = Plugin::new("a", "1.0.0")
        .cookie(CookieRule::prefixed("seat"))
        .mail("seat-taken")
        .verifications("seat:")
        .user_field(FieldRule::new("seat", FieldType::Number))
        .creates_users_with(&["email"])
        .table(Table::new("seat").field(FieldRule::new("number", FieldType::Number).required()))
        .route(Route::get("/a", |_, ()| {
            CALL.take().map_or(Ok(()), |call| call())?;
            Ok(Response::empty(204))
        }));
    match RawRequest::get("/a", &[]).send(&plugin) {
        Ok(_) => String::new(),
        Err(Error::Host(HostError::Denied(text))) => format!("denied: {text}"),
        Err(Error::Host(HostError::Invalid(text))) => format!("invalid: {text}"),
        Err(other) => format!("{other:?}"),
    }
}

#[test]
fn what_a_plugin_does_not_declare_is_refused() {
    let cases: [(HostCall, &str); 12] = [
        (|| cookies::get("seat").map(|_| ()), ""),
        (|| cookies::get("other").map(|_| ()), "denied: the manifest declares no cookie `other`"),
        (|| mail::enqueue("seat-taken", "ada@example.com", &json!({})), ""),
        (
            || mail::enqueue("other", "ada@example.com", &json!({})),
            "denied: the manifest declares no mail of the kind `other`",
        ),
        (|| mail::enqueue("seat-taken", "nobody", &json!({})), "invalid: the recipient is no email address"),
        (
            || verifications::create("other:1", "x", 1),
            "denied: the identifier has no prefix that the manifest declares",
        ),
        (|| models::insert::<Value>("seat", &json!({ "number": 7 })).map(|_| ()), ""),
        (
            || models::insert::<Value>("seat", &json!({ "number": "7" })).map(|_| ()),
            "invalid: seat.number has a value of another kind",
        ),
        (
            || models::insert::<Value>("seat", &json!({ "number": 7, "row": 1 })).map(|_| ()),
            "invalid: seat.row is not a field",
        ),
        (|| models::find::<Value>("seat", eq("row", 1)).map(|_| ()), "invalid: seat.row is not a field"),
        (
            || models::find::<Value>("seat", eq("number", "7")).map(|_| ()),
            "invalid: seat.number has a value of another kind",
        ),
        (
            || users::create(&json!({ "email": "ada@example.com", "name": "Ada" })).map(|_| ()),
            "denied: the manifest does not declare that it writes user.name",
        ),
    ];
    for (call, expected) in cases {
        fake::reset();
        assert_eq!(told(call), expected);
    }
}

#[test]
fn a_hook_sees_what_its_rights_show() {
    fake::reset();
    fn seen(request: &Request) -> Result<Flow> {
        let body = request.body().unwrap_or_default();
        log::info(&format!("{} {}", body["email"], body["password"]));
        Ok(Flow::Proceed)
    }
    let request = RawRequest::post("/sign-up/email", &json!({ "email": "ada@example.com", "password": "hush" }));
    let on = || On::path("/sign-up/email");
    for (on, expected) in [
        (on(), "null null"),
        (on().reads_request(), "\"ada@example.com\" \"[redacted]\""),
        (on().reads_request().reads_secrets(), "\"ada@example.com\" \"hush\""),
    ] {
        fake::with(|world| world.log.clear());
        request.run_before(&Plugin::new("a", "1.0.0").before(on, seen)).unwrap();
        assert_eq!(fake::with(|world| world.log.clone()), [format!("Level::Info: {expected}")]);
    }
    let answers = Plugin::new("a", "1.0.0").before(on().reads_request(), |_| Ok(Flow::Respond(Response::empty(201))));
    let refused = request.run_before(&answers).unwrap_err().refusal();
    assert!(refused.message.unwrap().contains("changes_answer()"));
}

#[test]
fn an_event_knows_who_acts_and_has_no_request() {
    fake::reset();
    let plugin = Plugin::new("a", "1.0.0").event(Event::before("user", Action::Update, |change| {
        let actor = change.actor().unwrap_or_default();
        let told = sessions::current().expect_err("there is no request");
        Err(Error::new(400, "SEEN", format!("{actor}: {told:?}")))
    }));
    let change = RawChange::new("user", Action::Update, &json!({ "name": "Eve" })).by("user-7");
    let message = change.run_before(&plugin).unwrap_err().refusal().message.unwrap();
    assert!(
        message.starts_with("user-7: Host(HostError::Denied(\"`sessions.current` cannot be called in an event"),
        "{message}"
    );
}

#[test]
fn a_parameter_is_decoded() {
    fake::reset();
    let plugin = Plugin::new("a", "1.0.0")
        .route(Route::delete("/a/:name", |request, ()| Ok(Response::text(request.param("name").unwrap_or_default()))));
    let answer = RawRequest::new("DELETE", "/a/one%20two%2Fthree").send(&plugin).unwrap();
    assert_eq!(fake::text(&answer), "one two/three");
}

#[test]
fn one_of_several_conditions_is_enough() {
    fake::reset();
    for (name, size) in [("a", 1), ("b", 2), ("c", 3)] {
        models::insert::<Value>("thing", &json!({ "name": name, "size": size })).unwrap();
    }
    let found = |filter: Filter| -> Vec<String> {
        let rows: Vec<Value> = models::find("thing", filter.order_by("name")).unwrap();
        rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(found(eq("name", "a").or(eq("size", 3))), ["a", "c"]);
    assert_eq!(found(eq("name", "a").or(eq("name", "b")).or(eq("name", "c")).and(gt("size", 1))), ["b", "c"]);
    assert_eq!(found(eq("name", "a").and(eq("size", 2)).or(one_of("name", ["c"]))), ["c"]);
    assert_eq!(found(gt("size", 1).and(eq("name", "c").or(eq("name", "a").or(eq("size", 2))))), ["b", "c"]);
}

#[test]
fn a_transaction_in_another_is_undone_alone() {
    fake::reset();
    let insert = |name: &str| models::insert::<Value>("thing", &json!({ "name": name })).unwrap();
    transactions::run(|| {
        insert("kept");
        let undone = transactions::run(|| {
            insert("undone");
            Err::<(), _>(Error::new(400, "NO", "as asked"))
        });
        assert!(undone.is_err());
        transactions::run(|| Ok(insert("kept too")))?;
        assert!(counters::hit("a", 60).is_err(), "the outer one is still open");
        Ok(())
    })
    .unwrap();
    assert!(counters::hit("a", 60).is_ok());
    assert_eq!(models::count("thing", Filter::all()).unwrap(), 2);
}

#[test]
fn fields_are_unique_together() {
    fake::reset();
    fn add(request: &Request, (): ()) -> Result<Response> {
        let fields = json!({ "group": request.query("group"), "name": request.query("name") });
        Response::json(&models::insert::<Value>("member", &fields)?)
    }
    let table = Table::new("member")
        .field(FieldRule::new("group", FieldType::String))
        .field(FieldRule::new("name", FieldType::String))
        .unique_together(&["group", "name"]);
    let plugin = Plugin::new("a", "1.0.0").table(table).route(Route::get("/add", add));
    let is_added = |query: &[(&str, &str)]| RawRequest::get("/add", query).send(&plugin).is_ok();
    let ada = [("group", "a"), ("name", "ada")];
    assert_eq!([is_added(&ada), is_added(&ada), is_added(&[("group", "b"), ("name", "ada")])], [true, false, true]);
    assert!(is_added(&[("group", "c")]) && is_added(&[("group", "c")]), "null is no other's double");
}
