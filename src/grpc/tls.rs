//! TLS: whom we trust, who we are, and the handshake.

use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::{self, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::connect_error::ConnectError;
use super::first_bytes::Io;
use super::target::Target;

/// What a case file says of TLS; files are read already.
#[derive(Clone, Debug, Default)]
pub(crate) struct TlsOptions {
    /// The authorities to trust, instead of those of the system.
    pub(crate) ca: Option<Pem>,
    /// The certificate and the key to show to a server that asks.
    pub(crate) identity: Option<(Pem, Pem)>,
    /// The name the server's certificate must have, if it is not the host of the address.
    pub(crate) server_name: Option<String>,
    /// Trusts any certificate.
    pub(crate) skip_verify: bool,
}

/// A PEM file, and what to call it in errors.
#[derive(Clone)]
pub(crate) struct Pem {
    pub(crate) path: String,
    pub(crate) bytes: Vec<u8>,
}

/// TLS made ready: certificates parsed, once for all connections.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    config: Arc<ClientConfig>,
    server_name: Option<ServerName<'static>>,
}

/// Why TLS cannot be set up. A lower-case fragment, and the way out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{headline}")]
pub(crate) struct TlsError {
    pub(crate) headline: String,
    pub(crate) help: Option<&'static str>,
}

const ALPN_HTTP2: &[u8] = b"h2";

impl Tls {
    /// Parses certificates and keys; reads those of the system if no other is to be trusted.
    ///
    /// # Errors
    /// A file without a certificate or key that can be parsed, a key that is not the certificate's, no root
    /// certificates on this system, a server name that is none.
    pub(crate) fn new(options: &TlsOptions) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| plain(error.to_string()))?;
        let builder = if options.skip_verify {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(TrustAnyone(provider)))
        } else {
            builder.with_root_certificates(roots(options.ca.as_ref())?)
        };
        let mut config = match &options.identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = certificates(certificate)?;
                let parsed = PrivateKeyDer::from_pem_slice(&key.bytes)
                    .map_err(|error| plain(format!("`{}` holds no private key: {error}", key.path)))?;
                builder.with_client_auth_cert(chain, parsed).map_err(|error| {
                    plain(format!("`{}` and `{}` do not go together: {error}", certificate.path, key.path))
                })?
            }
        };
        config.alpn_protocols = vec![ALPN_HTTP2.to_vec()];
        let server_name = match &options.server_name {
            None => None,
            Some(name) => Some(parse_name(name)?),
        };
        Ok(Self { config: Arc::new(config), server_name })
    }

    /// Shakes hands over a transport that stands. The warning says that the server did not agree on HTTP/2.
    pub(super) async fn connect<T: Io>(
        &self,
        target: &Target,
        host: &str,
        io: T,
    ) -> Result<(TlsStream<T>, Option<String>), ConnectError> {
        let name = match &self.server_name {
            Some(name) => name.clone(),
            None => parse_name(host).map_err(|error| ConnectError::tls_setup(target, &error))?,
        };
        let stream = TlsConnector::from(Arc::clone(&self.config))
            .connect(name, io)
            .await
            .map_err(|error| ConnectError::tls(target, &error))?;
        let agreed = stream.get_ref().1.alpn_protocol() == Some(ALPN_HTTP2);
        let warning = "the server did not agree on HTTP/2 (ALPN `h2`); other gRPC clients may refuse it";
        Ok((stream, (!agreed).then(|| warning.to_owned())))
    }
}

impl std::fmt::Debug for Pem {
    /// Without the bytes, which may be a key.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Pem").field(&self.path).finish()
    }
}

fn roots(ca: Option<&Pem>) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    if let Some(ca) = ca {
        for certificate in certificates(ca)? {
            store
                .add(certificate)
                .map_err(|error| plain(format!("a certificate in `{}` cannot be trusted: {error}", ca.path)))?;
        }
    } else {
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if store.is_empty() {
            return Err(TlsError {
                headline: "this system has no root certificates".to_owned(),
                help: Some("install them, or name those to trust: `tls: { ca: ca.pem }`"),
            });
        }
    }
    Ok(store)
}

fn certificates(pem: &Pem) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem.bytes).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(TlsError {
            headline: format!("`{}` holds no certificate", pem.path),
            help: Some("a PEM file has lines `-----BEGIN CERTIFICATE-----`"),
        }),
        Err(error) => Err(plain(format!("`{}` is not a PEM file: {error}", pem.path))),
    }
}

fn parse_name(name: &str) -> Result<ServerName<'static>, TlsError> {
    ServerName::try_from(name.to_owned()).map_err(|_| plain(format!("`{name}` cannot be a server's name")))
}

fn plain(headline: String) -> TlsError {
    TlsError { headline, help: None }
}

/// For `skip_verify`: any certificate will do, as long as the server has its key.
#[derive(Debug)]
struct TrustAnyone(Arc<CryptoProvider>);

impl ServerCertVerifier for TrustAnyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
