//! TLS of the public address, whose certificate is read again when the configuration is, and of connections to others.

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

use crate::config::Config;

/// The certificate that clients see, and where it is.
#[derive(Debug)]
pub struct Certificate {
    files: [PathBuf; 2],
    current: ArcSwap<CertifiedKey>,
}

impl Certificate {
    /// The one that `[server.tls]` names, if it names one.
    ///
    /// # Errors
    /// Which file cannot be used, and why.
    pub fn of(config: &Config) -> Result<Option<Arc<Self>>, String> {
        let Some(tls) = &config.server.tls else { return Ok(None) };
        let files = [config.resolve(&tls.certificate), config.resolve(&tls.key)];
        let current = ArcSwap::from_pointee(read(&files)?);
        Ok(Some(Arc::new(Self { files, current })))
    }

    /// Reads the files again. Clients see what was there before until [`Certificate::put`].
    ///
    /// # Errors
    /// As [`Certificate::of`].
    pub fn read_again(&self) -> Result<CertifiedKey, String> {
        read(&self.files)
    }

    /// Puts what was read in place.
    pub fn put(&self, renewed: CertifiedKey) {
        self.current.store(Arc::new(renewed));
    }

    /// What makes connections secure with it.
    ///
    /// # Errors
    /// When no version of TLS can be used.
    pub fn acceptor(self: &Arc<Self>) -> Result<TlsAcceptor, String> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| format!("server.tls: {error}"))?.with_no_client_auth();
        let mut config = builder.with_cert_resolver(Arc::<Self>::clone(self));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

/// What makes connections to other servers secure, with the certificates that this machine trusts.
///
/// # Errors
/// When no version of TLS can be used.
pub fn client() -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| format!("TLS: {error}"))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

fn read([certificate, key]: &[PathBuf; 2]) -> Result<CertifiedKey, String> {
    let failed = |option: &str, file: &PathBuf, error: &dyn std::fmt::Display| {
        format!("server.tls.{option}: {}: {error}", file.display())
    };
    let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|error| failed("certificate", certificate, &error))?;
    if chain.is_empty() {
        return Err(failed("certificate", certificate, &"there is no certificate in it"));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| failed("key", key, &error))?;
    CertifiedKey::from_der(chain, secret, &aws_lc_rs::default_provider())
        .map_err(|error| failed("key", key, &format!("it does not go with the certificate: {error}")))
}
