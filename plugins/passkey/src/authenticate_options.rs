//! `GET /passkey/generate-authenticate-options`: what the browser needs to sign in with a passkey.

use crate::challenge::Challenge;
use crate::options::Options;
use crate::passkey::{Descriptor, Passkey};
use doorward_sdk::prelude::*;

const TIMEOUT_MILLIS: u32 = 60_000;

pub fn authenticate_options(_request: &Request, (): ()) -> Result<Response> {
    let options: Options = config::options()?;
    let user = sessions::current()?.map(|session| session.user);
    // Only one's own passkeys are told: nobody learns which a stranger has.
    let own = user.as_ref().map(|user| Passkey::of_user(&user.id())).transpose()?.unwrap_or_default();
    let challenge = Challenge::authentication(user.as_ref())?;
    challenge.begin(&options)?;
    let verification = options.authenticator_selection.user_verification;
    let mut answer = json!({ "rpId": options.relying_party().id, "challenge": challenge.challenge });
    if !own.is_empty() {
        let allowed: Vec<Descriptor> = own.iter().map(Passkey::descriptor).collect();
        answer["allowCredentials"] = serde_json::to_value(allowed)?;
    }
    answer["timeout"] = json!(TIMEOUT_MILLIS);
    answer["userVerification"] = serde_json::to_value(verification)?;
    Response::json(&answer)
}
