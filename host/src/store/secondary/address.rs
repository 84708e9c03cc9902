//! What a URL of a secondary storage says: one server, sentinels that know it, or a cluster.

use std::path::PathBuf;

use redis::cluster::ClusterClientBuilder;
use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, TlsCertificates, TlsMode};

use super::link::Server;
use crate::store::error::StoreError;
use crate::store::secondary::SecondaryOptions;

/// The parts of a URL.
struct Address {
    kind: Kind,
    is_tls: bool,
    user: Option<String>,
    password: Option<String>,
    hosts: Vec<String>,
    path: String,
    roots: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Single,
    Sentinel,
    Cluster,
}

const SCHEMES: [(&str, Kind, bool); 8] = [
    ("redis", Kind::Single, false),
    ("rediss", Kind::Single, true),
    ("valkey", Kind::Single, false),
    ("valkeys", Kind::Single, true),
    ("redis-sentinel", Kind::Sentinel, false),
    ("rediss-sentinel", Kind::Sentinel, true),
    ("redis-cluster", Kind::Cluster, false),
    ("rediss-cluster", Kind::Cluster, true),
];

/// The server behind a URL. Nothing is connected yet.
///
/// # Errors
/// `InvalidInput`, without any part of the URL, because it may hold a password; `Unavailable` when a file of roots cannot be
/// read.
pub(super) fn server(options: &SecondaryOptions) -> Result<Server, StoreError> {
    let address = parse(&options.url)?;
    let certificates = address.roots.as_ref().map(read).transpose()?;
    let unusable = |_| invalid("is none that Redis has: check the port and the number of the database");
    match address.kind {
        Kind::Single => {
            let url = address.single()?;
            let client = match certificates {
                Some(root) => Client::build_with_tls(url, TlsCertificates { client_tls: None, root_cert: Some(root) }),
                None => Client::open(url),
            };
            Ok(Server::Single(Box::new(client.map_err(unusable)?)))
        }
        Kind::Cluster => {
            if !matches!(address.path.as_str(), "" | "0") {
                return Err(invalid("has a number of a database, and a cluster has one database"));
            }
            let mut builder = ClusterClientBuilder::new(address.infos()?)
                .connection_timeout(options.connect_timeout)
                .response_timeout(options.command_timeout)
                .overall_response_timeout(Some(options.command_timeout));
            if let Some(root) = certificates {
                builder = builder.certs(TlsCertificates { client_tls: None, root_cert: Some(root) });
            }
            Ok(Server::Cluster(Box::new(builder.build().map_err(unusable)?)))
        }
        Kind::Sentinel => {
            let (name, number) = address.path.split_once('/').unwrap_or((&address.path, "0"));
            if name.is_empty() {
                return Err(invalid("lacks the name that its sentinels know: redis-sentinel://host:26379/name"));
            }
            let number = number.parse().map_err(|_| invalid("has a database that is no number"))?;
            let sentinels: Vec<ConnectionAddr> = address.infos()?.into_iter().map(|info| info.addr().clone()).collect();
            let builder = SentinelClientBuilder::new(sentinels, name, SentinelServerType::Master);
            let mut builder = builder.map_err(unusable)?.set_client_to_redis_db(number);
            if address.is_tls {
                builder = builder.set_client_to_redis_tls_mode(TlsMode::Secure);
            }
            if let Some(user) = &address.user {
                builder = builder.set_client_to_redis_username(user).set_client_to_sentinel_username(user);
            }
            if let Some(password) = &address.password {
                builder = builder.set_client_to_redis_password(password).set_client_to_sentinel_password(password);
            }
            if let Some(root) = certificates {
                let of = |root: &Vec<u8>| TlsCertificates { client_tls: None, root_cert: Some(root.clone()) };
                builder = builder.set_client_to_redis_certificates(of(&root));
                builder = builder.set_client_to_sentinel_certificates(of(&root));
            }
            Ok(Server::Sentinel(Box::new(tokio::sync::Mutex::new(builder.build().map_err(unusable)?))))
        }
    }
}

