//! Capability `session-tokens`: the session's token outside of cookies, for clients that keep none.

use doorward_contract::Call;

use super::interfaces::session_tokens::Host;
use super::outcome::Answer;
use crate::http::{decode_component, encode_component};
use crate::plugin_host::call::state::State;

const LONGEST_VALUE: usize = 4096;

impl Host for State {
    async fn bearer(&mut self) -> wasmtime::Result<Option<String>> {
        const CALL: Call = Call::of("session-tokens", "bearer");
        if self.not_now(&CALL)?.is_some() {
            return Ok(None);
        }
        let headers = &self.work()?.exchange.request.headers;
        let token = headers.get("authorization").and_then(|value| {
            let (scheme, token) = value.trim().split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
        });
        Ok(token.filter(|token| !token.is_empty()))
    }

    async fn present(&mut self, value: String, require_signature: bool) -> wasmtime::Result<Answer<bool>> {
        at_its_time!(self, "session-tokens", "present");
        let exchange = &mut self.work()?.exchange;
        let is_possible = !value.is_empty() && value.len() <= LONGEST_VALUE && !value.contains(char::is_control);
        let cookies = &exchange.auth().cookies;
        let wire = match value.contains('.') {
            _ if !is_possible => None,
            false if require_signature => None,
            // What has no token's form is never signed: it stands in the cookie as it is, and is nobody's session.
            false => Some(cookies.token_signer.sign(&value).unwrap_or_else(|| encode_component(&value))),
            true => {
                let signed = decode_component(&value);
                cookies.token_signer.verify(&signed).is_some().then(|| encode_component(&signed))
            }
        };
        let name = cookies.session_token.name.clone();
        let Some(wire) = wire else { return Ok(Ok(false)) };
        exchange.request.set_cookie(&name, &wire);
        exchange.forget_session();
        Ok(Ok(true))
    }

    async fn issued(&mut self) -> wasmtime::Result<Option<String>> {
        const CALL: Call = Call::of("session-tokens", "issued");
        if self.not_now(&CALL)?.is_some() {
            return Ok(None);
        }
        let work = self.work()?;
        let name = &work.exchange.auth().cookies.session_token.name;
        let mut set = work.exchange.cookies.iter().rev();
        let cookie = set.find(|cookie| cookie.name == *name).filter(|cookie| !cookie.is_deletion());
        Ok(cookie.map(|cookie| decode_component(cookie.value.expose())))
    }
}
