//! Capability `counters`: counts that are exact under concurrency and stay when the request fails.
//!
//! Outside of transactions alone: what is counted in one would be forgotten with it, and what is counted beside it would wait
//! for it.

use std::time::Duration;

use super::interfaces::counters::Host;
use super::interfaces::types::HostError;
use super::outcome::Answer;
use crate::plugin_host::call::state::State;
use crate::store::counter;

const LONGEST_KEY: usize = 512;
const LONGEST_LEASE_SECS: u32 = 60;
const LONGEST_WAIT_MILLIS: u32 = 8000;
/// Between two looks at a lease that another request has.
const POLL_MILLIS: u32 = 50;
const LONGEST_WINDOW_SECS: u32 = 366 * 86_400;

impl State {
    /// The key as it is stored: no two plugins share one.
    fn counter_key(&self, key: &str) -> Answer<String> {
        if key.is_empty() || key.len() > LONGEST_KEY {
            return Err(HostError::Invalid(format!("a counter's key has 1 to {LONGEST_KEY} bytes")));
        }
        Ok(format!("{}:{key}", self.shared.id))
    }
}

impl Host for State {
    async fn hit(&mut self, key: String, window_secs: u32) -> wasmtime::Result<Answer<u64>> {
        at_its_time!(self, "counters", "hit");
        let key = self.counter_key(&key);
        let data = self.data()?;
        let (now, id) = (data.auth.now(), data.auth.random.id());
        let hit = async {
            let key = key?;
            if !(1..=LONGEST_WINDOW_SECS).contains(&window_secs) {
                return Err(HostError::Invalid(format!("a window lasts 1 to {LONGEST_WINDOW_SECS} seconds")));
            }
            Ok(counter::hit(&data.scope, &id, &key, window_secs, now).await?)
        };
        Ok(hit.await)
    }

    async fn peek(&mut self, key: String) -> wasmtime::Result<Answer<u64>> {
        at_its_time!(self, "counters", "peek");
        let key = self.counter_key(&key);
        let data = self.data()?;
        let now = data.auth.now();
        Ok(async { Ok(counter::peek(&data.scope, &key?, now).await?) }.await)
    }

    async fn reset(&mut self, key: String) -> wasmtime::Result<Answer<()>> {
        at_its_time!(self, "counters", "reset");
        let key = self.counter_key(&key);
        let data = self.data()?;
        Ok(async { Ok(counter::reset(&data.scope, &key?).await?) }.await)
    }

    async fn acquire(&mut self, key: String, lease_secs: u32, wait_millis: u32) -> wasmtime::Result<Answer<bool>> {
        at_its_time!(self, "counters", "acquire");
        let key = self.counter_key(&key);
        let data = self.data()?;
        let acquire = async {
            let key = key?;
            if !(1..=LONGEST_LEASE_SECS).contains(&lease_secs) || wait_millis > LONGEST_WAIT_MILLIS {
                let most = format!("at most {LONGEST_LEASE_SECS} seconds, after {LONGEST_WAIT_MILLIS} milliseconds");
                return Err(HostError::Invalid(format!("a lease lasts 1 second or more, {most}")));
            }
            for _ in 0..=wait_millis / POLL_MILLIS {
                let (now, id) = (data.auth.now(), data.auth.random.id());
                let is_free = counter::peek(&data.scope, &key, now).await? == 0;
                if is_free && counter::hit(&data.scope, &id, &key, lease_secs, now).await? == 1 {
                    return Ok(true);
                }
                tokio::time::sleep(Duration::from_millis(POLL_MILLIS.into())).await;
            }
            Ok(false)
        };
        Ok(acquire.await)
    }
}
