//! `POST /passkey/verify-registration`: keeps the passkey that the browser made.

use crate::challenge::{Ceremony, Challenge};
use crate::errors::{
    CHALLENGE_NOT_FOUND, FAILED_TO_VERIFY_REGISTRATION, NOT_ALLOWED, PREVIOUSLY_REGISTERED, RESOLVE_USER_REQUIRED,
};
use crate::options::Options;
use crate::passkey::{MODEL, Passkey};
use crate::register_options::registering_user;
use crate::verify_authentication::method;
use doorward_sdk::prelude::*;
use doorward_sdk::webauthn::Registration;

pub const REFUSALS: &[ErrorCode] = &[
    ErrorCode::UNAUTHORIZED,
    ErrorCode::SESSION_NOT_FRESH,
    RESOLVE_USER_REQUIRED,
    CHALLENGE_NOT_FOUND,
    NOT_ALLOWED,
    FAILED_TO_VERIFY_REGISTRATION,
    PREVIOUSLY_REGISTERED,
];

pub struct Verify {
    response: Value,
    name: Option<String>,
    create_session: bool,
}

impl Input for Verify {
    fn read(fields: &mut Fields<'_>) -> Self {
        let response = fields.any("response");
        let name: Option<String> = fields.optional("name");
        Verify {
            response,
            name: name.map(|name| name.trim().to_owned()),
            create_session: fields.optional("createSession").unwrap_or(false),
        }
    }
}

pub fn verify_registration(_request: &Request, input: Verify) -> Result<Response> {
    let options: Options = config::options()?;
    let user = registering_user(&options)?;
    let challenge = Challenge::redeem(Ceremony::Registration, &options)?;
    if challenge.user_id() != user.id() {
        return Err(NOT_ALLOWED.into());
    }
    let party = options.relying_party();
    let is_strict = options.requires_user_verification();
    let made = webauthn::verify_registration(&party, &challenge.challenge, &input.response, is_strict)
        .map_err(|_| FAILED_TO_VERIFY_REGISTRATION)?;
    let transports = transports(&input.response);
    let proof = method(made.user_verified);
    let stored = transactions::run(|| {
        let stored = store(&user, made, input.name, transports)?;
        users::tell_of_change(&user.id(), users::WayIn::Passkey)?;
        Ok(stored)
    })?;
    let mut answer = serde_json::to_value(&stored)?;
    if input.create_session {
        let opened = sessions::open(&user, proof)?;
        answer["session"] = Value::Object(opened.fields().clone());
        answer["user"] = serde_json::to_value(&opened.user)?;
    }
    Response::json(&answer)
}

fn store(user: &users::User, made: Registration, name: Option<String>, transports: Option<String>) -> Result<Passkey> {
    let row = Passkey {
        name,
        public_key: crypto::base64(&made.public_key),
        user_id: user.id(),
        credential_id: made.credential_id,
        counter: made.counter,
        device_type: if made.is_multi_device { "multiDevice" } else { "singleDevice" }.to_owned(),
        backed_up: made.is_backed_up,
        transports,
        created_at: Some(clock::iso_text(clock::now_millis())),
        aaguid: Some(made.aaguid),
        last_used_at: None,
        id: String::new(),
    };
    models::insert(MODEL, &row).map_err(|error| match error {
        Error::Host(HostError::Conflict(_)) => PREVIOUSLY_REGISTERED.into(),
        other => other,
    })
}

