//! What the tests of several files begin with.

use doorward_sdk::fake::{self, RawRequest};
use doorward_sdk::prelude::*;
use doorward_sdk::webauthn::{Assertion, Registration};

/// An empty world with Ada signed in, and an authenticator that makes the credential `key-1`.
pub fn signed_in(options: &str) -> users::User {
    fake::reset();
    fake::with(|world| world.options = options.to_owned());
    makes("key-1");
    join("ada@example.com")
}

/// Another user, signed in instead.
pub fn join(email: &str) -> users::User {
    let user = users::create(&json!({ "email": email })).expect("user");
    fake::sign_in(&user);
    user
}

/// The authenticator makes this credential next.
pub fn makes(credential_id: &str) {
    let made = Registration {
        credential_id: credential_id.to_owned(),
        public_key: vec![1, 2, 3],
        counter: 0,
        is_multi_device: true,
        is_backed_up: false,
        user_verified: true,
        aaguid: "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4".to_owned(),
    };
    fake::with(|world| world.registration = Some(made));
}

/// The authenticator proves a credential with this counter next.
pub fn proves(counter: u32) {
    let assertion = Assertion { counter, is_backed_up: true, user_verified: true };
    fake::with(|world| world.assertion = Some(assertion));
}

/// Asks for options: the challenge among them.
pub fn challenge(path: &str) -> String {
    let answer = get(path, &[]).expect("options");
    answer["challenge"].as_str().expect("challenge").to_owned()
}

/// Asks for registration options and answers them.
pub fn register(fields: Value) -> std::result::Result<Value, String> {
    let challenge = challenge("/passkey/generate-register-options");
    let transports = json!({ "transports": ["internal", "a,b", "hybrid"] });
    let mut body = json!({ "response": { "challenge": challenge, "response": transports } });
    body.as_object_mut().expect("object").extend(fields.as_object().cloned().unwrap_or_default());
    post("/passkey/verify-registration", &body)
}

/// Asks for authentication options and answers them with this credential.
pub fn authenticate(credential_id: &str) -> std::result::Result<Value, String> {
    let challenge = challenge("/passkey/generate-authenticate-options");
    let response = json!({ "id": credential_id, "challenge": challenge });
    post("/passkey/verify-authentication", &json!({ "response": response }))
}

/// Calls an endpoint: the body of the answer, or status and code of the refusal.
pub fn get(path: &str, query: &[(&str, &str)]) -> std::result::Result<Value, String> {
    outcome(RawRequest::get(path, query).send(&crate::plugin()))
}

/// Like [`get`].
pub fn post(path: &str, body: &Value) -> std::result::Result<Value, String> {
    outcome(RawRequest::post(path, body).send(&crate::plugin()))
}

fn outcome(answer: Result<Response>) -> std::result::Result<Value, String> {
    let refusal = match answer {
        Ok(answer) => return Ok(answer.body().unwrap_or(Value::Null)),
        Err(error) => error.refusal(),
    };
    Err(format!("{} {}", refusal.status, refusal.code.unwrap_or_default()))
}
