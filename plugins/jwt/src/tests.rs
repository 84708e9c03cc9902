//! Tokens from the session to the published keys, on the fake host.

use doorward_sdk::crypto::from_base64url;
use doorward_sdk::fake::{self, RawReply, RawRequest};
use doorward_sdk::prelude::*;

/// Ada is signed in, under these options of the plugin.
fn signed_in(options: Value) {
    fake::reset();
    fake::with(|world| world.options = options.to_string());
    fake::sign_in(&users::create(&json!({ "email": "ada@example.com", "name": "Ada" })).expect("user"));
}

fn body(answer: Result<Response>) -> Value {
    answer.expect("answer").body().expect("body")
}

fn get(path: &str) -> Value {
    body(RawRequest::get(path, &[]).send(&crate::plugin()))
}

fn token() -> String {
    get("/token")["token"].as_str().expect("token").to_owned()
}

/// The names of the published keys, oldest first.
fn published() -> Vec<String> {
    let keys = get("/jwks")["keys"].as_array().cloned().expect("keys");
    keys.iter().map(|key| key["kid"].as_str().expect("kid").to_owned()).collect()
}

/// The payload of a token of ours; null for any other.
fn verified(token: &str) -> Value {
    let request = RawRequest::post("/verify-jwt", &json!({ "token": token }));
    body(request.call(&crate::plugin(), "verify-jwt"))["payload"].clone()
}

fn header(token: &str) -> Value {
    let text = from_base64url(token.split('.').next().expect("header")).expect("base64url");
    serde_json::from_slice(&text).expect("JSON")
}

fn pass_secs(secs: u64) {
    fake::with(|world| world.now_millis += secs * 1000);
}

#[test]
fn a_token_is_signed_by_the_published_key_and_holds_for_its_time() {
    signed_in(json!({}));
    let token = token();
    assert_eq!(published(), [header(&token)["kid"].as_str().expect("kid")]);
    assert_eq!(header(&token)["alg"], json!("EdDSA"));
    let payload = verified(&token);
    assert_eq!((&payload["sub"], &payload["email"]), (&json!("user-1"), &json!("ada@example.com")));
    for (index, letter) in [(3, "A"), (token.len() - 1, "-")] {
        let mut forged = token.clone();
        forged.replace_range(index..=index, letter);
        assert_eq!(verified(&forged), Value::Null, "{forged}");
    }
    pass_secs(15 * 60);
    assert_eq!(verified(&token), Value::Null);
}

#[test]
fn nobody_gets_no_token_and_makes_no_key() {
    fake::reset();
    let refusal = RawRequest::get("/token", &[]).send(&crate::plugin()).expect_err("refused").refusal();
    assert_eq!((refusal.status, refusal.code.as_deref()), (401, Some("UNAUTHORIZED")));
    assert!(fake::with(|world| world.tables.is_empty() && world.tokens.is_empty()));
}

#[test]
fn a_rotated_key_is_accepted_through_its_grace_and_no_longer() {
    signed_in(json!({ "jwks": { "rotation_interval": 100, "grace_period": 50 }, "jwt": { "expiration_time": "1h" } }));
    let first = token();
    pass_secs(99);
    assert_eq!(header(&token())["kid"], header(&first)["kid"]);
    pass_secs(1);
    let second = token();
    let kids = [&first, &second].map(|token| header(token)["kid"].as_str().expect("kid").to_owned());
    assert_ne!(kids[0], kids[1]);
    assert_eq!(published(), kids);
    assert!(verified(&first).is_object() && verified(&second).is_object());
    pass_secs(49);
    assert!(verified(&first).is_object());
    pass_secs(1);
    assert_eq!(published(), kids[1..]);
    assert_eq!(verified(&first), Value::Null);
    assert!(verified(&second).is_object());
}

