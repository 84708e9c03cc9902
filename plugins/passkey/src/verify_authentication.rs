//! `POST /passkey/verify-authentication`: signs the owner of a passkey in.

use crate::challenge::{Ceremony, Challenge};
use crate::errors::{AUTHENTICATION_FAILED, CHALLENGE_NOT_FOUND, PASSKEY_NOT_FOUND, WRONG_SIGNATURE};
use crate::options::Options;
use crate::passkey::{MODEL, Passkey};
use doorward_sdk::prelude::*;
use doorward_sdk::webauthn::{Assertion, Credential, Fault};

pub const REFUSALS: &[ErrorCode] = &[CHALLENGE_NOT_FOUND, PASSKEY_NOT_FOUND, AUTHENTICATION_FAILED, WRONG_SIGNATURE];

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
        public_key: crypto::from_base64(&passkey.public_key).ok_or(AUTHENTICATION_FAILED)?,
        counter: passkey.counter,
    };
    let party = options.relying_party();
    let is_strict = options.requires_user_verification();
    webauthn::verify_assertion(&party, &challenge.challenge, &credential, &Value::Object(response), is_strict)
        .map_err(|fault| if fault == Fault::Signature { WRONG_SIGNATURE } else { AUTHENTICATION_FAILED }.into())
}

/// Keeps the counter and the time, unless another sign-in moved it in the meantime: then one of the two is a copy.
fn remember(passkey: &Passkey, assertion: &Assertion) -> Result<()> {
    let unmoved = eq("id", &passkey.id).and(eq("counter", passkey.counter));
    let now = clock::iso_text(clock::now_millis());
    let fields = json!({ "counter": assertion.counter, "backedUp": assertion.is_backed_up, "lastUsedAt": now });
    match models::update::<Passkey>(MODEL, unmoved, &fields)?.len() {
        0 => Err(AUTHENTICATION_FAILED.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{authenticate, challenge, get, post, proves, register, signed_in};
    use doorward_sdk::fake;
    use doorward_sdk::prelude::*;

    fn registered() {
        signed_in("{}");
        register(json!({})).expect("kept");
        fake::with(|world| world.session = None);
    }

    fn refused(code: &str) -> std::result::Result<Value, String> {
        Err(code.to_owned())
    }

    #[test]
    fn the_counter_only_grows_and_is_kept() {
        registered();
        let answers = [(0, true), (10, true), (10, false), (9, false), (0, false), (11, true)];
        for (counter, holds) in answers {
            proves(counter);
            let answer = authenticate("key-1");
            if holds {
                assert!(answer.expect("signed in")["session"]["token"].is_string(), "{counter}");
            } else {
                assert_eq!(answer, refused("400 AUTHENTICATION_FAILED"), "{counter}");
            }
        }
        let passkeys = get("/passkey/list-user-passkeys", &[]).expect("signed in");
        assert_eq!((&passkeys[0]["counter"], &passkeys[0]["backedUp"]), (&json!(11), &json!(true)));
        assert_eq!(fake::with(|world| world.sessions.len()), 3);
    }

    #[test]
    fn unknown_credentials_and_challenges_of_others_open_nothing() {
        registered();
        proves(1);
        assert_eq!(authenticate("key-9"), refused("401 PASSKEY_NOT_FOUND"));
        let made = challenge("/passkey/generate-authenticate-options");
        let body = json!({ "response": { "id": "key-1", "challenge": made } });
        fake::with(|world| world.cookies.clear());
        assert_eq!(post("/passkey/verify-authentication", &body), refused("400 CHALLENGE_NOT_FOUND"));
        assert_eq!(post("/passkey/verify-authentication", &json!({})), refused("400 VALIDATION_ERROR"));
        assert!(fake::with(|world| world.sessions.is_empty()));
    }

    #[test]
    fn strangers_are_not_told_of_anyones_passkeys() {
        registered();
        let options = get("/passkey/generate-authenticate-options", &[]).expect("options");
        assert_eq!(options.get("allowCredentials"), None);
        assert_eq!(options["rpId"], json!("localhost"));
    }
}
