//! Capability `webauthn`: the checks of a passkey ceremony.

use super::super::state::State;
use super::interfaces::types::HostError;
use super::interfaces::webauthn::{self as wit, Host};
use super::outcome::Answer;
use crate::webauthn::{self, Credential, Expected, Refused, verify_assertion, verify_registration};

const LONGEST_ANSWER: usize = 64 << 10;

fn expected<'a>(party: &'a wit::RelyingParty, challenge: &'a str, user_verification: bool) -> Expected<'a> {
    Expected { party_id: &party.id, origins: &party.origins, challenge, user_verification }
}

impl State {
    /// None for what does not hold, with the reason in the log.
    fn ceremony<T>(&self, checked: Result<T, Refused>) -> Option<T> {
        checked.inspect_err(|reason| tracing::info!(plugin = self.shared.id, %reason, "a passkey is refused")).ok()
    }
}

fn is_readable(answer: &str) -> Answer<()> {
    let too_long = HostError::Invalid(format!("an answer has at most {LONGEST_ANSWER} bytes"));
    if answer.len() <= LONGEST_ANSWER { Ok(()) } else { Err(too_long) }
}

impl Host for State {
    fn verify_registration(
        &mut self,
        party: wit::RelyingParty,
        challenge: String,
        answer: String,
        require_user_verification: bool,
    ) -> wasmtime::Result<Answer<Option<wit::Registration>>> {
        self.spend()?;
        if let Err(error) = is_readable(&answer) {
            return Ok(Err(error));
        }
        let expected = expected(&party, &challenge, require_user_verification);
        let registered = self.ceremony(verify_registration(&expected, &answer));
        let shown = |registered: webauthn::Registration| wit::Registration {
            credential_id: registered.credential_id,
            public_key: registered.public_key,
            counter: registered.counter,
            is_multi_device: registered.is_multi_device,
            is_backed_up: registered.is_backed_up,
            user_verified: registered.user_verified,
            aaguid: registered.aaguid,
        };
        Ok(Ok(registered.map(shown)))
    }

    fn verify_assertion(
        &mut self,
        party: wit::RelyingParty,
        challenge: String,
        credential: wit::Credential,
        answer: String,
        require_user_verification: bool,
    ) -> wasmtime::Result<Answer<Option<wit::Assertion>>> {
        self.spend()?;
        if let Err(error) = is_readable(&answer) {
            return Ok(Err(error));
        }
        let expected = expected(&party, &challenge, require_user_verification);
        let stored = Credential { id: &credential.id, public_key: &credential.public_key, counter: credential.counter };
        let asserted = self.ceremony(verify_assertion(&expected, &stored, &answer));
        let shown = |asserted: webauthn::Assertion| wit::Assertion {
            counter: asserted.counter,
            is_backed_up: asserted.is_backed_up,
            user_verified: asserted.user_verified,
        };
        Ok(Ok(asserted.map(shown)))
    }
}