#[test]
fn what_is_kept_is_sealed_and_what_is_published_is_public() {
    for (open, is_sealed) in [(false, true), (true, false)] {
        signed_in(json!({ "jwks": { "disable_private_key_encryption": open } }));
        token();
        let row = fake::with(|world| world.tables["jwks"][0].clone());
        assert_eq!(row["privateKey"].as_str().is_some_and(|key| key.contains("sealed")), is_sealed);
        let key = get("/jwks")["keys"][0].clone();
        assert!(key.get("x").is_some() && key.get("d").is_none(), "{key}");
    }
    // A row of an old server that holds the whole pair as its public part.
    fake::with(|world| {
        world.tables.get_mut("jwks").expect("jwks")[0]
            .insert("publicKey".to_owned(), json!(r#"{"kty":"OKP","x":"a","d":"secret","p":"secret","oth":[]}"#))
    });
    let key = get("/jwks")["keys"][0].clone();
    assert!(["d", "p", "oth"].iter().all(|name| key.get(name).is_none()), "{key}");
}

#[test]
fn the_header_carries_the_defined_claims_and_its_key_is_remembered_for_ten_seconds() {
    signed_in(json!({ "jwt": { "define_payload": { "mail": "{user.email}" }, "audience": "api", "issuer": "us" } }));
    let on_header = || {
        let reply = RawReply::plain(200);
        RawRequest::get("/get-session", &[]).run_after(&crate::plugin(), &reply).expect("hook");
        Reply::new(&reply).header("set-auth-jwt").expect("token")
    };
    let first = on_header();
    let payload = verified(&first);
    assert_eq!([&payload["mail"], &payload["aud"], &payload["iss"]], ["ada@example.com", "api", "us"]);
    assert_eq!(payload.get("email"), None);
    fake::with(|world| world.tables.clear());
    pass_secs(6);
    let second = on_header();
    assert_ne!(second, first);
    assert_eq!(header(&second)["kid"], header(&first)["kid"]);
    pass_secs(5);
    assert_ne!(header(&on_header())["kid"], header(&first)["kid"]);
}

#[test]
fn one_token_serves_a_session_that_has_not_changed_for_five_seconds() {
    let on_header = || {
        let reply = RawReply::plain(200);
        RawRequest::get("/get-session", &[]).run_after(&crate::plugin(), &reply).expect("hook");
        Reply::new(&reply).header("set-auth-jwt").expect("token")
    };
    signed_in(json!({}));
    let first = on_header();
    pass_secs(4);
    assert_eq!(on_header(), first);
    fake::with(|world| world.session.as_mut().expect("session")["user"]["name"] = json!("Countess"));
    let changed = on_header();
    assert_ne!(changed, first, "a changed user has another token at once");
    pass_secs(5);
    assert_ne!(on_header(), changed);

    signed_in(json!({ "header_token_secs": 0 }));
    let first = on_header();
    pass_secs(1);
    assert_ne!(on_header(), first);
}

#[test]
fn the_backend_signs_under_options_of_its_own() {
    signed_in(json!({}));
    let sign = |body: Value| {
        let signed =
            RawRequest::post("/sign-jwt", &body).call(&crate::plugin(), "sign-jwt").map_err(|error| error.refusal());
        signed.map(|answer| answer.body().expect("body")["token"].as_str().expect("token").to_owned())
    };
    let own = json!({ "jwt": { "audience": "other", "expirationTime": "2h" } });
    let token = sign(json!({ "payload": { "sub": "job" }, "overrideOptions": own })).expect("signed");
    let claims = fake::with(|world| world.tokens[&token].clone());
    let claims: Value = serde_json::from_str(&claims).expect("claims");
    assert_eq!((&claims["sub"], &claims["aud"]), (&json!("job"), &json!("other")));
    assert_eq!(verified(&token), Value::Null, "another audience's token is none of ours");
    let unknown = sign(json!({ "payload": {}, "overrideOptions": { "jwt": { "nonsense": 1 } } })).expect_err("refused");
    assert_eq!((unknown.status, unknown.code.as_deref()), (400, Some("INVALID_OVERRIDE_OPTIONS")));
}

#[test]
fn a_session_check_goes_without_the_header_while_no_key_can_be_made() {
    signed_in(json!({}));
    let look = || {
        let reply = RawReply::plain(200);
        RawRequest::get("/get-session", &[]).run_after(&crate::plugin(), &reply).expect("the session check goes on");
        Reply::new(&reply).header("set-auth-jwt")
    };
    fake::with(|world| world.refuses_inserts = true);
    assert_eq!(look(), None);
    assert!(RawRequest::get("/token", &[]).send(&crate::plugin()).is_err(), "who asks for a token is told");
    fake::with(|world| world.refuses_inserts = false);
    assert!(look().is_some());
}
