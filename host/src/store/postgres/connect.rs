//! Opens connections to PostgreSQL, and finds out whether a pooler stands before it.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Config, Error};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::Address;
use super::errors;
use super::link::PgLink;
use super::tls;
use crate::store::error::StoreError;
use crate::store::options::StoreOptions;
use crate::store::remote::Driver;

/// Opens connections.
pub(in crate::store) struct Opener {
    config: Config,
    tls: MakeRustlsConnect,
    is_pooled: Option<bool>,
    /// Set once a pooler was found that the URL does not tell of.
    has_pooler: AtomicBool,
    limits: Limits,
}

/// Time limits that the database holds too, in milliseconds, so that they hold when this process hangs.
#[derive(Clone, Copy)]
struct Limits {
    statement: u128,
    lock: u128,
    idle_transaction: u128,
}

/// How long a connection may be silent before the system asks whether the other side still lives.
const KEEPALIVE_IDLE_SECS: u64 = 30;

impl Opener {
    pub(super) fn new(url: &str, options: &StoreOptions) -> Result<Self, StoreError> {
        let Address { mut config, check, roots, is_pooled } = Address::parse(url)?;
        let limits = Limits {
            statement: options.statement_timeout.as_millis(),
            lock: options.acquire_timeout.as_millis(),
            idle_transaction: options.idle_transaction_timeout.as_millis() * 2,
        };
        config.keepalives_idle(std::time::Duration::from_secs(KEEPALIVE_IDLE_SECS));
        if options.is_replica {
            config.target_session_attrs(TargetSessionAttrs::Any);
        }
        if config.get_connect_timeout().is_none() {
            // One that is away leaves time for the others.
            let servers = u32::try_from(config.get_hosts().len()).unwrap_or(u32::MAX).max(1);
            config.connect_timeout(options.connect_timeout / servers);
        }
        let tls = MakeRustlsConnect::new(tls::client(check, roots.as_ref())?);
        Ok(Self { config, tls, is_pooled, has_pooler: AtomicBool::new(false), limits })
    }

    /// Whether a pooler stands before the database, as far as is known.
    pub(super) fn has_pooler(&self) -> bool {
        self.is_pooled == Some(true) || self.has_pooler.load(Ordering::Relaxed)
    }

    /// Asks for settings at the start of the connection, which costs no round trip. A pooler that gives each transaction
    /// another connection refuses them or passes over them, because they would not hold.
    async fn connect_directly(&self) -> Result<Option<PgLink>, Error> {
        let Limits { statement, lock, idle_transaction } = self.limits;
        let mut config = self.config.clone();
        // A few milliseconds more, so that it is not what the server has by itself.
        let lock = lock + 1 + u128::from(RandomState::new().hash_one("lock") % 97);
        let limits =
            format!("-c statement_timeout={statement} -c idle_in_transaction_session_timeout={idle_transaction}");
        let needed = format!("-c timezone=UTC -c lock_timeout={lock}");
        // The last one wins: the operator may set other limits.
        let options = [limits.as_str(), config.get_options().unwrap_or_default(), &needed].join(" ");
        config.options(options);
        let link = match self.open(&config, "BEGIN".to_owned()).await {
            Err(error) if error.code().is_some_and(refuses_settings) => return Ok(None),
            opened => opened?,
        };
        let holds = link.setting("lock_timeout").await? == lock.to_string();
        Ok(holds.then_some(link))
    }

    /// Without any state of a session: limits are set in each transaction, and nothing stays prepared.
    async fn connect_through_pooler(&self) -> Result<PgLink, Error> {
        let Limits { statement, lock, idle_transaction } = self.limits;
        let begin = format!(
            "BEGIN; SET LOCAL timezone = 'UTC'; SET LOCAL statement_timeout = {statement}; \
             SET LOCAL lock_timeout = {lock}; SET LOCAL idle_in_transaction_session_timeout = {idle_transaction}"
        );
        let link = self.open(&self.config, begin).await?;
        Ok(link.without_prepared())
    }

    async fn open(&self, config: &Config, begin: String) -> Result<PgLink, Error> {
        let (client, connection) = config.connect(self.tls.clone()).await?;
        // It ends with the client, or with the connection; statements tell why.
        let task = tokio::spawn(async move { drop(connection.await) });
        Ok(PgLink::new(client, task.abort_handle(), begin))
    }
}

impl Driver for Opener {
    type Link = PgLink;

    async fn connect(&self) -> Result<PgLink, StoreError> {
        if !self.has_pooler() {
            let direct = self.connect_directly().await.map_err(errors::cannot_connect)?;
            match direct {
                Some(link) => return Ok(link),
                None if self.is_pooled == Some(false) => {
                    return Err(StoreError::Unavailable(
                        "a pooler stands before the database and does not keep settings: remove `pgbouncer=false` from the URL"
                            .to_owned(),
                    ));
                }
                None => self.has_pooler.store(true, Ordering::Relaxed),
            }
        }
        self.connect_through_pooler().await.map_err(errors::cannot_connect)
    }
}

/// PgBouncer says that it is a violation of the protocol, others that they do not support it.
fn refuses_settings(code: &SqlState) -> bool {
    [SqlState::PROTOCOL_VIOLATION, SqlState::FEATURE_NOT_SUPPORTED].contains(code)
}
