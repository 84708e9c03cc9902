//! The manifest of a plugin that declares everything: the text that the SDK of contract 1.0.0 wrote.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use doorward_sdk::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    limit: u32,
}

impl Default for Options {
    fn default() -> Self {
        Options { limit: 3 }
    }
}

const TAKEN: ErrorCode = ErrorCode::new(400, "SEAT_TAKEN", "The seat is taken");

fn answer(_request: &Request, (): ()) -> Result<Response> {
    Ok(Response::empty(200))
}

fn fields() -> [FieldRule; 2] {
    let first = FieldRule::new("seat", FieldType::String).required().unique_or(TAKEN).indexed().references("user");
    let second = FieldRule::new("fixed", FieldType::Bigint).default_value(7).hidden().input().credential();
    #[allow(deprecated, reason = "the name that plugins of 1.0.0 call it by")]
    let second = second.fixes_life().when_option("limited");
    [first, second]
}

fn plugin() -> Plugin {
    let [seat, fixed] = fields();
    Plugin::new("seats", "1.2.3")
        .options::<Options>()
        .route(Route::post("/seats/take", answer).signs_in().accepts_form().or_option("paths.take"))
        .route(Route::get("/seats/:number", answer).redirects_to(&["callbackURL"]))
        .before("/sign-up/**", |_| Ok(Flow::Proceed))
        .before(On::any_path().when_method(&["POST"]).when_header("authorization").ahead_of_scripts(), |_| {
            Ok(Flow::Proceed)
        })
        .after(On::path("/get-session").when_signed_in().when_option("a").unless_option("b"), |_, _| Ok(()))
        .after(On::path("/x").when_session_cookie_is_written().when_session_cookie_is_set(), |_, _| Ok(()))
        .gate(|_| Ok(Verdict::Admit))
        .gate_when_user("watched")
        .event(Event::before("user", Action::Create, |_| Ok(())).when_option("a"))
        .event(Event::after("session", Action::Update, |_| Ok(())).when_user("watched"))
        .event(Event::after("account", Action::Delete, |_| Ok(())))
        .claims(|_, _, _| Ok(Map::new()))
        .function(Function::new("free-seats", answer))
        .http_host("api.example.com")
        .rate_limit(RateRule::new("/seats/take", 3, 10).or_option("rate_limit"))
        .rate_limit(RateRule::new("/seats/free", 4, 20))
        .cookie(CookieRule::prefixed("seat-of-").all_that_begin_so())
        .cookie(CookieRule::literal("seat").or_option("cookie_name"))
        .table(Table::new("seat").field(seat.clone()).credentials())
        .table(
            Table::new("all")
                .field(FieldRule::new("a", FieldType::Number))
                .field(FieldRule::new("b", FieldType::Json))
                .field(FieldRule::new("c", FieldType::Date)),
        )
        .user_field(FieldRule::new("watched", FieldType::Boolean).default_value(false))
        .session_field(fixed)
        .reads_users(&["phone"])
        .writes_sessions(&["seat"])
        .creates_users_with(&["email"])
        .updates_users(&["name"])
        .verifications("seats:")
        .mail("seat-taken")
        .error(TAKEN)
}

/// Whether everything shipped stands in what is written, where more may stand.
fn holds(written: &Value, shipped: &Value) -> bool {
    match (written, shipped) {
        (Value::Object(written), Value::Object(shipped)) => {
            shipped.iter().all(|(name, value)| written.get(name).is_some_and(|own| holds(own, value)))
        }
        (Value::Array(written), Value::Array(shipped)) => {
            written.len() == shipped.len() && written.iter().zip(shipped).all(|(own, value)| holds(own, value))
        }
        _ => written == shipped,
    }
}

#[test]
fn names_in_json_are_those_that_were_shipped() {
    let written: Value = serde_json::from_str(&doorward_sdk::guest::describe(plugin)).unwrap();
    let shipped: Value = serde_json::from_str(include_str!("manifest.json")).unwrap();
    for (name, value) in shipped.as_object().unwrap().iter().filter(|(name, _)| *name != "sdk_version") {
        assert!(holds(&written[name], value), "{name}: {}\n{value}", written[name]);
    }
}
