//! Refuses values that no part could use or that would do nothing; each error names the right one.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::pages::is_path;
use super::{Config, ConfigError};
use crate::http::address::is_loopback;
use crate::http::{origin, shown_url, urls_of_servers};

impl Config {
    /// Checks what needs no other part of the server.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        self.check_base()?;
        self.check_addresses()?;
        self.check_origins()?;
        self.check_database()?;
        self.check_replicas()?;
        self.check_secondary()?;
        self.check_stateless()?;
        self.telemetry.check()?;
        self.check_webhooks()?;
        self.check_plugins()?;
        self.check_passwords()?;
        if self.advanced.database.default_find_many_limit == 0 {
            return invalid("advanced.database.default_find_many_limit must be at least 1".to_owned());
        }
        self.check_secrets()
    }

    /// Checks what depends on how the server is started: `doorward dev` brings a mailbox.
    ///
    /// # Errors
    /// The option that needs mail, when none is sent.
    pub fn check_mail(&self) -> Result<(), ConfigError> {
        let email = &self.email_and_password;
        let needs = [
            (email.enabled && email.require_email_verification, "email_and_password.require_email_verification"),
            (self.email_verification.send_on_sign_up == Some(true), "email_verification.send_on_sign_up"),
            (self.email_verification.send_on_sign_in, "email_verification.send_on_sign_in"),
            (
                self.user.delete_user.send_delete_account_verification,
                "user.delete_user.send_delete_account_verification",
            ),
            (self.user.change_email.send_change_email_confirmation, "user.change_email.send_change_email_confirmation"),
        ];
        match needs.iter().find(|(is_asked, _)| *is_asked && self.mail.is_none()) {
            Some((_, option)) => invalid(format!("{option} needs a [mail] section, and nobody gets mail without one")),
            None => Ok(()),
        }
    }

    /// What serves, and should be looked at, a line each.
    pub fn doubts(&self) -> Vec<String> {
        let is_open = self.base_url.strip_prefix("http://").is_some_and(|authority| !is_loopback(authority));
        let open = || {
            format!(
                "base_url = \"{}\" is http and not this machine: cookies are not Secure. Write https://…",
                shown_url(&self.base_url)
            )
        };
        is_open.then(open).into_iter().collect()
    }

    fn check_base(&self) -> Result<(), ConfigError> {
        let shown = shown_url(&self.base_url);
        let url = url::Url::parse(&self.base_url);
        let url = url.or_else(|error| {
            invalid(format!("base_url \"{shown}\" is not a URL ({error}). Write one like https://auth.example.com"))
        })?;
        if self.server.tls.is_some() && url.scheme() == "http" {
            return invalid(format!("base_url \"{shown}\" must begin with https://, because server.tls is set"));
        }
        if !matches!(url.scheme(), "http" | "https") {
            return invalid(format!("base_url \"{shown}\" must be http or https. Write \"https://\" before the host"));
        }
        let origin = url.origin().ascii_serialization();
        if !url.username().is_empty() || url.password().is_some() {
            return invalid(format!("base_url must not have a user or a password. Write base_url = \"{origin}\""));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return invalid(format!("base_url must end after the port. Write base_url = \"{origin}\""));
        }
        let path = url.path().trim_end_matches('/');
        if !path.is_empty() {
            return invalid(format!(
                "base_url \"{shown}\" has a path. Write base_url = \"{origin}\" and base_path = \"{path}\""
            ));
        }
        if !self.base_path.starts_with('/') || self.base_path.ends_with('/') {
            return invalid("base_path must start with `/` and must not end with one".to_owned());
        }
        if let Some(path) = self.operator_path.as_deref().filter(|path| !is_path(path)) {
            return invalid(format!("operator_path = \"{path}\" is no path. Write \"/api\""));
        }
        self.pages.problem(&self.base_path).map_or(Ok(()), invalid)
    }

    fn check_passwords(&self) -> Result<(), ConfigError> {
        let email = &self.email_and_password;
        let (shortest, longest) = (email.min_password_length, email.max_password_length);
        match shortest > longest {
            true => invalid(format!(
                "passwords must have at least {shortest} and at most {longest} characters: nobody can choose one. Raise \
                 email_and_password.max_password_length, or lower min_password_length"
            )),
            false => Ok(()),
        }
    }

    /// A plugin has one entry.
    fn check_plugins(&self) -> Result<(), ConfigError> {
        let mut seen = BTreeSet::new();
        match self.plugins.iter().filter(|entry| entry.enabled).find(|entry| !seen.insert(entry.id.as_str())) {
            Some(entry) => {
                invalid(format!("[[plugins]]: `{}` is listed twice. Remove one of the two entries", entry.id))
            }
            None => Ok(()),
        }
    }

    /// Each listener has an address with a port, and no two have one.
    fn check_addresses(&self) -> Result<(), ConfigError> {
        let public = &self.server.address;
        let of_management = self.management.iter().map(|management| ("management.address", &management.address));
        for (option, address) in [("server.address", public)].into_iter().chain(of_management) {
            let port = address.rsplit_once(':').filter(|(host, _)| !host.is_empty());
            if port.is_none_or(|(_, port)| port.parse::<u16>().is_err()) {
                let meant = meant(address);
                return invalid(format!("{option} = \"{address}\" is no address with a port. Write \"{meant}\""));
            }
        }
        match self.management.as_ref().filter(|management| are_one(public, &management.address)) {
            Some(management) => invalid(format!(
                "management.address = \"{}\" and server.address = \"{public}\" are one address. Write another port in one",
                management.address
            )),
            None => Ok(()),
        }
    }

    fn check_origins(&self) -> Result<(), ConfigError> {
        let trusted = self.trusted_origins.iter().map(|pattern| ("trusted_origins", pattern));
        let of_cors = self.cors.origins.iter().flatten().map(|pattern| ("cors.origins", pattern));
        let mut problems = trusted.chain(of_cors).filter_map(|(option, pattern)| {
            origin::problem(pattern).map(|problem| format!("{option}: \"{pattern}\" {problem}"))
        });
        problems.next().map_or(Ok(()), invalid)
    }

    fn check_database(&self) -> Result<(), ConfigError> {
        let database = &self.database;
        let limits = [database.acquire_timeout_ms, database.connect_timeout_ms, database.statement_timeout_ms];
        if limits.contains(&0) {
            return invalid("a time limit of [database] is 0: it must be at least 1 millisecond".to_owned());
        }
        let url = &database.url;
        if !self.has_database() {
            return Ok(());
        }
        if let Some(path) = url.strip_prefix("sqlite://") {
            return match path {
                "" => invalid("database.url names no file. Write \"sqlite://doorward.db\"".to_owned()),
                path if path.starts_with(":memory:") => invalid(
                    "database.url: a database in memory is gone when the command that makes its tables ends. \
                     Write \"sqlite://doorward.db\""
                        .to_owned(),
                ),
                path if path.contains('?') => {
                    let file = path.split('?').next().unwrap_or_default();
                    invalid(format!("database.url: a SQLite URL takes no parameters. Write \"sqlite://{file}\""))
                }
                _ => Ok(()),
            };
        }
        let schemes = ["postgres://", "postgresql://", "mysql://", "mariadb://"];
        let servers = urls_of_servers(url);
        match servers.iter().try_for_each(|url| url::Url::parse(url).map(drop)) {
            _ if !schemes.iter().any(|scheme| url.starts_with(scheme)) => {
                let text = "database.url starts with none of sqlite://, postgres://, mysql://, mariadb://. \
                            Write \"sqlite://doorward.db\", \"postgres://user@host/name\", or \"none\" for a server without rows";
                invalid(text.to_owned())
            }
            Err(error) => invalid(format!(
                "database.url is not a URL: {error}. Escape what is special in a user or password (`@` as %40, `/` as %2F)"
            )),
            Ok(()) => Ok(()),
        }
    }

    fn check_replicas(&self) -> Result<(), ConfigError> {
        let (url, replicas) = (&self.database.url, &self.database.replicas);
        let kind = |url: &str| match url.split_once("://").map(|(scheme, _)| scheme) {
            Some("postgres" | "postgresql") => Some("postgres"),
            Some("mysql" | "mariadb") => Some("mysql"),
            _ => None,
        };
        if self.database.replica_lag_ms == 0 {
            return invalid(
                "database.replica_lag_ms is 0, so that no replica would ever serve: write 10000".to_owned(),
            );
        }
        let Some(own) = kind(url).or_else(|| replicas.is_empty().then_some("")) else {
            let shown = if self.has_database() { "SQLite" } else { "\"none\"" };
            return invalid(format!(
                "database.replicas: {shown} in database.url has no replicas. Remove the line, or name a PostgreSQL or MySQL \
                 database there"
            ));
        };
        match replicas.iter().find(|replica| kind(replica) != Some(own) || !is_url(replica)) {
            Some(replica) => invalid(format!(
                "database.replicas: {} is no URL of the kind of database.url. Write \"{own}://user@host/name\"",
                shown_url(replica)
            )),
            None => Ok(()),
        }
    }
}

