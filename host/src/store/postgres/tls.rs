//! TLS to a database: which certificate of the server is good enough.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::address::{CertificateCheck, Roots};
use crate::store::error::StoreError;

/// What a client needs for this check.
///
/// # Errors
/// `Unavailable` when the file of roots cannot be read or holds none.
pub(super) fn client(check: CertificateCheck, roots: Option<&Roots>) -> Result<ClientConfig, StoreError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let trusted = match check {
        CertificateCheck::Nothing => None,
        CertificateCheck::Signer | CertificateCheck::SignerAndName => {
            let built =
                WebPkiServerVerifier::builder_with_provider(Arc::new(read(roots)?), Arc::clone(&provider)).build();
            Some(built.map_err(|error| unusable(&error.to_string()))?)
        }
    };
    let verifier =
        Verifier { trusted, needs_name: check == CertificateCheck::SignerAndName, provider: Arc::clone(&provider) };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error.to_string()))?;
    Ok(config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}

fn read(roots: Option<&Roots>) -> Result<RootCertStore, StoreError> {
    let mut store = RootCertStore::empty();
    match roots {
        Some(Roots::File(path)) => {
            let shown = path.display();
            let certificates =
                CertificateDer::pem_file_iter(path).map_err(|error| unusable(&format!("{shown}: {error}")))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| unusable(&format!("{shown}: {error}")))?;
                store.add(certificate).map_err(|error| unusable(&format!("{shown}: {error}")))?;
            }
            if store.is_empty() {
                return Err(unusable(&format!("{shown} holds no certificate")));
            }
        }
        None | Some(Roots::System) => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if store.is_empty() {
                return Err(unusable("the system trusts nobody: name a file with `sslrootcert`"));
            }
        }
    }
    Ok(store)
}

fn unusable(why: &str) -> StoreError {
    StoreError::Unavailable(format!("its certificate cannot be checked: {why}"))
}

/// Checks as far as `sslmode` asks.
#[derive(Debug)]
struct Verifier {
    /// `None` when any certificate will do.
    trusted: Option<Arc<WebPkiServerVerifier>>,
    needs_name: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(trusted) = &self.trusted else { return Ok(ServerCertVerified::assertion()) };
        match trusted.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The name is looked at last, so the signer is one that is trusted.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.needs_name => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
