//! Capability `cookies`: only those that the manifest declares, which are never the core's.

use std::sync::Arc;

use super::interfaces::cookies::{Attributes, Host};
use super::interfaces::types::HostError;
use super::outcome::Answer;
use crate::cookie::signature::{Form, Signer};
use crate::exchange::Exchange;
use crate::http::encode_component;
use crate::plugin_host::admission::grant::CookieRight;
use crate::plugin_host::call::state::State;

const LONGEST_VALUE: usize = 3800;

impl State {
    /// The request and the declared cookie `name`.
    fn cookie(&mut self, name: &str) -> wasmtime::Result<Answer<(&mut Exchange, CookieRight)>> {
        let Some(right) = self.shared.rights.cookie(name) else {
            return Ok(Err(HostError::Denied(format!("the manifest declares no cookie `{name}`"))));
        };
        Ok(Ok((&mut self.work()?.exchange, right)))
    }

    /// What signs the cookie `name` of this plugin.
    fn signer(&mut self, name: &str, form: Option<Form>) -> wasmtime::Result<Signer> {
        let shared = Arc::clone(&self.shared);
        Ok(self.work()?.exchange.auth().cookies.plugin_signer(&shared.id, name, form))
    }

    /// `value` is what goes on the wire.
    fn set_cookie(&mut self, name: &str, value: String, attributes: &Attributes) -> wasmtime::Result<Answer<()>> {
        let (exchange, CookieRight { spec, .. }) = match self.cookie(name)? {
            Ok(found) => found,
            Err(error) => return Ok(Err(error)),
        };
        if value.len() > LONGEST_VALUE {
            return Ok(Err(HostError::Invalid(format!("a cookie's value has at most {LONGEST_VALUE} bytes"))));
        }
        let max_age_secs = attributes.max_age_secs.map(|secs| i64::try_from(secs).unwrap_or(i64::MAX));
        let mut cookie = spec.cookie(value, max_age_secs);
        cookie.attributes.http_only = Some(attributes.http_only);
        exchange.cookies.retain(|other| other.name != cookie.name);
        exchange.set_cookie(cookie);
        Ok(Ok(()))
    }
}

impl Host for State {
    fn get(&mut self, name: String) -> wasmtime::Result<Answer<Option<String>>> {
        at_its_time!(self, "cookies", "get");
        let read = self.cookie(&name)?.map(|(exchange, right)| exchange.request.cookie(&right.spec.name));
        Ok(read.map(|value| self.note_input(value)))
    }

    fn get_signed(&mut self, name: String) -> wasmtime::Result<Answer<Option<String>>> {
        at_its_time!(self, "cookies", "get-signed");
        let right = match self.cookie(&name)? {
            Ok((_, right)) => right,
            Err(error) => return Ok(Err(error)),
        };
        let signer = self.signer(&name, right.form)?;
        Ok(Ok(self.work()?.exchange.signed_cookie(&right.spec.name, &signer)))
    }

    fn set(&mut self, name: String, value: String, attributes: Attributes) -> wasmtime::Result<Answer<()>> {
        at_its_time!(self, "cookies", "set");
        self.set_cookie(&name, encode_component(&value), &attributes)
    }

    fn set_signed(&mut self, name: String, value: String, attributes: Attributes) -> wasmtime::Result<Answer<()>> {
        at_its_time!(self, "cookies", "set-signed");
        let form = match self.cookie(&name)? {
            Ok((_, right)) => right.form,
            Err(error) => return Ok(Err(error)),
        };
        match self.signer(&name, form)?.sign(&value) {
            Some(signed) => self.set_cookie(&name, signed, &attributes),
            None => Ok(Err(HostError::Invalid(format!("the cookie `{name}` has no values of this form")))),
        }
    }

    fn list_signed(&mut self, prefix: String) -> wasmtime::Result<Answer<Vec<(String, String)>>> {
        at_its_time!(self, "cookies", "list-signed");
        let shared = Arc::clone(&self.shared);
        let Some(CookieRight { spec, form }) = shared.rights.cookie_prefixes.get(&prefix) else {
            return Ok(Err(HostError::Denied(format!("the manifest declares no cookies that begin with `{prefix}`"))));
        };
        let exchange = &self.work()?.exchange;
        let cookies = &exchange.auth().cookies;
        let names = exchange.request.cookies().map(|(name, _)| name.to_owned());
        let read = |name: String| {
            let own_name = format!("{prefix}{}", name.strip_prefix(&spec.name)?);
            let value = exchange.signed_cookie(&name, &cookies.plugin_signer(&shared.id, &own_name, *form))?;
            Some((own_name, value))
        };
        Ok(Ok(names.filter_map(read).collect()))
    }

    fn delete(&mut self, name: String) -> wasmtime::Result<Answer<()>> {
        at_its_time!(self, "cookies", "delete");
        Ok(self.cookie(&name)?.map(|(exchange, right)| exchange.set_cookie(right.spec.deletion())))
    }
}