fn parse(url: &str) -> Result<Address, StoreError> {
    let (scheme, rest) = url.split_once("://").ok_or_else(|| invalid("is no URL: write redis://host:6379"))?;
    let known = SCHEMES.iter().find(|(name, ..)| *name == scheme);
    let Some((_, kind, is_tls)) = known else {
        return Err(invalid("starts with none of redis://, rediss://, valkey://, redis-sentinel://, redis-cluster://"));
    };
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (credentials, hosts) = authority.rsplit_once('@').map_or(("", authority), |(left, right)| (left, right));
    let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
    let hosts: Vec<String> = hosts.split(',').filter(|host| !host.is_empty()).map(str::to_owned).collect();
    if hosts.is_empty() {
        return Err(invalid("names no host"));
    }
    if *kind == Kind::Single && hosts.len() > 1 {
        return Err(invalid("names several hosts: write redis-sentinel:// or redis-cluster://"));
    }
    let mut roots = None;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslrootcert", file)) if *is_tls => roots = Some(PathBuf::from(decode(file)?)),
            Some(("sslrootcert", _)) => return Err(invalid("has a `sslrootcert` and no TLS: write rediss://")),
            _ => return Err(invalid("has an option that is not known; there is `sslrootcert`")),
        }
    }
    let given = |text: &str| (!text.is_empty()).then(|| decode(text)).transpose();
    Ok(Address {
        kind: *kind,
        is_tls: *is_tls,
        user: given(user)?,
        password: given(password)?,
        hosts,
        path: path.trim_end_matches('/').to_owned(),
        roots,
    })
}

impl Address {
    fn single(&self) -> Result<ConnectionInfo, StoreError> {
        self.infos()?.pop().ok_or_else(|| invalid("names no host"))
    }

    /// How each host is reached.
    fn infos(&self) -> Result<Vec<ConnectionInfo>, StoreError> {
        let encoded =
            |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let scheme = if self.is_tls { "rediss" } else { "redis" };
        let credentials = match (&self.user, &self.password) {
            (None, None) => String::new(),
            (user, password) => {
                let part = |part: &Option<String>| part.as_deref().map(encoded).unwrap_or_default();
                format!("{}:{}@", part(user), part(password))
            }
        };
        let default_port = if self.kind == Kind::Sentinel { ":26379" } else { ":6379" };
        let path = if self.kind == Kind::Single { self.path.as_str() } else { "" };
        let info = |host: &String| {
            let has_port = host.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'));
            let port = if has_port { "" } else { default_port };
            let url = format!("{scheme}://{credentials}{host}{port}/{path}");
            url.into_connection_info().map_err(|_| invalid("is none that Redis has: check host, port and database"))
        };
        self.hosts.iter().map(info).collect()
    }
}

fn decode(text: &str) -> Result<String, StoreError> {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
    decoded.map(std::borrow::Cow::into_owned).map_err(|_| invalid("has an escape that is no text"))
}

fn read(path: &PathBuf) -> Result<Vec<u8>, StoreError> {
    let failed =
        |why: String| StoreError::Unavailable(format!("its certificate cannot be checked: {}: {why}", path.display()));
    let text = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    if !text.windows(5).any(|part| part == b"BEGIN") {
        return Err(failed("holds no certificate".to_owned()));
    }
    Ok(text)
}

fn invalid(problem: &'static str) -> StoreError {
    StoreError::invalid("the secondary storage's URL", problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str) -> Option<String> {
        let options = SecondaryOptions { url: url.to_owned(), ..SecondaryOptions::default() };
        server(&options).err().map(|error| error.to_string())
    }

    #[test]
    fn urls_are_read() {
        for url in [
            "redis://localhost",
            "redis://:p%40ss@127.0.0.1:6380/3",
            "valkey://user:secret@[::1]:6379",
            "redis-sentinel://a:26379,b,c:1/mymaster/2",
            "redis-cluster://user:secret@a:7000,b:7001",
        ] {
            assert_eq!(refusal(url), None, "{url}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_without_the_password() {
        for (url, part) in [
            ("localhost:6379", "is no URL"),
            ("http://u:hush@h", "starts with none of"),
            ("redis://", "names no host"),
            ("redis://u:hush@h:99999", "check host, port"),
            ("redis://u:hush@a,b", "several hosts"),
            ("redis://u:hush@h/nine", "check host, port"),
            ("redis-sentinel://u:hush@h", "lacks the name"),
            ("redis-sentinel://u:hush@h/name/x", "no number"),
            ("redis-cluster://u:hush@h/3", "a cluster has one database"),
            ("redis://u:hush@h?tls=1", "not known"),
            ("redis://u:hush@h?sslrootcert=/x", "no TLS"),
            ("rediss://u:hush@h?sslrootcert=/no/such/file", "/no/such/file"),
        ] {
            let text = refusal(url).unwrap_or_default();
            assert!(text.contains(part) && !text.contains("hush"), "{url}: {text}");
        }
    }
}
