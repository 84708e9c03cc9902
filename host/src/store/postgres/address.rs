//! What a URL of PostgreSQL says: where the server is, and the options that the driver does not know.

use std::path::PathBuf;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::TargetSessionAttrs;

use crate::store::error::StoreError;

/// What was read from a URL.
pub(super) struct Address {
    /// What the driver knows.
    pub config: Config,
    /// How the server's certificate is checked, where TLS is used.
    pub check: CertificateCheck,
    /// `sslrootcert`: who may have signed it.
    pub roots: Option<Roots>,
    /// `pgbouncer`: whether a pooler may give each transaction another connection. `None` means to find out.
    pub is_pooled: Option<bool>,
}

/// How the server's certificate is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CertificateCheck {
    /// Not at all: against listeners, not against those who stand between.
    Nothing,
    /// Somebody trusted signed it.
    Signer,
    /// And it is for this host.
    SignerAndName,
}

/// Who may have signed the server's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Roots {
    /// Those that the system trusts.
    System,
    /// Those in this file, in PEM.
    File(PathBuf),
}

impl Address {
    /// Reads a URL. It may name several servers; then the one that takes writes is meant, unless `target_session_attrs` says
    /// otherwise.
    ///
    /// # Errors
    /// `InvalidInput`, without any part of the URL, because it may hold a password.
    pub(super) fn parse(url: &str) -> Result<Self, StoreError> {
        let (place, query) = split(url);
        let says_target = query.split('&').any(|pair| pair.starts_with("target_session_attrs="));
        let mut address =
            Self { config: Config::new(), check: CertificateCheck::Nothing, roots: None, is_pooled: None };
        let mut known = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if let Some(other) = address.take(name, value, pair)? {
                known.push(other);
            }
        }
        if address.roots.is_some() && address.check == CertificateCheck::Nothing {
            // As the reference's driver and libpq do: who names a root wants it checked.
            address.check = CertificateCheck::Signer;
        }
        let url = if known.is_empty() { place.to_owned() } else { format!("{place}?{}", known.join("&")) };
        address.config =
            Config::from_str(&url).map_err(|_| unusable("is no URL of PostgreSQL, or has an unknown option"))?;
        if address.config.get_hosts().len() > 1 && !says_target {
            address.config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        Ok(address)
    }

    /// Takes an option that the driver does not know, or says what the driver is told in its place.
    fn take(&mut self, name: &str, value: &str, pair: &str) -> Result<Option<String>, StoreError> {
        match (name, value) {
            ("pgbouncer", "true" | "1") => self.is_pooled = Some(true),
            ("pgbouncer", "false" | "0") => self.is_pooled = Some(false),
            ("pgbouncer", _) => return Err(unusable("has a `pgbouncer` that is neither true nor false")),
            ("sslrootcert", "system") => self.roots = Some(Roots::System),
            ("sslrootcert", file) => {
                let file = percent_decode_str(file)
                    .decode_utf8()
                    .map_err(|_| unusable("has a `sslrootcert` that is no path"))?;
                self.roots = Some(Roots::File(PathBuf::from(&*file)));
            }
            ("sslmode", "verify-ca" | "verify-full") => {
                let is_full = value == "verify-full";
                self.check = if is_full { CertificateCheck::SignerAndName } else { CertificateCheck::Signer };
                return Ok(Some("sslmode=require".to_owned()));
            }
            ("sslmode", "disable" | "prefer" | "require") => return Ok(Some(pair.to_owned())),
            ("sslmode", _) => {
                return Err(unusable(
                    "has a `sslmode` that is none of disable, prefer, require, verify-ca, verify-full",
                ));
            }
            _ => return Ok(Some(pair.to_owned())),
        }
        Ok(None)
    }
}

/// The part before the options, and the options. A password may hold a question mark.
fn split(url: &str) -> (&str, &str) {
    let after_password = url.find('@').unwrap_or(0);
    match url.get(after_password..).and_then(|rest| rest.find('?')) {
        Some(mark) => {
            let (place, query) = url.split_at(after_password + mark);
            (place, query.get(1..).unwrap_or_default())
        }
        None => (url, ""),
    }
}

fn unusable(problem: &'static str) -> StoreError {
    StoreError::invalid("the database URL", problem)
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::SslMode;

    use super::*;

    #[test]
    fn own_options_are_taken_and_the_others_passed_on() {
        let address = Address::parse(
            "postgres://u:p?w@h:1/d?sslmode=verify-full&application_name=x&sslrootcert=/a%20b.pem&pgbouncer=true",
        )
        .unwrap();
        assert_eq!(address.config.get_password(), Some(&b"p?w"[..]));
        assert_eq!(
            (address.config.get_ssl_mode(), address.config.get_application_name()),
            (SslMode::Require, Some("x"))
        );
        assert_eq!((address.check, address.is_pooled), (CertificateCheck::SignerAndName, Some(true)));
        assert_eq!(address.roots, Some(Roots::File("/a b.pem".into())));
        let plain = Address::parse("postgresql://h/d").unwrap();
        assert_eq!((plain.check, plain.is_pooled, plain.roots), (CertificateCheck::Nothing, None, None));
        assert_eq!(plain.config.get_ssl_mode(), SslMode::Prefer);
        let rooted = Address::parse("postgres://h/d?sslmode=require&sslrootcert=system").unwrap();
        assert_eq!((rooted.check, rooted.roots), (CertificateCheck::Signer, Some(Roots::System)));
    }

    #[test]
    fn of_several_servers_the_one_that_takes_writes_is_meant() {
        let target = |url: &str| {
            let config = Address::parse(url).unwrap().config;
            (config.get_hosts().len(), config.get_target_session_attrs())
        };
        for (url, expected) in [
            ("postgres://u@a,b:6432/d", (2, TargetSessionAttrs::ReadWrite)),
            ("postgres://u@a,b/d?target_session_attrs=any", (2, TargetSessionAttrs::Any)),
            ("postgres://u@a/d?target_session_attrs=read-write", (1, TargetSessionAttrs::ReadWrite)),
            ("postgres://u@a/d", (1, TargetSessionAttrs::Any)),
        ] {
            assert_eq!(target(url), expected, "{url}");
        }
    }

    #[test]
    fn what_is_no_url_is_refused_without_its_text() {
        for url in
            ["postgres://u:hunter22@h/d?sslmode=maybe", "postgres://u:hunter22@h:x/d", "postgres://hunter22@h/d?a=b"]
        {
            let error = Address::parse(url).err().unwrap();
            assert!(!format!("{error:?}").contains("hunter22"), "{error:?}");
        }
    }
}
