//! What a URL of MySQL or MariaDB says: where the server is, and how its certificate is checked.

use std::path::PathBuf;

use mysql_async::{OptsBuilder, SslOpts};
use percent_encoding::percent_decode_str;
use url::Url;

use crate::http::urls_of_servers;
use crate::store::error::StoreError;

/// What was read from a URL.
pub(super) struct Address {
    /// Where the server is.
    pub options: OptsBuilder,
    /// How to encrypt; `None` means not to.
    pub tls: Option<SslOpts>,
    /// May the connection be plain when the server has no TLS?
    pub may_be_plain: bool,
}

/// `ssl-mode`, as the database's own clients know it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Disabled,
    Preferred,
    Required,
    VerifyCa,
    VerifyIdentity,
}

impl Address {
    /// Reads a URL.
    ///
    /// # Errors
    /// `InvalidInput`, without any part of the URL, because it may hold a password.
    pub(super) fn parse(url: &str) -> Result<Self, StoreError> {
        if urls_of_servers(url).len() > 1 {
            return Err(unusable("names several servers: name one, or a proxy that stands before them"));
        }
        let url = Url::parse(url).map_err(|_| unusable("is no URL"))?;
        let (mut mode, mut roots) = (Mode::Preferred, None);
        for (name, value) in url.query_pairs() {
            match &*name {
                "ssl-mode" | "sslmode" => mode = Mode::parse(&value)?,
                "ssl-ca" => roots = Some(PathBuf::from(&*value)),
                _ => return Err(unusable("has an unknown option: it takes ssl-mode and ssl-ca")),
            }
        }
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let name = decoded(url.path().trim_start_matches('/'));
        if name.is_empty() {
            return Err(unusable("names no database"));
        }
        let options = OptsBuilder::default()
            .ip_or_hostname(url.host_str().unwrap_or("localhost").trim_matches(['[', ']']))
            .tcp_port(url.port().unwrap_or(3306))
            .user(Some(decoded(url.username())).filter(|user| !user.is_empty()))
            .pass(url.password().map(decoded))
            .db_name(Some(name));
        Ok(Self { options, tls: mode.tls(roots), may_be_plain: mode == Mode::Preferred })
    }
}

impl Mode {
    fn parse(text: &str) -> Result<Self, StoreError> {
        Ok(match text.to_ascii_uppercase().replace('-', "_").as_str() {
            "DISABLED" | "DISABLE" => Self::Disabled,
            "PREFERRED" | "PREFER" => Self::Preferred,
            "REQUIRED" | "REQUIRE" => Self::Required,
            "VERIFY_CA" => Self::VerifyCa,
            "VERIFY_IDENTITY" | "VERIFY_FULL" => Self::VerifyIdentity,
            _ => {
                let problem =
                    "has a `ssl-mode` that is none of disabled, preferred, required, verify_ca, verify_identity";
                return Err(unusable(problem));
            }
        })
    }

    fn tls(self, roots: Option<PathBuf>) -> Option<SslOpts> {
        // Who names a root wants it checked.
        let checks_signer = matches!(self, Self::VerifyCa | Self::VerifyIdentity) || roots.is_some();
        let tls = SslOpts::default()
            .with_danger_accept_invalid_certs(!checks_signer)
            .with_danger_skip_domain_validation(self != Self::VerifyIdentity)
            .with_disable_built_in_roots(roots.is_some())
            .with_root_certs(roots.into_iter().map(Into::into).collect());
        (self != Self::Disabled).then_some(tls)
    }
}

fn unusable(problem: &'static str) -> StoreError {
    StoreError::invalid("the database URL", problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_told_apart() {
        let parse = |query: &str| Address::parse(&format!("mysql://u:p%40w@h/d{query}")).unwrap();
        let plain = mysql_async::Opts::from(parse("").options);
        assert_eq!((plain.pass(), plain.db_name(), plain.tcp_port()), (Some("p@w"), Some("d"), 3306));
        assert!(parse("").may_be_plain && parse("?ssl-mode=disabled").tls.is_none());
        let required = parse("?ssl-mode=REQUIRED");
        assert!(!required.may_be_plain && required.tls.unwrap().accept_invalid_certs());
        let full = parse("?ssl-mode=verify_identity").tls.unwrap();
        assert!(!full.accept_invalid_certs() && !full.skip_domain_validation() && !full.disable_built_in_roots());
        let signer = parse("?ssl-mode=required&ssl-ca=/a.pem").tls.unwrap();
        assert!(!signer.accept_invalid_certs() && signer.skip_domain_validation() && signer.disable_built_in_roots());
    }

    #[test]
    fn what_is_no_url_is_refused_without_its_text() {
        for url in [
            "mysql://u:hunter22@h",
            "mysql://u:hunter22@h/d?a=b",
            "mysql://u:hunter22@h,i/d",
            "mysql://u:hunter22@h/d?ssl-mode=maybe",
        ] {
            let error = Address::parse(url).err().unwrap();
            assert!(!format!("{error:?}").contains("hunter22"), "{error:?}");
        }
    }
}