/// What an address without a port, or without a host, may have meant.
fn meant(address: &str) -> String {
    match address.trim_matches(':').parse::<u16>() {
        Ok(port) => format!("127.0.0.1:{port}"),
        Err(_) if address.is_empty() || address.contains(':') => "127.0.0.1:3000".to_owned(),
        Err(_) => format!("{address}:3000"),
    }
}

/// Whether who listens on one of these addresses has the other too.
fn are_one(a: &str, b: &str) -> bool {
    match (a.parse::<SocketAddr>(), b.parse::<SocketAddr>()) {
        (Ok(a), Ok(b)) => {
            let has_all =
                |any: SocketAddr, one: SocketAddr| any.ip().is_unspecified() && (any.is_ipv6() || one.is_ipv4());
            a.port() != 0 && a.port() == b.port() && (a.ip() == b.ip() || has_all(a, b) || has_all(b, a))
        }
        _ => a == b,
    }
}

fn is_url(text: &str) -> bool {
    urls_of_servers(text).iter().all(|url| url::Url::parse(url).is_ok())
}

fn invalid<T>(text: String) -> Result<T, ConfigError> {
    Err(ConfigError::Invalid(text))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    fn database(options: &str) -> Result<Config, String> {
        let text = format!("secret = \"0123456789abcdef0123456789abcdef\"\n[database]\n{options}");
        Config::parse(&text, Path::new("."), &BTreeMap::new()).map_err(|error| error.to_string())
    }

    #[test]
    fn two_listeners_have_two_addresses() {
        for (a, b, expected) in [
            ("127.0.0.1:3000", "127.0.0.1:3000", true),
            ("0.0.0.0:3000", "127.0.0.1:3000", true),
            ("127.0.0.1:3000", "[::]:3000", true),
            ("[::1]:3000", "0.0.0.0:3000", false),
            ("localhost:3000", "localhost:3000", true),
            ("127.0.0.1:0", "127.0.0.1:0", false),
            ("127.0.0.1:3000", "127.0.0.2:3000", false),
            ("0.0.0.0:3000", "0.0.0.0:3001", false),
        ] {
            assert_eq!(are_one(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn replicas_are_of_the_databases_kind() {
        let with = |url: &str, replica: &str| database(&format!("url = \"{url}\"\nreplicas = [\"{replica}\"]"));
        for (url, replica) in [
            ("postgres://a@h/x", "postgresql://a@i/x"),
            ("postgres://a@h,i:5433/x", "postgres://a@i:5433/x"),
            ("mysql://a@h/x", "mariadb://a@i/x"),
        ] {
            assert!(with(url, replica).is_ok(), "{url} {replica}");
        }
        for (url, replica, part) in [
            ("sqlite://a.db", "postgres://a@h/x", "SQLite in database.url has no replicas"),
            ("none", "postgres://a@h/x", "\"none\" in database.url has no replicas"),
            ("postgres://a@h/x", "mysql://a:hunter22@h/x", "mysql://a@h/x is no URL of the kind of database.url"),
            ("postgres://a@h/x", "postgres://a:hunter22@h:port/x", "Write \"postgres://user@host/name\""),
            ("postgres://a@h:port,i/x", "postgres://a@h/x", "database.url is not a URL"),
        ] {
            let error = with(url, replica).unwrap_err();
            assert!(error.contains(part) && !error.contains("hunter22"), "{url} {replica}: {error}");
        }
        assert!(database("replica_lag_ms = 0").unwrap_err().contains("database.replica_lag_ms is 0"));
    }
}
