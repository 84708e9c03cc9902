//! `POST /passkey/verify-authentication`: signs the owner of a passkey in.

use crate::challenge::{Ceremony, Challenge};
use crate::errors::{AUTHENTICATION_FAILED, PASSKEY_NOT_FOUND, WRONG_SIGNATURE};
use crate::options::Options;
use crate::passkey::{MODEL, Passkey};
use base64::prelude::{BASE64_STANDARD, Engine};
use doorward_sdk::prelude::*;
use doorward_sdk::webauthn::{Assertion, Credential, Fault};

pub struct Verify {
    response: Map<String, Value>,
}

impl Input for Verify {
    fn read(fields: &mut Fields<'_>) -> Self {
        Verify { response: fields.required("response") }
    }
}

pub fn verify_authentication(_request: &Request, input: Verify) -> Result<Response> {
    let options: Options = config::options()?;
    let challenge = Challenge::redeem(Ceremony::Authentication, &options)?;
    let id = input.response.get("id").and_then(Value::as_str).unwrap_or_default();
    let passkey = Passkey::by_credential(id)?.ok_or(PASSKEY_NOT_FOUND)?;
    let assertion = check(&options, &challenge, &passkey, input.response)?;
    remember(&passkey, &assertion)?;
    let user = users::find_by_id(&passkey.user_id)?.ok_or(PASSKEY_NOT_FOUND)?;
    let opened = sessions::open(&user, method(assertion.user_verified))?;
    Response::json(&json!({ "session": opened.fields(), "user": opened.user }))
}

/// How who presents a passkey is known: without user verification it is one factor, not two.
pub fn method(user_verified: bool) -> &'static str {
    if user_verified { "passkey" } else { "passkey-presence" }
}

fn check(
    options: &Options,
    challenge: &Challenge,
    passkey: &Passkey,
    response: Map<String, Value>,
) -> Result<Assertion> {
    let credential = Credential {
        id: passkey.credential_id.clone(),
        public_key: BASE64_STANDARD.decode(&passkey.public_key).map_err(|_| AUTHENTICATION_FAILED)?,
        counter: passkey.counter,
    };
    let party = options.relying_party();
    let is_strict = options.requires_user_verification();
    webauthn::verify_assertion(&party, &challenge.challenge, &credential, &Value::Object(response), is_strict)
        .map_err(|fault| if fault == Fault::Signature { WRONG_SIGNATURE } else { AUTHENTICATION_FAILED }.into())
}

/// Keeps the counter, unless another sign-in moved it in the meantime: then one of the two is a copy.
fn remember(passkey: &Passkey, assertion: &Assertion) -> Result<()> {
    let unmoved = eq("id", &passkey.id).and(eq("counter", passkey.counter));
    let fields = json!({ "counter": assertion.counter, "backedUp": assertion.is_backed_up });
    match models::update::<Passkey>(MODEL, unmoved, &fields)?.len() {
        0 => Err(AUTHENTICATION_FAILED.into()),
        _ => Ok(()),
    }
}
