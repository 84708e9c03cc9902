//! The connection to a secondary storage: made when it is needed, given up when it fails, each command within its deadline.

use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::sentinel::SentinelClient;
use redis::{AsyncConnectionConfig, Client, Cmd, ErrorKind, RedisError, RedisResult, Script, ServerErrorKind, Value};
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use crate::store::error::StoreError;

const REFUSED: &str = "refuses the user or the password of its URL, or secondary_storage.password";

/// Who is asked for a connection.
pub(super) enum Server {
    /// A server of its own.
    Single(Box<Client>),
    /// Sentinels, which know the present primary.
    Sentinel(Box<Mutex<SentinelClient>>),
    /// A cluster.
    Cluster(Box<ClusterClient>),
}

/// An open connection. Clones share it.
#[derive(Clone)]
enum Connection {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Connection {
    async fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        match self {
            Self::Single(connection) => connection.req_packed_command(command).await,
            Self::Cluster(connection) => connection.req_packed_command(command).await,
        }
    }
}

/// The way to a server. One connection serves all requests; answers come in the order of commands.
pub(super) struct Link {
    server: std::sync::Arc<Server>,
    open: Mutex<Option<(u64, Connection)>>,
    /// Where the connection's own task runs. Workers of the server come and go, and each has other work.
    runtime: Option<Handle>,
    connect_timeout: Duration,
    command_timeout: Duration,
}

/// Whether a command may be sent again after a connection that broke.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// It comes to the same.
    Yes,
    /// The first may have been carried out, and its answer lost.
    No,
}

impl Link {
    pub(super) fn new(server: Server, connect_timeout: Duration, command_timeout: Duration) -> Self {
        Self {
            server: std::sync::Arc::new(server),
            open: Mutex::default(),
            runtime: Handle::try_current().ok(),
            connect_timeout,
            command_timeout,
        }
    }

    /// Runs a command.
    ///
    /// # Errors
    /// `Unavailable` when the server cannot be reached or does not answer in time, `Internal` when it refuses the command.
    pub(super) async fn run(&self, command: &Cmd, again: Again) -> Result<Value, StoreError> {
        match self.attempt(command).await {
            Err(error) if again == Again::Yes && is_broken(&error) => self.attempt(command).await.map_err(failed),
            result => result.map_err(failed),
        }
    }

    /// Runs a script on one key.
    ///
    /// # Errors
    /// As [`Link::run`].
    pub(super) async fn script(
        &self,
        script: &Script,
        (code, key): (&str, &str),
        arguments: &[&[u8]],
        again: Again,
    ) -> Result<Value, StoreError> {
        let command = |name: &str, text: &str| {
            let mut command = redis::cmd(name);
            command.arg(text).arg(1).arg(key).arg(arguments);
            command
        };
        let known = command("EVALSHA", script.get_hash());
        match self.attempt(&known).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.run(&command("EVAL", code), again).await
            }
            Err(error) if again == Again::Yes && is_broken(&error) => self.run(&command("EVAL", code), Again::No).await,
            result => result.map_err(failed),
        }
    }

    async fn attempt(&self, command: &Cmd) -> RedisResult<Value> {
        let (number, mut connection) = self.connection().await?;
        let answer = tokio::time::timeout(self.command_timeout, connection.send(command)).await;
        // What the server refuses comes as an answer.
        let answer = answer.unwrap_or_else(|_| Err(timed_out())).and_then(Value::extract_error);
        if answer.as_ref().is_err_and(is_broken) {
            let mut open = self.open.lock().await;
            if open.as_ref().is_some_and(|(present, _)| *present == number) {
                *open = None;
            }
        }
        answer
    }

    /// The open connection, or a new one. While one caller connects, the others wait for it, no longer than it may take.
    async fn connection(&self) -> RedisResult<(u64, Connection)> {
        let connecting = async {
            let mut open = self.open.lock().await;
            if let Some((number, connection)) = &*open {
                return Ok((*number, connection.clone()));
            }
            let connection = self.connect().await?;
            let number = NUMBERS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            *open = Some((number, connection.clone()));
            Ok((number, connection))
        };
        tokio::time::timeout(self.connect_timeout, connecting).await.unwrap_or_else(|_| Err(timed_out()))
    }

    async fn connect(&self) -> RedisResult<Connection> {
        let (server, timeout) = (std::sync::Arc::clone(&self.server), self.connect_timeout);
        let response = self.command_timeout;
        let connecting = async move {
            let config = AsyncConnectionConfig::new();
            let config = config.set_connection_timeout(Some(timeout)).set_response_timeout(Some(response));
            Ok(match &*server {
                Server::Single(client) => {
                    Connection::Single(client.get_multiplexed_async_connection_with_config(&config).await?)
                }
                Server::Sentinel(client) => {
                    Connection::Single(client.lock().await.get_async_connection_with_config(&config).await?)
                }
                Server::Cluster(client) => Connection::Cluster(client.get_async_connection().await?),
            })
        };
        match &self.runtime {
            Some(runtime) => runtime.spawn(connecting).await.unwrap_or_else(|_| Err(timed_out())),
            None => connecting.await,
        }
    }
}

/// Tells connections apart, so that a late failure of an old one does not close its successor.
static NUMBERS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

fn timed_out() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}

/// Whether another connection may do better: this one is lost, or leads to a server that is no primary any more.
fn is_broken(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_connection_dropped()
        || error.is_unrecoverable_error()
        || matches!(
            error.kind(),
            ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown | ServerErrorKind::BusyLoading)
        )
}

/// Texts of Redis name keys, and keys hold tokens: what is told is the kind alone.
fn failed(error: RedisError) -> StoreError {
    let unavailable = |what: &str| StoreError::Unavailable(format!("the secondary storage {what}"));
    match error.kind() {
        ErrorKind::AuthenticationFailed => unavailable(REFUSED),
        ErrorKind::Server(ServerErrorKind::NoPerm) => unavailable("does not allow its user a command that is needed"),
        ErrorKind::Server(ServerErrorKind::ResponseError) | ErrorKind::Server(ServerErrorKind::CrossSlot) => {
            match error.code() {
                Some("NOAUTH" | "WRONGPASS") => unavailable(REFUSED),
                Some("OOM") => unavailable("has no memory left"),
                Some("MISCONF") => unavailable("cannot save and refuses changes"),
                code => StoreError::internal(&format!("a command to the secondary storage: {}", code.unwrap_or("ERR"))),
            }
        }
        _ if error.is_timeout() => unavailable("does not answer in time"),
        _ if error.is_connection_refusal() => unavailable("refuses connections"),
        _ if error.is_io_error() || error.is_connection_dropped() => unavailable("cannot be reached"),
        _ => match error.code() {
            Some("NOAUTH" | "WRONGPASS") => unavailable(REFUSED),
            Some(code) => unavailable(&format!("refuses a command: {code}")),
            None => unavailable("cannot be used"),
        },
    }
}
