//! Capability `webauthn`: the checks of a passkey ceremony.

use super::interfaces::webauthn::{self as wit, Host};
use crate::crypto::webauthn::{self, Credential, Expected, Refused, verify_assertion, verify_registration};
use crate::plugin_host::call::state::State;

const LONGEST_ANSWER: usize = 64 << 10;

fn expected<'a>(party: &'a wit::RelyingParty, challenge: &'a str, user_verification: bool) -> Expected<'a> {
    Expected { party_id: &party.id, origins: &party.origins, challenge, user_verification }
}

impl State {
    /// Runs a check on an answer of a sensible length; the log gets the reason of a refusal.
    fn ceremony<T>(&self, answer: &str, check: impl FnOnce() -> Result<T, Refused>) -> Result<T, wit::Fault> {
        let checked = if answer.len() <= LONGEST_ANSWER { check() } else { Err(Refused::Answer("it is too long")) };
        checked.map_err(|reason| {
            tracing::info!(plugin = self.shared.id, %reason, "a passkey is refused");
            match reason {
                Refused::Answer(_) => wit::Fault::Answer,
                Refused::Signature => wit::Fault::Signature,
                Refused::Counter => wit::Fault::Counter,
            }
        })
    }
}

impl Host for State {
    fn verify_registration(
        &mut self,
        party: wit::RelyingParty,
        challenge: String,
        answer: String,
        require_user_verification: bool,
    ) -> wasmtime::Result<Result<wit::Registration, wit::Fault>> {
        self.spend()?;
        let expected = expected(&party, &challenge, require_user_verification);
        let registered = self.ceremony(&answer, || verify_registration(&expected, &answer));
        let shown = |registered: webauthn::Registration| wit::Registration {
            credential_id: registered.credential_id,
            public_key: registered.public_key,
            counter: registered.counter,
            is_multi_device: registered.is_multi_device,
            is_backed_up: registered.is_backed_up,
            user_verified: registered.user_verified,
            aaguid: registered.aaguid,
        };
        Ok(registered.map(shown))
    }

    fn verify_assertion(
        &mut self,
        party: wit::RelyingParty,
        challenge: String,
        credential: wit::Credential,
        answer: String,
        require_user_verification: bool,
    ) -> wasmtime::Result<Result<wit::Assertion, wit::Fault>> {
        self.spend()?;
        let expected = expected(&party, &challenge, require_user_verification);
        let stored = Credential { id: &credential.id, public_key: &credential.public_key, counter: credential.counter };
        let asserted = self.ceremony(&answer, || verify_assertion(&expected, &stored, &answer));
        let shown = |asserted: webauthn::Assertion| wit::Assertion {
            counter: asserted.counter,
            is_backed_up: asserted.is_backed_up,
            user_verified: asserted.user_verified,
        };
        Ok(asserted.map(shown))
    }
}
