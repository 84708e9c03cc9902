//! Capability `verifications`: only identifiers with a prefix that the manifest declares.

use super::interfaces::types::HostError;
use super::interfaces::verifications::Host;
use super::outcome::Answer;
use crate::auth::verification;
use crate::plugin_host::call::state::State;

const LONGEST_IDENTIFIER: usize = 512;
const LONGEST_VALUE: usize = 64 << 10;

impl State {
    fn owns(&self, identifier: &str) -> Answer<()> {
        let prefixes = &self.shared.rights.verification_prefixes;
        match prefixes.iter().any(|prefix| identifier.starts_with(prefix)) {
            true => Ok(()),
            false => Err(HostError::Denied("the identifier has no prefix that the manifest declares".to_owned())),
        }
    }
}

/// What is stored has a bound. What a client sends as a token is as long as the client likes, and is then not found.
fn bounded(identifier: &str) -> Answer<()> {
    match identifier.len() <= LONGEST_IDENTIFIER {
        true => Ok(()),
        false => Err(HostError::Invalid(format!("an identifier has at most {LONGEST_IDENTIFIER} bytes"))),
    }
}

fn fits(value: &str) -> Answer<()> {
    if value.len() > LONGEST_VALUE {
        return Err(HostError::Invalid(format!("a value has at most {LONGEST_VALUE} bytes")));
    }
    Ok(())
}

impl Host for State {
    async fn create(&mut self, identifier: String, value: String, ttl_secs: u64) -> wasmtime::Result<Answer<()>> {
        at_its_time!(self, "verifications", "create");
        let owns = self.owns(&identifier).and_then(|()| bounded(&identifier)).and_then(|()| fits(&value));
        let data = self.data()?;
        if let Err(error) = owns {
            return Ok(Err(error));
        }
        let ttl_secs = i64::try_from(ttl_secs).unwrap_or(i64::MAX / 1000);
        let ends_at = data.auth.now().plus_secs(ttl_secs);
        let created = verification::create(data.auth, &data.scope, &identifier, &value, ttl_secs).await;
        self.proof_ends_at = Some(ends_at);
        Ok(created.map_err(HostError::from))
    }

    async fn find(&mut self, identifier: String) -> wasmtime::Result<Answer<Option<String>>> {
        at_its_time!(self, "verifications", "find");
        let owns = self.owns(&identifier);
        let data = self.data()?;
        if let Err(error) = owns {
            return Ok(Err(error));
        }
        let found = verification::find(data.auth, &data.scope, &identifier).await;
        Ok(found.map_err(HostError::from))
    }

    async fn consume(&mut self, identifier: String) -> wasmtime::Result<Answer<Option<String>>> {
        at_its_time!(self, "verifications", "consume");
        let owns = self.owns(&identifier);
        let data = self.data()?;
        if let Err(error) = owns {
            return Ok(Err(error));
        }
        let taken = verification::consume(data.auth, &data.scope, &identifier).await;
        Ok(taken.map_err(HostError::from))
    }

    async fn replace(&mut self, identifier: String, current: String, value: String) -> wasmtime::Result<Answer<bool>> {
        at_its_time!(self, "verifications", "replace");
        let owns = self.owns(&identifier).and_then(|()| fits(&value));
        let data = self.data()?;
        if let Err(error) = owns {
            return Ok(Err(error));
        }
        Ok(verification::replace(data.auth, &data.scope, &identifier, (&current, &value))
            .await
            .map_err(HostError::from))
    }
}
