//! Lines of syslog, and the ways to a server of it.
//!
//! Source: RFC 5424 (the line), RFC 5426 (UDP), RFC 6587 §3.4.1 (TCP, with the length first), RFC 5425 (TLS).

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use crate::crypto::tls;
use crate::store::Record;

/// Longest time of one batch.
const LONGEST: Duration = Duration::from_secs(10);
/// authpriv.
const FACILITY: u8 = 10;
const NOTICE: u8 = 5;
const WARNING: u8 = 4;
/// Letters of a message's name.
const LONGEST_NAME: usize = 32;
const LONGEST_HOST: usize = 255;

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `udp://host:port`
    Udp(String),
    /// `tcp://host:port`
    Tcp(String),
    /// `tls://host:port`: the name, and where it is.
    Tls(String, String),
    /// `unix:///path`
    Unix(String),
}

impl Target {
    /// Reads the option.
    ///
    /// # Errors
    /// Says what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "audit.syslog = \"{text}\" is no syslog server. Write \"udp://host:514\", \"tcp://host:601\", \
                 \"tls://host:6514\" or \"unix:///dev/log\""
            )
        };
        let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
        if scheme == "unix" {
            return rest.starts_with('/').then(|| Self::Unix(rest.to_owned())).ok_or_else(wrong);
        }
        let usual = match scheme {
            "udp" => 514,
            "tcp" => 601,
            "tls" => 6514,
            _ => return Err(wrong()),
        };
        let url = url::Url::parse(&format!("https://{rest}")).map_err(|_| wrong())?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
        if url.path() != "/" || url.query().is_some() || !url.username().is_empty() {
            return Err(wrong());
        }
        let port = if rest.ends_with(":443") { 443 } else { url.port().unwrap_or(usual) };
        let address = format!("{host}:{port}");
        Ok(match scheme {
            "udp" => Self::Udp(address),
            "tcp" => Self::Tcp(address),
            _ => Self::Tls(host.trim_matches(['[', ']']).to_owned(), address),
        })
    }

    /// Sends lines.
    ///
    /// # Errors
    /// Why they did not leave, all or some.
    pub async fn send(&self, lines: &[String]) -> Result<(), String> {
        match tokio::time::timeout(LONGEST, self.try_send(lines)).await {
            Ok(sent) => sent.map_err(|error| error.to_string()),
            Err(_) => Err("it took too long".to_owned()),
        }
    }

    async fn try_send(&self, lines: &[String]) -> std::io::Result<()> {
        match self {
            Self::Udp(address) => {
                let mut found = tokio::net::lookup_host(address).await?;
                let peer = found.next().ok_or_else(|| std::io::Error::other("its name leads nowhere"))?;
                let any = if peer.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
                let socket = UdpSocket::bind(any).await?;
                socket.connect(peer).await?;
                for line in lines {
                    socket.send(line.as_bytes()).await?;
                }
                Ok(())
            }
            Self::Tcp(address) => stream(TcpStream::connect(address).await?, lines).await,
            Self::Tls(name, address) => {
                let config = tls::client().map_err(std::io::Error::other)?;
                let name = ServerName::try_from(name.clone()).map_err(std::io::Error::other)?;
                let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
                stream(connector.connect(name, TcpStream::connect(address).await?).await?, lines).await
            }
            Self::Unix(path) => unix(path, lines).await,
        }
    }
}

/// Each line with its length before it.
async fn stream(mut stream: impl AsyncWrite + Unpin, lines: &[String]) -> std::io::Result<()> {
    for line in lines {
        stream.write_all(format!("{} {line}", line.len()).as_bytes()).await?;
    }
    stream.flush().await?;
    stream.shutdown().await
}

#[cfg(unix)]
async fn unix(path: &str, lines: &[String]) -> std::io::Result<()> {
    let socket = tokio::net::UnixDatagram::unbound()?;
    if socket.connect(path).is_ok() {
        for line in lines {
            socket.send(line.as_bytes()).await?;
        }
        return Ok(());
    }
    stream(tokio::net::UnixStream::connect(path).await?, lines).await
}

#[cfg(not(unix))]
async fn unix(_: &str, _: &[String]) -> std::io::Result<()> {
    Err(std::io::Error::other("this system has no such sockets"))
}

/// The name of this machine, which tells nodes apart; empty where the system has none.
pub fn own_host() -> String {
    hostname::get().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The line of an event.
pub fn line(row: &Record, host: &str, text: &str) -> String {
    let severity = if row.text("outcome") == "done" { NOTICE } else { WARNING };
    let plain = |text: &str, most: usize| {
        let kept: String = text.chars().filter(char::is_ascii_graphic).take(most).collect();
        if kept.is_empty() { "-".to_owned() } else { kept }
    };
    let at = row.timestamp("createdAt").map_or_else(|| "-".to_owned(), |at| at.to_iso());
    format!(
        "<{}>1 {at} {} doorward {} {} - {text}",
        FACILITY * 8 + severity,
        plain(host, LONGEST_HOST),
        std::process::id(),
        plain(row.text("event"), LONGEST_NAME),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_named_by_url() {
        let parse = |text: &str| Target::parse(text).ok();
        assert_eq!(parse("udp://log.example"), Some(Target::Udp("log.example:514".to_owned())));
        assert_eq!(parse("tcp://127.0.0.1:1601"), Some(Target::Tcp("127.0.0.1:1601".to_owned())));
        assert_eq!(parse("tls://[::1]"), Some(Target::Tls("::1".to_owned(), "[::1]:6514".to_owned())));
        assert_eq!(parse("unix:///dev/log"), Some(Target::Unix("/dev/log".to_owned())));
        for wrong in ["", "log.example:514", "http://a", "unix://dev/log", "udp://", "udp://a/b", "udp://a:b"] {
            assert!(Target::parse(wrong).unwrap_err().contains("Write \"udp://host:514\""), "{wrong}");
        }
    }
}
