//! Opens connections to MySQL and MariaDB.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mysql_async::{Conn, DriverError, Error, OptsBuilder, SslOpts};

use super::address::Address;
use super::errors;
use super::link::MysqlLink;
use crate::store::error::StoreError;
use crate::store::options::StoreOptions;
use crate::store::remote::Driver;

/// Opens connections.
pub(in crate::store) struct Opener {
    options: OptsBuilder,
    tls: Option<SslOpts>,
    may_be_plain: bool,
    /// Set once a server has said that it has no TLS.
    is_plain: AtomicBool,
}

const KEEPALIVE: Duration = Duration::from_secs(30);
/// Statements that a connection keeps prepared at once.
const MAX_PREPARED: usize = 500;

impl Opener {
    pub(super) fn new(url: &str, options: &StoreOptions) -> Result<Self, StoreError> {
        let Address { options: place, tls, may_be_plain } = Address::parse(url)?;
        // Seconds; 0 would mean not to wait at all.
        let lock_secs = options.acquire_timeout.as_secs().max(1);
        // Names are quoted as the standard says, texts are what they look like, and nothing is cut to fit. Statements see
        // what others have committed, as on the other databases.
        let session = format!(
            "SET SESSION sql_mode = 'ANSI_QUOTES,STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES,NO_ENGINE_SUBSTITUTION', \
             time_zone = '+00:00', innodb_lock_wait_timeout = {lock_secs}"
        );
        let isolation = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED".to_owned();
        let options = place
            .tcp_keepalive(Some(KEEPALIVE))
            .stmt_cache_size(MAX_PREPARED)
            .prefer_socket(false)
            .setup(vec![session, isolation]);
        Ok(Self { options, tls, may_be_plain, is_plain: AtomicBool::new(false) })
    }

    async fn open(&self, tls: Option<SslOpts>) -> Result<MysqlLink, Error> {
        Conn::new(self.options.clone().ssl_opts(tls)).await.map(MysqlLink::new)
    }
}

impl Driver for Opener {
    type Link = MysqlLink;

    async fn connect(&self) -> Result<MysqlLink, StoreError> {
        let tls = self.tls.clone().filter(|_| !self.is_plain.load(Ordering::Relaxed));
        let is_encrypted = tls.is_some();
        match self.open(tls).await {
            Err(Error::Driver(DriverError::NoClientSslFlagFromServer)) if is_encrypted && self.may_be_plain => {
                self.is_plain.store(true, Ordering::Relaxed);
                self.open(None).await
            }
            opened => opened,
        }
        .map_err(|error| errors::cannot_connect(&error))
    }
}