/// How the browser reaches the authenticator, as it says itself: words without commas.
fn transports(response: &Value) -> Option<String> {
    let listed = response.pointer("/response/transports")?.as_array()?;
    let words = listed.iter().filter_map(Value::as_str).filter(|word| is_word(word));
    Some(words.collect::<Vec<_>>().join(","))
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use crate::testing::{authenticate, challenge, get, join, makes, post, proves, register, signed_in};
    use doorward_sdk::fake;
    use doorward_sdk::prelude::*;

    fn refused(code: &str) -> std::result::Result<Value, String> {
        Err(code.to_owned())
    }

    #[test]
    fn a_passkey_is_kept_as_the_authenticator_made_it() {
        let user = signed_in("{}");
        let kept = register(json!({ "name": "  Laptop " })).expect("kept");
        let expected = json!({
            "name": "Laptop", "publicKey": "AQID", "userId": user.id(), "credentialID": "key-1", "counter": 0,
            "deviceType": "multiDevice", "backedUp": false, "transports": "internal,hybrid",
            "createdAt": "2023-11-14T22:13:20.000Z", "aaguid": "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4",
        });
        for (name, value) in expected.as_object().expect("object") {
            assert_eq!(&kept[name], value, "{name}");
        }
        assert_eq!(get("/passkey/list-user-passkeys", &[]), Ok(json!([kept])));
        let options = get("/passkey/generate-register-options", &[]).expect("options");
        let own = json!([{ "id": "key-1", "transports": ["internal", "hybrid"], "type": "public-key" }]);
        assert_eq!(options["excludeCredentials"], own);
        assert!(fake::with(|world| world.sessions.is_empty()));
        assert_eq!(fake::with(|world| world.told.clone()), [(user.id(), "passkey-added".to_owned())]);
    }

    #[test]
    fn a_session_is_opened_where_it_is_asked_for() {
        let user = signed_in("{}");
        let answer = register(json!({ "createSession": true })).expect("kept");
        assert_eq!(answer["user"]["id"], json!(user.id()));
        assert_eq!(fake::with(|world| world.sessions.clone()), [user.id()]);
    }

    #[test]
    fn a_challenge_is_redeemed_once_by_whom_and_for_what_it_was_made() {
        signed_in("{}");
        let body = |challenge: String| json!({ "response": { "challenge": challenge } });
        let first = challenge("/passkey/generate-register-options");
        assert_eq!(
            post("/passkey/verify-registration", &body("x".to_owned())),
            refused("400 FAILED_TO_VERIFY_REGISTRATION")
        );
        assert_eq!(post("/passkey/verify-registration", &body(first)), refused("400 CHALLENGE_NOT_FOUND"));
        let other = challenge("/passkey/generate-authenticate-options");
        assert_eq!(post("/passkey/verify-registration", &body(other)), refused("400 CHALLENGE_NOT_FOUND"));
        let late = challenge("/passkey/generate-register-options");
        fake::with(|world| world.now_millis += 300_001);
        assert_eq!(post("/passkey/verify-registration", &body(late)), refused("400 CHALLENGE_NOT_FOUND"));
        let of_ada = challenge("/passkey/generate-register-options");
        join("eve@example.com");
        let not_allowed = refused("401 YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY");
        assert_eq!(post("/passkey/verify-registration", &body(of_ada)), not_allowed);
        assert_eq!(get("/passkey/list-user-passkeys", &[]), Ok(json!([])));
    }

    #[test]
    fn a_credential_belongs_to_one_user() {
        let ada = signed_in("{}");
        register(json!({})).expect("kept");
        let eve = join("eve@example.com");
        assert_eq!(register(json!({})), refused("400 PREVIOUSLY_REGISTERED"));
        makes("key-2");
        register(json!({})).expect("kept");
        proves(1);
        assert_eq!(authenticate("key-1").expect("signed in")["user"]["id"], json!(ada.id()));
        assert_eq!(authenticate("key-2").expect("signed in")["user"]["id"], json!(eve.id()));
    }

    #[test]
    fn who_registers_has_a_fresh_session_or_as_configured_any() {
        signed_in("{}");
        fake::with(|world| world.is_session_old = true);
        assert_eq!(get("/passkey/generate-register-options", &[]), refused("403 SESSION_NOT_FRESH"));
        fake::with(|world| world.options = r#"{"registration":{"require_session":false}}"#.to_owned());
        register(json!({})).expect("kept");
        fake::with(|world| world.session = None);
        assert_eq!(get("/passkey/generate-register-options", &[]), refused("400 RESOLVE_USER_REQUIRED"));
    }
}
