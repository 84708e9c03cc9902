//! `POST /passkey/verify-registration`: keeps the passkey that the browser made.

use crate::challenge::{Ceremony, Challenge};
use crate::errors::{FAILED_TO_VERIFY_REGISTRATION, NOT_ALLOWED, PREVIOUSLY_REGISTERED};
use crate::options::Options;
use crate::passkey::{MODEL, Passkey};
use crate::register_options::registering_user;
use crate::verify_authentication::method;
use base64::prelude::{BASE64_STANDARD, Engine};
use doorward_sdk::prelude::*;
use doorward_sdk::webauthn::Registration;

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
    let stored = transactions::run(|| store(&user, made, input.name, transports))?;
    let mut answer = serde_json::to_value(&stored)?;
    if input.create_session {
        let opened = sessions::open(&user, proof)?;
        answer["session"] = Value::Object(opened.fields().clone());
        answer["user"] = serde_json::to_value(&opened.user)?;
    }
    Response::json(&answer)
}

fn store(user: &users::User, made: Registration, name: Option<String>, transports: Option<String>) -> Result<Passkey> {
    if Passkey::by_credential(&made.credential_id)?.is_some() {
        return Err(PREVIOUSLY_REGISTERED.into());
    }
    let row = Passkey {
        name,
        public_key: BASE64_STANDARD.encode(&made.public_key),
        user_id: user.id(),
        credential_id: made.credential_id,
        counter: made.counter,
        device_type: if made.is_multi_device { "multiDevice" } else { "singleDevice" }.to_owned(),
        backed_up: made.is_backed_up,
        transports,
        created_at: Some(clock::iso_text(clock::now_millis())),
        aaguid: Some(made.aaguid),
        id: String::new(),
    };
    models::insert(MODEL, &row)
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
