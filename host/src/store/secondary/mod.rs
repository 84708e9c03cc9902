//! Redis or Valkey beside the database: sessions, verifications and counts in the reference's key layout. The only place
//! that names its driver.
//!
//! Invariant: each change is one command or one script on one key, so it is atomic on a cluster too. A session's or a
//! verification's own key is the truth; lists and indexes are written before it and removed after it, and what they name
//! and nobody has is passed over.
//! Source: what the reference 1.7.25 writes through its Redis storage 1.7.5.

mod address;
mod entry;
mod link;
mod rows;
mod scripts;

use std::fmt;
use std::time::Duration;

use redis::{FromRedisValue, Value as Reply};

use super::error::StoreError;
use crate::clock::Timestamp;

use link::{Again, Link};
use scripts::SCRIPTS;

/// Where the storage is, and its limits of time.
#[derive(Clone)]
pub struct SecondaryOptions {
    /// Its URL.
    pub url: String,
    /// Begins every key.
    pub key_prefix: String,
    /// How long a new connection may take.
    pub connect_timeout: Duration,
    /// How long one command may take.
    pub command_timeout: Duration,
}

impl Default for SecondaryOptions {
    fn default() -> Self {
        Self {
            url: "redis://127.0.0.1:6379".to_owned(),
            key_prefix: "better-auth:".to_owned(),
            connect_timeout: Duration::from_secs(2),
            command_timeout: Duration::from_secs(1),
        }
    }
}

/// A secondary storage.
pub struct Secondary {
    link: Link,
    prefix: String,
}

impl Secondary {
    /// The storage of a URL; connects at the first command. Call it on the runtime that outlives all requests.
    ///
    /// # Errors
    /// `InvalidInput` for another URL, `Unavailable` when a file of certificates cannot be read.
    pub fn open(options: &SecondaryOptions) -> Result<Self, StoreError> {
        // The driver takes the process's provider, and two are linked.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        let server = address::server(options)?;
        let link = Link::new(server, options.connect_timeout, options.command_timeout);
        Ok(Self { link, prefix: options.key_prefix.clone() })
    }

    /// Whether it answers.
    ///
    /// # Errors
    /// `Unavailable` when it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        // A key of its own, so that it works on a cluster too.
        let mut command = redis::cmd("EXISTS");
        command.arg(self.key("ping"));
        self.link.run(&command, Again::Yes).await.map(drop)
    }

    /// Counts one event under `key` while there is room for it: at most `max` in a window of `window_ms`, which begins with
    /// its first. When there is none, how much longer the window lasts, in milliseconds.
    ///
    /// # Errors
    /// `Unavailable`: whoever counts must then refuse.
    pub async fn count(&self, key: &str, (window_ms, max): (i64, i64)) -> Result<Option<i64>, StoreError> {
        let (window, max) = (window_ms.max(1).to_string(), max.to_string());
        let left: i64 = self.script(&SCRIPTS.count, key, &[&max, &window], Again::No).await?;
        Ok((left >= 0).then_some(left))
    }

    /// Forgets the count of `key`.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn forget_count(&self, key: &str) -> Result<(), StoreError> {
        self.remove(key).await
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    async fn get(&self, name: &str) -> Result<Option<String>, StoreError> {
        let mut command = redis::cmd("GET");
        command.arg(self.key(name));
        read(self.link.run(&command, Again::Yes).await?)
    }

    /// Writes a value that ends after `life_ms`.
    async fn put(&self, name: &str, value: &str, life_ms: i64) -> Result<(), StoreError> {
        let mut command = redis::cmd("SET");
        command.arg(self.key(name)).arg(value).arg("PX").arg(life_ms.max(1));
        self.link.run(&command, Again::Yes).await.map(drop)
    }

    async fn remove(&self, name: &str) -> Result<(), StoreError> {
        let mut command = redis::cmd("DEL");
        command.arg(self.key(name));
        self.link.run(&command, Again::Yes).await.map(drop)
    }

    async fn members(&self, name: &str) -> Result<Vec<String>, StoreError> {
        let mut command = redis::cmd("SMEMBERS");
        command.arg(self.key(name));
        read(self.link.run(&command, Again::Yes).await?)
    }

    async fn script<T: FromRedisValue>(
        &self,
        script: &scripts::OneKey,
        name: &str,
        arguments: &[&str],
        again: Again,
    ) -> Result<T, StoreError> {
        let arguments: Vec<&[u8]> = arguments.iter().map(|argument| argument.as_bytes()).collect();
        let key = self.key(name);
        read(self.link.script(&script.script, (script.code, &key), &arguments, again).await?)
    }
}

fn read<T: FromRedisValue>(reply: Reply) -> Result<T, StoreError> {
    redis::from_redis_value(reply)
        .map_err(|_| StoreError::internal("the secondary storage holds something else under a key of this server"))
}

/// Milliseconds until `moment`.
fn life_ms(moment: Timestamp, now: Timestamp) -> i64 {
    moment.0.saturating_sub(now.0)
}

impl fmt::Debug for Secondary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secondary")
    }
}
