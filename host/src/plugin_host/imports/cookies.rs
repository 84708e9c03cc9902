//! Capability `cookies`: only those that the manifest declares, which are never the core's.

use super::interfaces::cookies::{Attributes, Host};
use super::interfaces::types::HostError;
use super::outcome::Answer;
use crate::cookie::CookieSpec;
use crate::exchange::Exchange;
use crate::http::encode_component;
use crate::plugin_host::call::state::State;

const LONGEST_VALUE: usize = 3800;

impl State {
    /// The request and the declared cookie `name`.
    fn cookie(&mut self, name: &str) -> wasmtime::Result<Answer<(&mut Exchange, CookieSpec)>> {
        let Some(spec) = self.shared.rights.cookie(name) else {
            return Ok(Err(HostError::Denied(format!("the manifest declares no cookie `{name}`"))));
        };
        Ok(Ok((&mut self.work()?.exchange, spec)))
    }

    /// `write` makes the value that goes on the wire.
    fn set_cookie(
        &mut self,
        name: &str,
        attributes: &Attributes,
        write: impl FnOnce(&Exchange) -> String,
    ) -> wasmtime::Result<Answer<()>> {
        let (exchange, spec) = match self.cookie(name)? {
            Ok(found) => found,
            Err(error) => return Ok(Err(error)),
        };
        let value = write(exchange);
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
        Ok(self.cookie(&name)?.map(|(exchange, spec)| exchange.request.cookie(&spec.name)))
    }

    fn get_signed(&mut self, name: String) -> wasmtime::Result<Answer<Option<String>>> {
        Ok(self.cookie(&name)?.map(|(exchange, spec)| exchange.signed_cookie(&spec.name)))
    }

    fn set(&mut self, name: String, value: String, attributes: Attributes) -> wasmtime::Result<Answer<()>> {
        self.set_cookie(&name, &attributes, |_| encode_component(&value))
    }

    fn set_signed(&mut self, name: String, value: String, attributes: Attributes) -> wasmtime::Result<Answer<()>> {
        self.set_cookie(&name, &attributes, |exchange| exchange.auth().cookies.sign(&value))
    }

    fn list_signed(&mut self, prefix: String) -> wasmtime::Result<Answer<Vec<(String, String)>>> {
        let Some(full) = self.shared.rights.cookie_prefixes.get(&prefix).map(|spec| spec.name.clone()) else {
            return Ok(Err(HostError::Denied(format!("the manifest declares no cookies that begin with `{prefix}`"))));
        };
        let exchange = &self.work()?.exchange;
        let names = exchange.request.cookies().map(|(name, _)| name.to_owned());
        let read = |name: String| {
            let end = name.strip_prefix(&full)?.to_owned();
            Some((format!("{prefix}{end}"), exchange.signed_cookie(&name)?))
        };
        Ok(Ok(names.filter_map(read).collect()))
    }

    fn delete(&mut self, name: String) -> wasmtime::Result<Answer<()>> {
        Ok(self.cookie(&name)?.map(|(exchange, spec)| exchange.set_cookie(spec.deletion())))
    }
}
